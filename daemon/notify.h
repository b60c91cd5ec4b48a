/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_NOTIFY_H
#define PERFMOND_NOTIFY_H

/*
 * Tells the service manager about a change of state, sd_notify(3): "READY=1", "STOPPING=1". Does
 * nothing where NOTIFY_SOCKET is not set. A message that cannot be sent is logged.
 */
void notify(const char *state);

#endif

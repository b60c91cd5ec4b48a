/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DEVICE_ERROR_H
#define PERFMON_DEVICE_ERROR_H

/*
 * Keeps what perfmon_error() says of a request, "open" being one, that failed on a node with an
 * errno. Returns its negative.
 */
int error_say(const char *node, const char *request, int error);

#endif

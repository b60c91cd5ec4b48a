/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_DROP_H
#define PERFMOND_PASS_DROP_H

#include "worker.h"

/*
 * Closes a socket. Before Linux 6.16 its clients can leave descriptors in it that nobody asked for,
 * which are closed with it, and one of those may take its time: a socket with SO_LINGER, a perf
 * event whose thread's events the kernel holds. There a worker closes it, as long as fewer than
 * DROPS_MAX hang.
 */
#define DROPS_MAX (WORKERS_LEFT / 2)

void drop(int socket);

#endif

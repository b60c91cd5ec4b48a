/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_THREAD_EVENT_H
#define PERFMOND_THREAD_EVENT_H

#include <linux/perf_event.h>
#include <sys/types.h>

/*
 * perf_event_open(2) on a client's thread, on any CPU; group: a leader's descriptor, or -1. The
 * kernel waits there while the thread executes another program (Linux, kernel/events/core.c,
 * exec_update_lock), which the client can make to take for ever: it closes files on the way. This
 * waits no longer than THREAD_EVENT_PATIENCE. In a worker, see worker.h, as it may wait elsewhere
 * all the same; the signal that ends the wait is SIGALRM. Returns a descriptor, or
 * -1 with errno: EAGAIN where the thread was in exec for so long.
 */
#define THREAD_EVENT_PATIENCE 100 /* ms */

long thread_event_open(const struct perf_event_attr *attr, pid_t thread, int group);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_HOLDERS_H
#define PERFMOND_PASS_HOLDERS_H

#include <linux/perf_event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "worker.h"

/*
 * For each process that events are offered to, a worker that opens them and has a copy of every
 * descriptor: so that perfmond waits for none, and never closes one for good, by its end either,
 * while the kernel holds the thread's events. Each function locks for itself.
 */
#define HOLDERS_MAX 1024

/* s, for which a user whose thread's events were held has none opened. */
#define HOLDERS_REST 2

struct holder {
	pid_t process;
	struct worker worker;
	unsigned kept;    /* tokens */
	uint64_t opening; /* the token of what it has not answered, or 0 */
	bool deaf;        /* it had no room for a message, the last time */
};

struct holders {
	pthread_mutex_t lock;
	struct holder holder[HOLDERS_MAX];
	int count;
	uid_t hung_user; /* whose thread was the last to be held */
	time_t hung;     /* when, CLOCK_MONOTONIC, s; 0: never */
};

void holders_open(struct holders *holders);

/*
 * perf_event_open(2) on a thread of a process, with a group's leader or -1; kept under the token.
 * user: who asks. Gives a descriptor. Errors: -EAGAIN where the kernel holds the thread's events,
 * or did so a moment ago, or the thread is in exec; others as worker_start(), perf_event_open(2).
 */
int holders_open_event(struct holders *holders, pid_t process, uid_t user,
		       const struct perf_event_attr *attr, pid_t thread, int group, uint64_t token);

/* Keeps copies of descriptors. Errors: as worker_start() and worker_send(). */
int holders_keep(struct holders *holders, pid_t process, uint64_t token, const int *fd,
		 unsigned descriptors);

/* Lets go of what is kept under a token, after the caller's own are closed; none is none. */
void holders_drop(struct holders *holders, pid_t process, uint64_t token);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_EVENTS_H
#define PERFMOND_BACKEND_PERF_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/backend.h"
#include "backend/core_pmus.h"
#include "backend/cpulist.h"
#include "backend/perf_event.h"
#include "event/event.h"

/*
 * An event on each of some CPUs, or for each thread of a process, counted as one.
 *
 * On CPUs it is pinned: what it reads when it is started tells whether it is on the PMU. For
 * threads it is inherited by all that they start later, and is not pinned; one that is on the PMU
 * for a part of the time says so in what it reads.
 *
 * System calls, for N CPUs or T threads and an event of one term: start 2N or T, stop 2N or 2T,
 * read N or T.
 */
struct perf_open_event {
	int fd;
	struct perf_reading begin; /* at the start */
	struct perf_reading last;  /* what it read the last time */
	bool late;                 /* begin is not known before it is enabled */
};

struct perf_events {
	struct perf_open_event *event;
	size_t count;
	size_t spread;  /* so many that follow each other count one thread, each on its own cores */
	bool inherited; /* for threads */
	bool clock;     /* the kernel's, which no PMU can be taken from */
	bool unread;    /* `last` is not what it was stopped at */
};

/*
 * Opens the event, disabled, on each CPU. Errors: as perf_event_open() has them, and -EOPNOTSUPP
 * for a CPU that none of pmus drives.
 */
int perf_events_open_cpus(const struct event *event, const struct cpulist *cpus,
			  const struct core_pmus *pmus, struct perf_events *ret_events);

/*
 * Opens the event, disabled, for each thread of the process that has the given thread.
 * Errors, logged: as perf_event_open() has them; -ESRCH where the thread is not to be seen, -EAGAIN
 * where threads come and go too fast to be counted each once.
 */
int perf_events_open_threads(const struct event *event, pid_t thread, const struct core_pmus *pmus,
			     struct perf_events *ret_events);

/*
 * Opens the event, disabled and pinned, for a thread that is its process's only one, and for no
 * other that it starts. Errors: as above; -EOPNOTSUPP where it is not the only one.
 */
int perf_events_open_alone(const struct event *event, pid_t thread, struct perf_events *ret_events);

/* Opens one term more. Errors, logged: as perf_event_open(). */
int perf_events_add(struct perf_events *events, const struct event *event, unsigned term,
		    const struct perf_target *target);

void perf_events_close(struct perf_events *events);

/*
 * Enables the event everywhere, in one pass. On failure it is disabled everywhere.
 * Errors, logged: -EBUSY where the event is not on the PMU of some CPU; somebody else's events fill
 * it. For threads that is not to be seen before they run.
 */
int perf_events_start(struct perf_events *events, struct backend_pass *pass);

/* What they were at the start, added. */
uint64_t perf_events_origin(const struct perf_events *events);

/* Disables the event everywhere, in one pass. */
void perf_events_stop(struct perf_events *events, struct backend_pass *pass);

/*
 * The sum since the start, of a CPU that went offline up to then. Errors, logged: -EIO where the
 * event was not on the PMU for all of the time.
 */
int perf_events_read(struct perf_events *events, uint64_t *ret_sum);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_EVENTS_H
#define PERFMOND_BACKEND_PERF_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "backend/cpulist.h"
#include "event/event.h"

/* One pinned perf_event_open(2) event on one CPU, with what it read when it was started. */
struct perf_cpu_event {
	int fd;
	uint64_t value;
	uint64_t enabled; /* nanoseconds */
	uint64_t running;
};

/*
 * The same event on each of some CPUs, counted as one.
 */
struct perf_events {
	struct perf_cpu_event *event;
	size_t count;
	uint64_t start_lasted; /* nanoseconds from the first CPU's start to the last one's */
	uint64_t stop_lasted;  /* the same of the stop; 0 while it runs */
};

/*
 * Opens the event, disabled, on each CPU. Errors, logged with cause and fix: -EOPNOTSUPP where the
 * machine has no such event, -EACCES, -EBUSY, -EMFILE, -ENOMEM and others as perf_event_open(2) has
 * them.
 */
int perf_events_open(const struct event *event, const struct cpulist *cpus,
		     struct perf_events *ret_events);

void perf_events_close(struct perf_events *events);

/*
 * Enables the event everywhere. On failure it is disabled everywhere.
 * Errors, logged: -EBUSY where the event is not on the PMU of some CPU; somebody else's events fill
 * it.
 */
int perf_events_start(struct perf_events *events);

/* Disables the event everywhere. */
void perf_events_stop(struct perf_events *events);

/*
 * The sum since the start. Errors, logged: -EIO where the event was not on the PMU for all of the
 * time, or a CPU was away for a part of it.
 */
int perf_events_read(const struct perf_events *events, uint64_t *ret_sum);

#endif

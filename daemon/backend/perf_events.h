/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_EVENTS_H
#define PERFMOND_BACKEND_PERF_EVENTS_H

#include <stdint.h>

#include "backend/cpulist.h"
#include "event/event.h"

/*
 * One pinned perf_event_open(2) event on each of some CPUs, counted as one.
 */
struct perf_events {
	int *fd; /* NULL: none */
	size_t count;
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
 * Enables the event everywhere and gives the sum. On failure it is disabled everywhere.
 * Errors: -EBUSY where the event is not on the PMU of some CPU; somebody else's events fill it.
 */
int perf_events_start(const struct perf_events *events, uint64_t *ret_sum);

/* Disables the event everywhere. */
void perf_events_stop(const struct perf_events *events);

/* The sum. Errors: -EIO where the event was not on the PMU for all of the time. */
int perf_events_read(const struct perf_events *events, uint64_t *ret_sum);

#endif

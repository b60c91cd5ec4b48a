/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_EVENT_H
#define PERFMOND_BACKEND_PERF_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/core_pmus.h"
#include "event/event.h"

/* What read(2) gives of an event: its count, and for how long it was enabled and on the PMU, ns. */
struct perf_reading {
	uint64_t value;
	uint64_t enabled;
	uint64_t running;
};

/* Where one perf_event_open(2) event counts. */
struct perf_target {
	pid_t thread;               /* -1: whatever runs on cpu, pinned */
	int cpu;                    /* -1: wherever the thread runs */
	const struct core_pmu *pmu; /* the kind of core, or NULL where all are alike */
	bool alone; /* the thread only, pinned; else what it starts inherits the event */
};

/*
 * Opens one term of an event, disabled. Returns the descriptor. Errors, logged with cause and fix
 * but for -ESRCH, the thread has ended: -EOPNOTSUPP where there is no such event, -EAGAIN where the
 * CPU is offline or the thread in exec, -EACCES, -EBUSY, -EMFILE, -ENOMEM and others as
 * perf_event_open(2) has them.
 */
int perf_event_open(const struct event *event, unsigned term, const struct perf_target *target);

/* Errors: -EAGAIN where a pinned event is not on the PMU, which says so by end of file. */
int perf_event_read(int fd, struct perf_reading *ret_reading);

#endif

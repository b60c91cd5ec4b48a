/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_PERF_WRAP_H
#define PERFMOND_TEST_UNIT_PERF_WRAP_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"

/*
 * What stands between the code under test and the kernel, by the linker's --wrap: it counts, and
 * where the test wants it answers. And what causes events of the kernel's own, which stand for
 * those of a PMU where there is none.
 */

/* One perf_event_open(2). */
struct perf_call {
	struct perf_event_attr attr;
	pid_t thread;
	int cpu;
	int group;
	unsigned long flags;
};

struct perf_wrap {
	unsigned opens;
	unsigned reads;
	unsigned ioctls;
	struct perf_call call[64]; /* the first of `opens` */

	/* In place of the kernel, where not NULL. */
	int (*open)(const struct perf_call *call); /* a positive errno; 0: go on */
	ssize_t (*read)(int fd, void *buffer, size_t size);

	bool pretend;      /* what is opened is a descriptor that counts nothing */
	unsigned restless; /* so many lists of threads have one that has ended since */
	size_t threads;    /* every list has so many; 0: as many as there are */
};

extern struct perf_wrap perf_wrap;

/* cmocka's setup: the kernel answers all. */
int perf_unwrap(void **state);

/* The kernel's own read(2). */
ssize_t perf_real_read(int fd, void *buffer, size_t size);

/* The id of a process that has ended. */
pid_t ended_process(void);

#define PAGES 3000

extern const struct event page_faults;
extern const struct event cycles;

/* Causes that many page faults in this thread, on one CPU or wherever it runs. */
void fault(size_t pages);
void fault_on(unsigned cpu, size_t pages);

/* Ends the test as skipped where this user has no perf events. */
void skip_without_perf(void);

/* Whether the kernel opens an event on CPU 0, asked past the code under test. */
bool can_open(const struct event *event);

#endif

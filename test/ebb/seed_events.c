/* SPDX-License-Identifier: BSD-2-Clause */

/* The events that the statements are about. */

#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seed.h"

static _Thread_local volatile unsigned calls;

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

struct perf_event_attr seed_attr(void)
{
	return (struct perf_event_attr){
#ifdef __powerpc64__
		.type = PERF_TYPE_RAW,
		.config = 0x1001e | EBB_CONFIG,
#else
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG,
#endif
		.size = sizeof(struct perf_event_attr),
		.exclude_kernel = 1,
		.pinned = 1,
		.exclusive = 1,
	};
}

int seed_raw(const struct perf_event_attr *attr, pid_t thread, int cpu, int group)
{
	return (int)syscall(SYS_perf_event_open, attr, thread, cpu, group, PERF_FLAG_FD_CLOEXEC);
}

int seed_raw_ebb(void)
{
	struct perf_event_attr attr = seed_attr();

#ifndef __powerpc64__
	attr.config &= ~EBB_CONFIG;
#endif
	attr.disabled = 1;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	return seed_raw(&attr, 0, -1, -1);
}

struct ebb_event *seed_open(pid_t thread)
{
	struct perf_event_attr attr = seed_attr();
	struct ebb_event *event = NULL;

	if (ebb_event_open(&attr, SEED_PERIOD, NULL, thread, &event) < 0)
		printf("# open: %s\n", ebb_error());
	return event;
}

void seed_set_handler(void)
{
	if (ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0)
		printf("# set handler: %s\n", ebb_error());
}

struct ebb_event *seed_enabled(void)
{
	struct ebb_event *event = seed_open(0);

	seed_set_handler();
	if (event && ebb_event_enable(event) < 0) {
		printf("# enable: %s\n", ebb_error());
		seed_close(event);
		return NULL;
	}
	ebb_global_enable();
	return event;
}

bool seed_close(struct ebb_event *event)
{
	return event && ebb_event_close(event) == 0;
}

void seed_spin(void)
{
	for (volatile int i = 0; i < 10 * SEED_PERIOD; i++)
		;
}

bool seed_branches(void)
{
	unsigned before = calls;

	seed_spin();
	return calls > before;
}

int seed_regular(bool pinned, bool on_cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof attr,
		.pinned = pinned,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return seed_raw(&attr, on_cpu ? -1 : 0, on_cpu ? sched_getcpu() : -1, -1);
}

bool seed_count(int fd, struct seed_times *ret_times)
{
	struct seed_times before;
	struct seed_times after;

	if (read(fd, &before, sizeof before) != sizeof before)
		return false;
	seed_spin();
	if (read(fd, &after, sizeof after) != sizeof after)
		return false;
	*ret_times = (struct seed_times){ .value = after.value - before.value,
					  .enabled = after.enabled - before.enabled,
					  .running = after.running - before.running };
	return true;
}

bool seed_ended(int fd)
{
	struct seed_times times;

	return read(fd, &times, sizeof times) == 0;
}

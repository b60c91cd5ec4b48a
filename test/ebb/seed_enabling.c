/* SPDX-License-Identifier: BSD-2-Clause */

/* "Enabling an EBB event" and "Reading an EBB event". */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "seed.h"

/*
 * read(2) gives as much of an event that is disabled; its time on the PMU is what tells them apart.
 */
static bool counts_once(int fd, void (*enable)(int))
{
	struct seed_times times = { .running = 1 };
	bool stood = fd >= 0 && seed_count(fd, &times) && times.running == 0;

	enable(fd);
	return stood && seed_count(fd, &times) && times.running > 0;
}

static void enable_by_ioctl(int fd)
{
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
}

static void enable_by_prctl(int fd)
{
	(void)fd;
	prctl(PR_TASK_PERF_EVENTS_ENABLE);
}

static bool by_ioctl(void)
{
	int fd = seed_raw_ebb();
	bool seen = counts_once(fd, enable_by_ioctl);

	close(fd);
	return seen;
}

static bool by_prctl(void)
{
	int fd = seed_raw_ebb();
	bool seen = counts_once(fd, enable_by_prctl);

	close(fd);
	return seen;
}

static bool by_library(void)
{
	struct ebb_event *event = seed_open(0);
	bool silent;
	int enabled;

	seed_set_handler();
	ebb_global_enable();
	silent = !seed_branches();
	enabled = event ? ebb_event_enable(event) : -ENOENT;
	silent = enabled == 0 && silent && seed_branches();
	return seed_close(event) && silent;
}

/* The library then finds it on the PMU. */
static bool by_prctl_and_library(void)
{
	struct ebb_event *event = seed_open(0);
	bool seen;

	seed_set_handler();
	ebb_global_enable();
	prctl(PR_TASK_PERF_EVENTS_ENABLE);
	seen = event && ebb_event_enable(event) == 0 && seed_branches();
	return seed_close(event) && seen;
}

/* The kernel's own answer: enabling succeeds all the same. */
static bool reads_end_of_file(bool on_cpu)
{
	int regular = seed_regular(true, on_cpu);
	int fd = seed_raw_ebb();
	bool enabled = ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
	bool seen = regular >= 0 && fd >= 0 && enabled && seed_ended(fd);

	close(fd);
	close(regular);
	return seen;
}

/* ret_later: what enabling gives once the other is closed. */
static bool is_busy(bool on_cpu, int *ret_later)
{
	int regular = seed_regular(true, on_cpu);
	struct ebb_event *event = seed_open(0);
	int first;
	bool worded;

	seed_set_handler();
	ebb_global_enable();
	first = event ? ebb_event_enable(event) : -ENOENT;
	worded = strstr(ebb_error(), "pinned") != NULL;
	if (first != -EBUSY)
		printf("# regular %d, enabling gave %d\n", regular, first);
	close(regular);
	*ret_later = event ? ebb_event_enable(event) : -ENOENT;
	if (*ret_later == 0 && !seed_branches())
		*ret_later = -ENODATA;
	return seed_close(event) && regular >= 0 && first == -EBUSY && worded;
}

static bool task_reads_end_of_file(void)
{
	return reads_end_of_file(false);
}

static bool task_is_busy(void)
{
	int later;

	return is_busy(false, &later);
}

static bool task_later(void)
{
	int later;

	return is_busy(false, &later) && later == 0;
}

#ifdef __powerpc64__
static bool cpu_reads_end_of_file(void)
{
	return reads_end_of_file(true);
}

static bool cpu_is_busy(void)
{
	int later;

	return is_busy(true, &later);
}

static bool cpu_later(void)
{
	int later;

	return is_busy(true, &later) && later == 0;
}
#endif

/* The library's own descriptor: the lowest that is free before it opens one. */
static bool reads_eight_bytes(void)
{
	int fd = dup(STDOUT_FILENO);
	struct ebb_event *event;
	char junk[64];
	bool seen;

	close(fd);
	event = seed_enabled();
	seen = event && seed_branches() && read(fd, junk, sizeof junk) == sizeof(uint64_t);
	return seed_close(event) && seen;
}

static bool branches_when_read(void)
{
	int fd = dup(STDOUT_FILENO);
	struct ebb_event *event;
	uint64_t junk;
	bool seen;

	close(fd);
	event = seed_enabled();
	seen = event && read(fd, &junk, sizeof junk) == sizeof junk && seed_branches();
	return seed_close(event) && seen;
}

#define SHARED "here the kernel takes an exclusive event for alone among its task's, not the CPU's"

const struct statement seed_enabling[] = {
	{ "ioctl enables: read gives a value, and time on the PMU", by_ioctl, NULL },
	{ "prctl enables: read gives a value, and time on the PMU", by_prctl, NULL },
	{ "opening enables nothing, ebb_event_enable does: 0, and branches", by_library, NULL },
	{ "enabled by prctl before: ebb_event_enable is 0, and branches", by_prctl_and_library,
	  NULL },
	{ "the task's pinned event first: ioctl succeeds, and read is end of file",
	  task_reads_end_of_file, NULL },
	{ "the task's pinned event first: ebb_event_enable is EBUSY, with words", task_is_busy,
	  NULL },
	{ "the task's pinned event closed: ebb_event_enable is 0, and branches", task_later, NULL },
	{ "the CPU's pinned event first: ioctl succeeds, and read is end of file",
	  POWER(cpu_reads_end_of_file), SHARED },
	{ "the CPU's pinned event first: ebb_event_enable is EBUSY, with words", POWER(cpu_is_busy),
	  SHARED },
	{ "the CPU's pinned event closed: ebb_event_enable is 0, and branches", POWER(cpu_later),
	  SHARED },
	{ "reading gives eight bytes, of any value", reads_eight_bytes, NULL },
	{ "reading takes no branch away", branches_when_read, NULL },
	{ NULL, NULL, NULL },
};

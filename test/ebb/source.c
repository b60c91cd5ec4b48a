/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PMU_PERIOD 20000

#define LEADS   .exclude_kernel = 1, .pinned = 1, .exclusive = 1
#define FOLLOWS .exclude_kernel = 1

/*
 * On QEMU's POWER9 an iteration is half a cycle; its PMUv3 notes an overflow when the processor
 * enters the kernel, which else happens at each tick.
 */
static void run_chunks(unsigned chunks, unsigned iterations)
{
	for (unsigned chunk = 0; chunk < chunks; chunk++) {
		for (unsigned i = 0; i < iterations; i++)
			__asm__ volatile("" ::: "memory");
		getppid();
	}
}

static void run_instructions(void)
{
	run_chunks(4, 2 * PMU_PERIOD);
}

/* In most chunks the member alone: the kernel sends one signal for two that overflow at once. */
static void run_cycles(void)
{
	run_chunks(40, PMU_PERIOD / 8);
}

#ifndef __powerpc64__
/* A page of its own, always there, so that no other fault comes of it. */
static void fault(void)
{
	static char *page;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (!page)
		page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		abort();
	madvise(page, size, MADV_DONTNEED);
	*(volatile char *)page = 1;
}

/* In user mode for the most part: a clock's overflow in the kernel is none of these events'. */
static void run_clock(void)
{
	struct timespec from, at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	do {
		for (int i = 0; i < 10000; i++)
			__asm__ volatile("" ::: "memory");
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	} while ((at.tv_sec - from.tv_sec) * 1000000000 + at.tv_nsec - from.tv_nsec <
		 20L * EBB_CLOCK_PERIOD_MIN);
}
#endif

#ifdef __x86_64__
static volatile long first_word, second_word;

static void store_first(void)
{
	first_word = 1;
}

static void store_second(void)
{
	second_word = 1;
}

#define STORE(word)                                                                     \
	.type = PERF_TYPE_BREAKPOINT, .config = EBB_CONFIG, .bp_type = HW_BREAKPOINT_W, \
	.bp_addr = (uintptr_t) & (word), .bp_len = sizeof(word)
#endif

const struct source sources[] = {
#ifdef __x86_64__
	{ .name = "stores",
	  .leader = { STORE(first_word), LEADS },
	  .member = { STORE(second_word), FOLLOWS },
	  .period = 1,
	  .member_period = 1,
	  .overflow = store_first,
	  .overflow_member = store_second },
#endif
#ifdef __powerpc64__
	{ .name = "cycles",
	  .leader = { .type = PERF_TYPE_RAW, .config = 0x1001e | EBB_CONFIG, LEADS },
	  .member = { .type = PERF_TYPE_RAW, .config = 0x2001e | EBB_CONFIG, FOLLOWS },
#else
	{ .name = "page faults",
	  .leader = { .type = PERF_TYPE_SOFTWARE,
		      .config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
		      LEADS },
	  .member = { .type = PERF_TYPE_SOFTWARE,
		      .config = PERF_COUNT_SW_TASK_CLOCK | EBB_CONFIG,
		      FOLLOWS },
	  .period = 1,
	  .member_period = EBB_CLOCK_PERIOD_MIN,
	  .overflow = fault,
	  .overflow_member = run_clock },
	{ .name = "instructions",
	  .optional = true,
	  .leader = { .type = PERF_TYPE_HARDWARE,
		      .config = PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG,
		      LEADS },
	  .member = { .type = PERF_TYPE_HARDWARE,
		      .config = PERF_COUNT_HW_CPU_CYCLES | EBB_CONFIG,
		      FOLLOWS },
#endif
	  .period = PMU_PERIOD,
	  .member_period = PMU_PERIOD / 4,
	  .overflow = run_instructions,
	  .overflow_member = run_cycles },
	{ .name = NULL },
};

int source_open(const struct source *source, struct ebb_event **ret_leader,
		struct ebb_event **ret_member)
{
	int result = ebb_event_open(&source->leader, source->period, NULL, 0, ret_leader);

	if (result == 0 && ret_member)
		result = ebb_event_open(&source->member, source->member_period, *ret_leader, 0,
					ret_member);
	if (result == 0)
		result = ebb_event_enable(*ret_leader);
	if (result < 0)
		printf("# %s: %s\n", source->name, ebb_error());
	return result;
}

bool source_is_absent(const struct source *source)
{
	struct ebb_event *event;
	int result;

	if (!source->optional)
		return false;
	result = ebb_event_open(&source->leader, source->period, NULL, 0, &event);
	if (result == 0)
		ebb_event_close(event);
	return result == -ENOENT || result == -ENODEV || result == -EOPNOTSUPP;
}

unsigned source_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned found = 0;

	while (directory && (entry = readdir(directory)) != NULL) {
		char path[sizeof "/proc/self/fd/" + sizeof entry->d_name];
		char target[64] = "";

		snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
		found += readlink(path, target, sizeof target - 1) > 0 &&
			 strcmp(target, "anon_inode:[perf_event]") == 0;
	}
	if (directory)
		closedir(directory);
	return found;
}

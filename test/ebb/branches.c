/* SPDX-License-Identifier: BSD-2-Clause */

/* Exact counts of branches, with events that need no PMU: write breakpoints and page faults. */

#include <err.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define STORES  100000
#define THREADS 10

struct counts {
	uint64_t calls;
	uint64_t nested; /* calls while one ran */
	uint64_t wrong;  /* calls with an address that is not in the loop of stores */
	unsigned stores; /* made by the handler */
	volatile int running;
	volatile long *word;
};

static uint64_t sum(const struct ebb_stats *stats)
{
	return stats->delivered + stats->held + stats->missed;
}

static void count(struct ebb_event *event, void *context)
{
	struct counts *counts = context;

	(void)event;
	counts->nested += counts->running != 0;
	counts->running = 1;
	counts->calls++;
	counts->wrong += !ebb_address();
	for (unsigned i = 0; i < counts->stores; i++)
		*counts->word = 1;
	counts->running = 0;
}

static struct ebb_event *open_breakpoint(volatile long *word)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_BREAKPOINT,
					.config = EBB_CONFIG,
					.bp_type = HW_BREAKPOINT_W,
					.bp_addr = (uintptr_t)word,
					.bp_len = sizeof *word,
					.exclude_kernel = 1,
					.pinned = 1,
					.exclusive = 1 };
	struct ebb_event *event = NULL;

	if (ebb_event_open(&attr, 1, NULL, 0, &event) < 0 || ebb_event_enable(event) < 0)
		printf("# breakpoint: %s\n", ebb_error());
	return event;
}

static struct ebb_event *open_faults(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
					.exclude_kernel = 1,
					.pinned = 1,
					.exclusive = 1 };
	struct ebb_event *event = NULL;

	if (ebb_event_open(&attr, 1, NULL, 0, &event) < 0 || ebb_event_enable(event) < 0)
		printf("# page faults: %s\n", ebb_error());
	return event;
}

/* What a thread found: nothing, where all was as it should be. */
struct finding {
	char text[160];
};

static void compare(const struct counts *counts, const struct ebb_stats *stats,
		    struct finding *finding)
{
	if (counts->calls != STORES / THREADS || stats->delivered != counts->calls || stats->held ||
	    stats->missed || counts->nested)
		snprintf(finding->text, sizeof finding->text,
			 ": calls %lu, delivered %ju, held %ju, missed %ju, nested %lu",
			 (unsigned long)counts->calls, (uintmax_t)stats->delivered,
			 (uintmax_t)stats->held, (uintmax_t)stats->missed,
			 (unsigned long)counts->nested);
}

static void *store_in_thread(void *argument)
{
	volatile long word = 0;
	struct counts counts = { .word = &word };
	struct ebb_stats stats = { 0 };
	struct ebb_event *event;
	struct finding *finding = argument;

	ebb_set_handler(count, &counts, EBB_SAVE_VSR);
	event = open_breakpoint(&word);
	if (!event) {
		snprintf(finding->text, sizeof finding->text, ": %s", ebb_error());
		return NULL;
	}
	ebb_global_enable();
	for (int i = 0; i < STORES / THREADS; i++)
		word = i;
	ebb_event_stats(event, &stats);
	compare(&counts, &stats, finding);
	ebb_event_close(event);
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[THREADS];
	struct finding findings[THREADS] = { 0 };
	char name[256] = "10 threads, each with its handler: stores = branches in each";
	bool good = true;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, store_in_thread, &findings[i]) != 0)
			err(EXIT_FAILURE, "pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		if (findings[i].text[0] && good)
			strcat(name, findings[i].text);
		good = good && !findings[i].text[0];
	}
	result(good, name);
}

/* The handler stores more times to the same word: held, not nested. */
static void check_stores(unsigned in_handler, const char *name)
{
	volatile long word = 0;
	struct counts counts = { .word = &word, .stores = in_handler };
	struct ebb_stats stats = { 0 };
	struct ebb_event *event;

	ebb_set_handler(count, &counts, EBB_SAVE_VSR);
	event = open_breakpoint(&word);
	if (!event) {
		result(false, name);
		return;
	}
	ebb_global_enable();
	for (int i = 0; i < STORES; i++)
		word = i;
	ebb_event_stats(event, &stats);
	printf("# delivered %ju held %ju missed %ju\n", (uintmax_t)stats.delivered,
	       (uintmax_t)stats.held, (uintmax_t)stats.missed);
	result(counts.calls == STORES && stats.delivered == STORES &&
		       stats.held == (uint64_t)STORES * in_handler && !stats.missed &&
		       !counts.nested && !counts.wrong,
	       name);
	ebb_event_close(event);
}

static void check_faults(void)
{
	struct counts counts = { 0 };
	struct ebb_stats stats = { 0 };
	struct ebb_event *event;
	long page = sysconf(_SC_PAGESIZE);
	size_t chunk = (size_t)page * 1000;
	char *pages = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(pages, chunk, MADV_NOHUGEPAGE);
	ebb_set_handler(count, &counts, EBB_SAVE_VSR);
	event = open_faults();
	ebb_global_enable();
	for (int round = 0; event && round < STORES / 1000; round++) {
		for (size_t at = 0; at < chunk; at += (size_t)page)
			*(volatile char *)(pages + at) = 1;
		madvise(pages, chunk, MADV_DONTNEED);
	}
	ebb_global_disable();
	if (event)
		ebb_event_stats(event, &stats);
	printf("# delivered %ju held %ju missed %ju\n", (uintmax_t)stats.delivered,
	       (uintmax_t)stats.held, (uintmax_t)stats.missed);
	/* A page of the program's own may be new as well. */
	result(sum(&stats) >= STORES && sum(&stats) < STORES + 20 &&
		       counts.calls == stats.delivered,
	       "100,000 page faults: as many branches");
	if (event)
		ebb_event_close(event);
}

static jmp_buf back;

static void jump(struct ebb_event *event, void *context)
{
	(void)event;
	++*(volatile int *)context;
	ebb_rearm();
	longjmp(back, 1);
}

static void check_longjmp(void)
{
	volatile long word = 0;
	volatile int calls = 0;
	volatile int rounds = 0;
	struct ebb_event *event;

	ebb_set_handler(jump, (void *)&calls, EBB_SAVE_VSR);
	event = open_breakpoint(&word);
	ebb_global_enable();
	while (event && rounds < 1000) {
		rounds++;
		if (setjmp(back) == 0)
			word = 1;
	}
	printf("# %d calls\n", calls);
	result(calls == 1000, "longjmp out of the handler, 1,000 times");
	if (event)
		ebb_event_close(event);
}

static volatile sig_atomic_t foreign;

static void on_foreign(int number)
{
	foreign = number;
}

/* As the kernel sends it, now and then, in place of an event's. */
static void trap_without_event(void)
{
	siginfo_t info = { .si_signo = SIGTRAP, .si_code = TRAP_HWBKPT };

	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGTRAP, &info);
}

static void check_disabled(void)
{
	volatile long word = 0;
	struct counts counts = { .word = &word };
	struct ebb_stats stats = { 0 };
	struct ebb_event *event;

	ebb_set_handler(count, &counts, EBB_SAVE_VSR);
	event = open_breakpoint(&word);
	if (!event) {
		result(false, "a breakpoint");
		return;
	}
	for (int i = 0; i < 5; i++)
		word = i;
	ebb_event_stats(event, &stats);
	result(stats.missed == 5 && counts.calls == 0, "disabled: 5 stores are missed, no branch");
	ebb_global_enable();
	ebb_event_stats(event, &stats);
	result(stats.missed == 4 && stats.delivered == 1 && counts.calls == 1,
	       "enabled: one of them branches at once");
	result(ebb_trigger(event) == 0 && counts.calls == 2, "a branch by hand");
	trap_without_event();
	result(counts.calls == 3, "a trap that the kernel has no breakpoint for: a branch");
	foreign = 0;
	ebb_event_close(event);
	word = 7;
	result(counts.calls == 3, "closed: no branch");
	trap_without_event();
	result(counts.calls == 3 && foreign == SIGTRAP,
	       "and such a trap goes to the handler that was there before");
}

static void check_fork(void)
{
	volatile long word = 0;
	struct counts counts = { .word = &word };
	struct ebb_event *event;
	int status = -1;
	pid_t child;

	ebb_set_handler(count, &counts, EBB_SAVE_VSR);
	event = open_breakpoint(&word);
	ebb_global_enable();
	child = fork();
	if (child == 0) {
		word = 1;
		_exit(counts.calls == 0 && ebb_global_enable() == -EINVAL ? 0 : 1);
	}
	waitpid(child, &status, 0);
	result(status == 0, "a forked child has no event and no handler");
	word = 1;
	result(event && counts.calls == 1, "and its parent keeps both");
	if (event)
		ebb_event_close(event);
}

/* On x86-64 alone, as the library says. */
static bool has_breakpoints(void)
{
#ifdef __x86_64__
	return true;
#else
	printf("ok %d - branches at stores # SKIP breakpoints branch on x86-64 alone\n",
	       ++tap_count);
	return false;
#endif
}

int main(void)
{
	/* Before the library takes the signal. */
	signal(SIGTRAP, on_foreign);
	check_faults();
	if (has_breakpoints()) {
		check_stores(0, "100,000 stores: as many branches");
		check_stores(1, "a store in the handler: held, not nested");
		check_stores(8, "eight stores in the handler: held, not nested");
		check_threads();
		check_longjmp();
		check_disabled();
		check_fork();
	}
	raise(SIGTRAP);
	result(foreign == SIGTRAP, "another's SIGTRAP: to the handler that was there before");
	return tap_end();
}

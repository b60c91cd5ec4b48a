/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * System calls that wait, while branches come before, in and after them: none ends early, by EINTR
 * or with less than was asked for.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "calls_kinds.h"
#include "tap.h"

/* A guest's emulator is slow. */
#ifdef __x86_64__
#define CALLS 2000
#else
#define CALLS 200
#endif

#define LEAST 100 /* branches in as many calls, or they prove nothing */

static volatile unsigned calls;

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

/* So that branches come at each place about a call: of different length each time. */
static void spin(int round)
{
	for (int i = 0; i < 5000 + round % 61 * 1000; i++)
		__asm__ volatile("" ::: "memory");
}

struct peer {
	const struct call_kind *kind;
	struct ends ends;
};

static void *serve_all(void *argument)
{
	const struct peer *peer = argument;

	for (int i = 0; peer->kind->serve && i < CALLS; i++)
		peer->kind->serve(&peer->ends);
	return NULL;
}

/* Returns how many calls failed. */
static unsigned call_all(const struct call_kind *kind, const struct ends *ends)
{
	unsigned failed = 0;
	int error = 0;

	for (int round = 0; round < CALLS; round++) {
		spin(round);
		errno = 0;
		if (!kind->call(ends)) {
			failed++;
			error = errno;
		}
	}
	if (failed)
		printf("# %u calls failed, the last by %s\n", failed, strerrordesc_np(error));
	return failed;
}

static void check(const char *source, const struct call_kind *kind)
{
	struct peer peer = { .kind = kind };
	pthread_t thread;
	unsigned failed;
	char text[160];

	snprintf(text, sizeof text, "%s: %s", source, kind->name);
	atomic_store(&calls_done, false);
	if (kind->open(&peer.ends) < 0 || pthread_create(&thread, NULL, serve_all, &peer) != 0) {
		result(false, text);
		return;
	}
	calls = 0;
	failed = call_all(kind, &peer.ends);
	printf("# %u branches\n", calls);
	result(!failed && calls >= LEAST, text);
	/* A peer that waits for what a failed call did not do is let go. */
	atomic_store(&calls_done, true);
	close(peer.ends.mine);
	pthread_join(thread, NULL);
	close(peer.ends.peers);
}

#ifdef __powerpc64__
static const struct perf_event_attr pmu = { .type = PERF_TYPE_RAW, .config = 0x1001e | EBB_CONFIG };
#else
static const struct perf_event_attr pmu = { .type = PERF_TYPE_HARDWARE,
					    .config = PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG };
static const struct perf_event_attr task_clock = { .type = PERF_TYPE_SOFTWARE,
						   .config =
							   PERF_COUNT_SW_TASK_CLOCK | EBB_CONFIG };
#endif

/* The signal of a PMU's interrupt that arrives when the call has begun interrupts it as any other.
 */
static bool is_interrupted(const struct perf_event_attr *attr, const struct call_kind *kind)
{
#ifdef __powerpc64__
	(void)attr;
	(void)kind;
	return false;
#else
	return attr->type == PERF_TYPE_HARDWARE && !kind->restarts;
#endif
}

static void check_all(const char *name, struct perf_event_attr attr, uint64_t period, bool optional)
{
	struct ebb_event *event = NULL;
	int opened;

	attr.exclude_kernel = 1;
	attr.pinned = attr.exclusive = 1;
	opened = ebb_event_open(&attr, period, NULL, 0, &event);
	if (optional && (opened == -ENOENT || opened == -ENODEV || opened == -EOPNOTSUPP ||
			 opened == -EACCES)) {
		printf("ok %d - %s # SKIP %s\n", ++tap_count, name, ebb_error());
		return;
	}
	if (opened < 0 || ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0 ||
	    ebb_event_enable(event) < 0 || ebb_global_enable() < 0) {
		printf("# %s\n", ebb_error());
		result(false, name);
		return;
	}
	for (const struct call_kind *kind = call_kinds; kind->name; kind++)
		if (is_interrupted(&attr, kind))
			printf("ok %d - %s: %s # SKIP a PMU's interrupt that comes late "
			       "interrupts the call, see libperfmon(3)\n",
			       ++tap_count, name, kind->name);
		else
			check(name, kind);
	ebb_event_close(event);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
#ifdef __powerpc64__
	check_all("cycles", pmu, 10007, false);
#else
	check_all("task clock", task_clock, EBB_CLOCK_PERIOD_MIN, false);
	check_all("instructions", pmu, 20011, true);
#endif
	return tap_end();
}

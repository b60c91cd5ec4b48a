/* SPDX-License-Identifier: BSD-2-Clause */

/* Branches of the PMU's own events; without a PMU each check is skipped. */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <stdint.h>
#include <string.h>

#include "tap.h"

#define PERIOD 100000
#define WANTED 1000

static volatile unsigned calls;
static volatile unsigned zero;

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
	zero += !ebb_address();
}

int main(void)
{
	struct perf_event_attr attr = {
#ifdef __powerpc64__
		.type = PERF_TYPE_RAW,
		.config = 0x1001e | EBB_CONFIG, /* cycles, on PMC1 */
#else
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG,
#endif
		.exclude_kernel = 1,
		.pinned = 1,
		.exclusive = 1,
	};
	struct ebb_event *event = NULL;
	struct ebb_stats stats;
	int opened = ebb_event_open(&attr, PERIOD, NULL, 0, &event);
	unsigned seen;

	if (opened < 0) {
		printf("ok 1 - branches of the PMU # SKIP %s\n1..1\n", ebb_error());
		return 0;
	}
	ebb_set_handler(count, NULL, EBB_SAVE_VSR);
	result(ebb_event_enable(event) == 0, "the event is on the PMU");
	result(ebb_global_enable() == 0, "branches are enabled");
	for (uint64_t i = 0; calls < WANTED && i < UINT64_C(1000000000); i++)
		__asm__ volatile("" ::: "memory");
	seen = calls;
	ebb_event_stats(event, &stats);
	printf("# calls %u, delivered %ju held %ju missed %ju, last address %#jx\n", seen,
	       (uintmax_t)stats.delivered, (uintmax_t)stats.held, (uintmax_t)stats.missed,
	       (uintmax_t)ebb_address());
	result(seen >= WANTED && stats.delivered >= seen, "1,000 branches");
	result(zero == 0, "each has an interrupted address");
	ebb_global_disable();
	seen = calls;
	for (unsigned i = 0; i < 10 * PERIOD; i++)
		__asm__ volatile("" ::: "memory");
	result(calls == seen, "disabled: no branch");
	ebb_global_enable();
	seen = calls;
	result(ebb_trigger(event) == 0 && calls > seen, "a branch by hand");
	result(ebb_event_close(event) == 0, "closed");
	seen = calls;
	for (unsigned i = 0; i < 10 * PERIOD; i++)
		__asm__ volatile("" ::: "memory");
	result(calls == seen, "closed: no branch");
	return tap_end();
}

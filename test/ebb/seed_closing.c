/* SPDX-License-Identifier: BSD-2-Clause */

/* "Closing an EBB event". */

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "seed.h"

static bool closed(void)
{
	struct ebb_event *event = seed_enabled();
	bool before = event && seed_branches();

	return seed_close(event) && before && !seed_branches();
}

static struct ebb_event *open_member(struct ebb_event *leader)
{
	struct perf_event_attr attr = seed_attr();
	struct ebb_event *member = NULL;

	attr.pinned = 0;
	attr.exclusive = 0;
#ifdef __powerpc64__
	attr.config = 0x2001e | EBB_CONFIG;
#else
	attr.config = PERF_COUNT_HW_CPU_CYCLES | EBB_CONFIG;
#endif
	return leader && ebb_event_open(&attr, SEED_PERIOD, leader, 0, &member) == 0 ? member
										     : NULL;
}

static bool last_closed(void)
{
	struct ebb_event *leader = seed_open(0);
	struct ebb_event *member = open_member(leader);
	bool seen;

	seed_set_handler();
	seen = member && ebb_event_enable(leader) == 0 && ebb_global_enable() == 0 &&
	       seed_branches() && seed_close(member) && seed_branches();
	return seed_close(leader) && seen && !seed_branches();
}

static bool opened_again(void)
{
	for (int i = 0; i < 10; i++) {
		struct ebb_event *event = seed_enabled();
		bool branched = event && seed_branches();

		if (!seed_close(event) || !branched)
			return false;
	}
	return true;
}

#ifdef __powerpc64__
static sigjmp_buf back;

static void on_illegal(int number)
{
	siglongjmp(back, number);
}

/* PMC1, given the value that it has. */
static bool write_is_illegal(void)
{
	struct sigaction action = { .sa_handler = on_illegal };
	struct sigaction before;
	volatile bool illegal = true;

	sigaction(SIGILL, &action, &before);
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("mfspr 9, 771\n\tmtspr 771, 9" : : : "r9", "memory");
		illegal = false;
	}
	sigaction(SIGILL, &before, NULL);
	return illegal;
}

static bool registers_taken(void)
{
	struct ebb_event *event = seed_enabled();
	bool legal = event && !write_is_illegal();

	return seed_close(event) && legal && write_is_illegal();
}

static bool registers_kept(void)
{
	struct ebb_event *leader = seed_open(0);
	struct ebb_event *member = open_member(leader);
	bool legal = member && ebb_event_enable(leader) == 0 && seed_close(member) &&
		     !write_is_illegal();

	return seed_close(leader) && legal && write_is_illegal();
}
#endif

#define REGISTERS "the registers of a PMU that a program writes are POWER's"

const struct statement seed_closing[] = {
	{ "closed: no branch", closed, NULL },
	{ "one of two closed: branches; the last one: none", last_closed, NULL },
	{ "opened again after it is closed, ten times: branches", opened_again, NULL },
	{ "closed: the PMU is deconfigured, mtspr of PMC1 is SIGILL", POWER(registers_taken),
	  REGISTERS },
	{ "one of two closed: mtspr of PMC1 goes on; the last one: SIGILL", POWER(registers_kept),
	  REGISTERS },
	{ NULL, NULL, NULL },
};

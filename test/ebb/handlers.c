/* SPDX-License-Identifier: BSD-2-Clause */

/* What a handler may do: leave by a jump, fault, disable, call the C library, meet another event.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source.h"
#include "tap.h"

#define ROUNDS 1000
#define CALLS  100 /* of a leader's handler: a PMU overflows more than once at a time */

static sigjmp_buf back;
static volatile bool may_jump;
static volatile unsigned calls;

/* The source's name in front: each check is made with each. */
static void check(const struct source *source, bool good, const char *name)
{
	char text[160];

	snprintf(text, sizeof text, "%s: %s", source->name, name);
	result(good, text);
}

static bool begin(const struct source *source, ebb_handler_t handler, void *context,
		  struct ebb_event **ret_leader, struct ebb_event **ret_member)
{
	calls = 0;
	return ebb_set_handler(handler, context, EBB_SAVE_VSR) == 0 &&
	       source_open(source, ret_leader, ret_member) == 0 && ebb_global_enable() == 0;
}

/* One that comes while the jump is being set up goes back by itself. */
static void jump(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	if (!may_jump)
		return;
	may_jump = false;
	calls++;
	ebb_rearm();
	longjmp(back, 1);
}

static void check_longjmp(const struct source *source)
{
	struct ebb_event *event = NULL;
	volatile bool good = begin(source, jump, NULL, &event, NULL);

	for (volatile int round = 0; good && round < ROUNDS; round++) {
		if (setjmp(back) == 0) {
			may_jump = true;
			source->overflow();
			good = false;
		}
	}
	may_jump = false;
	printf("# %u jumps\n", calls);
	check(source, good && calls == ROUNDS, "longjmp out of the handler, 1,000 times");
	if (event)
		ebb_event_close(event);
}

static char *forbidden;
static volatile unsigned blocked_in_handler; /* signals that the handler ran with blocked */
static volatile unsigned wrong_faults;

/* In the signal frame is what was blocked where the fault was, 64 signals of the kernel's. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *frame = context;

	for (int signal_number = 1; signal_number <= 64; signal_number++)
		blocked_in_handler += sigismember(&frame->uc_sigmask, signal_number) == 1;
	if (number != SIGSEGV || info->si_addr != forbidden || !may_jump)
		wrong_faults++;
	may_jump = false;
	ebb_rearm();
	siglongjmp(back, 1);
}

static void fault_in_handler(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	if (!may_jump)
		return;
	calls++;
	*(volatile char *)forbidden = 1;
}

static void check_fault(const struct source *source)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, before;
	struct ebb_event *event = NULL;
	volatile bool good;

	forbidden = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	blocked_in_handler = wrong_faults = 0;
	sigaction(SIGSEGV, &action, &before);
	good = begin(source, fault_in_handler, NULL, &event, NULL);
	for (volatile int round = 0; good && round < ROUNDS; round++) {
		if (sigsetjmp(back, 1) == 0) {
			may_jump = true;
			source->overflow();
			good = false;
		}
	}
	may_jump = false;
	sigaction(SIGSEGV, &before, NULL);
	printf("# %u faults, %u signals blocked, %u wrong\n", calls, blocked_in_handler,
	       wrong_faults);
	check(source, good && calls == ROUNDS && !wrong_faults,
	      "a fault in the handler, left by siglongjmp, 1,000 times");
	check(source, good && !blocked_in_handler, "nothing is blocked where it faults");
	if (event)
		ebb_event_close(event);
	munmap(forbidden, (size_t)sysconf(_SC_PAGESIZE));
}

static void disable(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
	ebb_global_disable();
}

static void check_disable(const struct source *source)
{
	struct ebb_event *event = NULL;
	bool good = begin(source, disable, NULL, &event, NULL);

	for (int i = 0; good && i < 10; i++)
		source->overflow();
	printf("# %u calls\n", calls);
	check(source, good && calls == 1, "disabled by the handler: no branch follows");
	ebb_global_enable();
	printf("# %u calls\n", calls);
	check(source, good && calls == 2, "enabled: one that came meanwhile branches at once");
	for (int i = 0; good && i < 10; i++)
		source->overflow();
	check(source, good && calls == 2, "and that disables again");
	if (event)
		ebb_event_close(event);
}

/* What the interrupted loop calls nothing of, and so may be called here. */
static void use_library(struct ebb_event *event, void *context)
{
	FILE *nowhere = context;
	size_t size = 64 + 100 * (size_t)(calls % 50);
	char *text = malloc(size);
	char *end;
	double value;

	(void)event;
	if (!text)
		return;
	snprintf(text, size, "%.3f", calls * 0.125);
	value = strtod(text, &end);
	calls += *end == '\0' && value >= calls * 0.125 - 0.001 && value <= calls * 0.125 + 0.001 &&
		 fprintf(nowhere, "%s %#jx\n", text, (uintmax_t)ebb_address()) > 0;
	free(text);
}

static void check_library(const struct source *source)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct ebb_event *event = NULL;
	struct ebb_stats stats = { 0 };
	bool good = nowhere && begin(source, use_library, nowhere, &event, NULL);

	for (int i = 0; good && i < ROUNDS; i++)
		source->overflow();
	ebb_global_disable();
	if (event)
		ebb_event_stats(event, &stats);
	check(source, good && calls >= ROUNDS && calls == stats.delivered,
	      "malloc, snprintf, strtod and fprintf in the handler");
	if (event)
		ebb_event_close(event);
	if (nowhere)
		fclose(nowhere);
}

struct pair {
	const struct source *source;
	struct ebb_event *leader;
	struct ebb_event *member;
	volatile unsigned leader_calls;
	volatile unsigned member_calls;
	volatile unsigned nested;
	volatile unsigned strange; /* of neither */
	volatile bool running;
};

static void overflow_other(struct ebb_event *event, void *context)
{
	struct pair *pair = context;

	pair->nested += pair->running;
	pair->running = true;
	if (event == pair->leader) {
		pair->leader_calls++;
		pair->source->overflow_member();
	} else {
		pair->member_calls += event == pair->member;
		pair->strange += event != pair->member;
	}
	pair->running = false;
}

/*
 * POWER's counters stand while the handler runs, and so nothing is held there. Of events of one PMU
 * that overflow at once the kernel reports one.
 */
static bool as_held(const struct source *source, const struct ebb_stats *stats, unsigned handlers)
{
#ifdef __powerpc64__
	(void)source;
	(void)handlers;
	return stats->held == 0;
#else
	return source->optional ? stats->held > 0 : stats->held >= handlers;
#endif
}

static void check_second(const struct source *source)
{
	struct pair pair = { .source = source };
	struct ebb_stats stats = { 0 };
	bool good = begin(source, overflow_other, &pair, &pair.leader, &pair.member);

	for (int i = 0; good && i < CALLS && pair.leader_calls < CALLS; i++)
		source->overflow();
	ebb_global_disable();
	if (pair.member)
		ebb_event_stats(pair.member, &stats);
	printf("# leader's %u, member's %u, held %ju\n", pair.leader_calls, pair.member_calls,
	       (uintmax_t)stats.held);
	check(source, good && pair.leader_calls >= CALLS && !pair.nested && !pair.strange,
	      "another event overflows in the handler: not nested");
	check(source, good && as_held(source, &stats, pair.leader_calls),
	      "it is counted as held, or its counter stands");
	ebb_global_enable();
	pair.member_calls = 0;
	if (good)
		source->overflow_member();
	check(source, good && pair.member_calls > 0, "and it branches later");
	if (pair.leader)
		ebb_event_close(pair.leader);
}

int main(void)
{
	for (const struct source *source = sources; source->name; source++) {
		if (source_is_absent(source)) {
			printf("ok %d - %s # SKIP %s\n", ++tap_count, source->name, ebb_error());
			continue;
		}
		check_longjmp(source);
		check_fault(source);
		check_disable(source);
		check_library(source);
		check_second(source);
	}
	return tap_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* Branches by hand, and what stands for those that cannot be: each overflow is counted. */

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source.h"
#include "tap.h"

struct group {
	struct ebb_event *leader;
	struct ebb_event *member;
	volatile unsigned leader_calls;
	volatile unsigned member_calls;
	volatile bool armed;
	volatile int triggered; /* what ebb_trigger() gave in the handler */
};

/* The source's name in front: each check is made with each. */
static void check(const struct source *source, bool good, const char *name)
{
	char text[160];

	snprintf(text, sizeof text, "%s: %s", source->name, name);
	result(good, text);
}

static bool begin(const struct source *source, ebb_handler_t handler, struct group *group)
{
	return ebb_set_handler(handler, group, EBB_SAVE_VSR) == 0 &&
	       source_open(source, &group->leader, &group->member) == 0 && ebb_global_enable() == 0;
}

static void end(struct group *group)
{
	ebb_global_disable();
	if (group->leader)
		ebb_event_close(group->leader);
}

static void tell(struct group *group, struct ebb_event *event, struct ebb_stats *ret_stats)
{
	memset(ret_stats, 0, sizeof *ret_stats);
	if (event)
		ebb_event_stats(event, ret_stats);
	printf("# %s: delivered %ju held %ju missed %ju\n",
	       event == group->leader ? "leader" : "member", (uintmax_t)ret_stats->delivered,
	       (uintmax_t)ret_stats->held, (uintmax_t)ret_stats->missed);
}

static void trigger_both(struct ebb_event *event, void *context)
{
	struct group *group = context;

	group->leader_calls += event == group->leader;
	group->member_calls += event == group->member;
	if (!group->armed || event != group->leader)
		return;
	group->armed = false;
	group->triggered = ebb_trigger(group->leader);
	if (group->triggered == 0)
		group->triggered = ebb_trigger(group->member);
}

static void check_in_handler(const struct source *source)
{
	struct group group = { .triggered = 1 };
	struct ebb_stats leader, member;
	bool good = begin(source, trigger_both, &group);

	group.armed = true;
	good = good && ebb_trigger(group.leader) == 0;
	ebb_global_disable();
	tell(&group, group.leader, &leader);
	tell(&group, group.member, &member);
	check(source,
	      good && group.triggered == 0 && group.leader_calls == leader.delivered &&
		      leader.held >= 1,
	      "by hand in the handler, itself: counted as held");
	check(source, good && group.member_calls == member.delivered && member.held >= 1,
	      "by hand in the handler, another event: counted as held");
	end(&group);
}

#ifdef __powerpc64__
static sigjmp_buf back;

static void leave(struct ebb_event *event, void *context)
{
	struct group *group = context;

	group->leader_calls += event == group->leader;
	group->member_calls += event == group->member;
	if (!group->armed)
		return;
	group->armed = false;
	ebb_rearm();
	siglongjmp(back, 1);
}

/* Both overflow while branches are disabled, so that one branch is for both. */
static void check_rearm(const struct source *source)
{
	static struct group group;
	struct ebb_stats leader, member;
	volatile bool good = begin(source, leave, &group);

	ebb_global_disable();
	good = good && ebb_trigger(group.leader) == 0 && ebb_trigger(group.member) == 0;
	group.armed = true;
	if (sigsetjmp(back, 0) == 0)
		ebb_global_enable();
	ebb_global_disable();
	tell(&group, group.leader, &leader);
	tell(&group, group.member, &member);
	check(source,
	      good && !group.armed && leader.delivered + leader.held >= 1 &&
		      member.delivered + member.held >= 1 && leader.held + member.held == 1,
	      "ebb_rearm() for two that overflowed: the second is counted as held");
	ebb_global_enable();
	group.member_calls = 0;
	if (good)
		source->overflow_member();
	check(source, good && group.member_calls > 0, "and it branches later");
	end(&group);
}

static int take_pmu(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.config = PERF_COUNT_HW_CPU_CYCLES,
					.size = sizeof attr,
					.pinned = 1 };

	return (int)syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static int taken = -1;

static void lose(struct ebb_event *event, void *context)
{
	struct group *group = context;

	group->leader_calls += event == group->leader;
	taken = take_pmu();
	/* It is put off where the thread is next scheduled. */
	usleep(10000);
}

/* At its end the registers are not the library's any more. */
static void check_lost_in_handler(const struct source *source)
{
	struct group group = { .leader = NULL };
	bool good = begin(source, lose, &group);

	good = good && ebb_trigger(group.leader) == 0 && group.leader_calls == 1;
	check(source, good && taken >= 0 && ebb_trigger(group.leader) == -EBUSY,
	      "put off the PMU while the handler runs: it ends well");
	close(taken);
	end(&group);
}

static void check_off_pmu(const struct source *source)
{
	struct group group = { .leader = NULL };
	bool good = begin(source, trigger_both, &group);
	int taker = take_pmu();
	int refused;

	usleep(10000);
	refused = good ? ebb_trigger(group.leader) : 0;
	check(source, good && taker >= 0 && refused == -EBUSY && strstr(ebb_error(), "pinned"),
	      "by hand, off the PMU: EBUSY");
	refused = good ? ebb_trigger(group.member) : 0;
	check(source, refused == -EBUSY, "its member: EBUSY");
	ebb_global_disable();
	ebb_global_enable();
	close(taker);
	end(&group);
	memset(&group, 0, sizeof group);
	good = begin(source, trigger_both, &group);
	check(source, good && ebb_trigger(group.leader) == 0 && group.leader_calls > 0,
	      "closed and opened again: a branch");
	end(&group);
	check_lost_in_handler(source);
}
#else
static void check_rearm(const struct source *source)
{
	printf("ok %d - %s: ebb_rearm() for two that overflowed # SKIP of signals each is one "
	       "branch\n",
	       ++tap_count, source->name);
}

static void check_off_pmu(const struct source *source)
{
	printf("ok %d - %s: by hand, off the PMU # SKIP a signal needs no PMU\n", ++tap_count,
	       source->name);
}
#endif

int main(void)
{
	for (const struct source *source = sources; source->name; source++) {
		if (source_is_absent(source)) {
			printf("ok %d - %s # SKIP %s\n", ++tap_count, source->name, ebb_error());
			continue;
		}
		check_in_handler(source);
		check_rearm(source);
		check_off_pmu(source);
	}
	return tap_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* Each rule of pmu-ebb.rst, "Creating an EBB event", broken one by one. */

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <string.h>

#include "tap.h"

/* An event that each machine under test has. */
static struct perf_event_attr leader_attr(void)
{
#ifdef __powerpc64__
	return (struct perf_event_attr){ .type = PERF_TYPE_RAW,
					 .config = 0x1001e | EBB_CONFIG,
					 .exclude_kernel = 1,
					 .pinned = 1,
					 .exclusive = 1 };
#else
	return (struct perf_event_attr){ .type = PERF_TYPE_SOFTWARE,
					 .config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
					 .exclude_kernel = 1,
					 .pinned = 1,
					 .exclusive = 1 };
#endif
}

/* Refused by the error, with words for it, and the output is untouched. */
static void refused(const char *name, int error, struct perf_event_attr attr, uint64_t period,
		    struct ebb_event *leader, pid_t thread)
{
	struct ebb_event *event = NULL;
	int seen = ebb_event_open(&attr, period, leader, thread, &event);

	if (seen != error)
		printf("# %s: %d\n", name, seen);
	result(seen == error && !event && *ebb_error(), name);
}

#define BROKEN(field, value)                                                          \
	do {                                                                          \
		struct perf_event_attr attr = leader_attr();                          \
		attr.field = (value);                                                 \
		refused(#field " = " #value ": EINVAL", -EINVAL, attr, 100, NULL, 0); \
	} while (0)

static void check_attributes(void)
{
	BROKEN(inherit, 1);
	BROKEN(freq, 1);
	BROKEN(sample_period, 1);
	BROKEN(sample_type, PERF_SAMPLE_IP);
	BROKEN(enable_on_exec, 1);
	BROKEN(pinned, 0);
	BROKEN(exclusive, 0);
	refused("no task: EINVAL", -EINVAL, leader_attr(), 100, NULL, -1);
	refused("a thread of another process: ESRCH", -ESRCH, leader_attr(), 100, NULL, 1);
	refused("period 0: EINVAL", -EINVAL, leader_attr(), 0, NULL, 0);
	refused("period 0x80000000: EINVAL", -EINVAL, leader_attr(), 0x80000000, NULL, 0);
}

static void check_group(struct ebb_event *leader)
{
	struct perf_event_attr attr = leader_attr();
	struct ebb_event *member = NULL;

	refused("a pinned and exclusive member: EINVAL", -EINVAL, attr, 100, leader, 0);
	attr.pinned = 0;
	attr.exclusive = 0;
#ifdef __powerpc64__
	attr.config = 0x2001e | EBB_CONFIG;
#endif
	attr.config &= ~EBB_CONFIG;
	refused("a member that does not ask for EBB: EINVAL", -EINVAL, attr, 100, leader, 0);
	attr.config |= EBB_CONFIG;
	result(ebb_event_open(&attr, 100, leader, 0, &member) == 0, "a member that agrees");
	if (!member)
		return;
	refused("a member's member: EINVAL", -EINVAL, attr, 100, member, 0);
	result(ebb_event_enable(member) == -EINVAL, "a member is not enabled alone: EINVAL");
	result(ebb_trigger(member) == -EINVAL, "trigger of an event that is disabled: EINVAL");
	result(ebb_event_enable(leader) == 0, "the leader is enabled");
	result(ebb_event_enable(leader) == -EINVAL, "enabled twice: EINVAL");
	refused("a member of an enabled leader: EINVAL", -EINVAL, attr, 100, leader, 0);
}

static void check_sources(void)
{
	struct perf_event_attr attr = leader_attr();

	attr.config = PERF_COUNT_SW_CONTEXT_SWITCHES | EBB_CONFIG;
#ifdef __powerpc64__
	refused("no PMC is named: EINVAL", -EINVAL, attr, 100, NULL, 0);
	attr.type = PERF_TYPE_SOFTWARE;
	refused("a software event: EOPNOTSUPP", -EOPNOTSUPP, attr, 100, NULL, 0);
#else
	refused("context switches: EOPNOTSUPP", -EOPNOTSUPP, attr, 100, NULL, 0);
	attr.config = PERF_COUNT_SW_TASK_CLOCK | EBB_CONFIG;
	refused("a clock of 99999 ns: EINVAL", -EINVAL, attr, 99999, NULL, 0);
	attr.type = PERF_TYPE_BREAKPOINT;
	attr.config = EBB_CONFIG;
	attr.bp_type = HW_BREAKPOINT_X;
#ifndef __x86_64__
	refused("a breakpoint: EOPNOTSUPP", -EOPNOTSUPP, attr, 1, NULL, 0);
#else
	refused("an execute breakpoint: EINVAL", -EINVAL, attr, 1, NULL, 0);
#endif
#endif
}

int main(void)
{
	struct perf_event_attr attr = leader_attr();
	struct ebb_event *leader = NULL;

	check_attributes();
	check_sources();
	result(ebb_set_handler(NULL, NULL, 4) == -EINVAL, "save = 4: EINVAL");
	result(ebb_global_enable() == -EINVAL, "global enable without a handler: EINVAL");
	result(ebb_event_open(&attr, 0x7fffffff, NULL, 0, &leader) == 0, "a leader by the rules");
	if (leader) {
		check_group(leader);
		result(ebb_event_close(leader) == 0, "the group is closed");
	} else {
		printf("# %s\n", ebb_error());
	}
	return tap_end();
}

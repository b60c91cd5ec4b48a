/* SPDX-License-Identifier: BSD-2-Clause */

/* "Creating an EBB event": the library's rules (rules.c) are POWER's kernel's own. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "seed.h"

/* A member that neither is pinned nor exclusive, and does not ask for branches. */
static struct perf_event_attr plain_attr(void)
{
	struct perf_event_attr attr = seed_attr();

	attr.pinned = 0;
	attr.exclusive = 0;
#ifdef __powerpc64__
	attr.config = 0x2001e;
#else
	attr.config = PERF_COUNT_HW_CPU_CYCLES;
#endif
	return attr;
}

static bool refused(const struct perf_event_attr *attr, pid_t thread, int cpu, int group)
{
	int fd = seed_raw(attr, thread, cpu, group);
	int error = errno;

	if (fd >= 0)
		close(fd);
	else if (error != EINVAL)
		printf("# errno %d\n", error);
	return fd < 0 && error == EINVAL;
}

/* The kernel takes the leader, and refuses the member. */
static bool member_refused(const struct perf_event_attr *leader,
			   const struct perf_event_attr *member)
{
	int fd = seed_raw(leader, 0, -1, -1);
	bool seen = fd >= 0 && refused(member, 0, -1, fd);

	if (fd >= 0)
		close(fd);
	return seen;
}

static struct perf_event_attr counting_leader(void)
{
	struct perf_event_attr attr = seed_attr();

	attr.config &= ~EBB_CONFIG;
	return attr;
}

static bool pinned_member_refused(void)
{
	struct perf_event_attr leader = counting_leader();
	struct perf_event_attr member = plain_attr();

	member.pinned = 1;
	return member_refused(&leader, &member);
}

static bool exclusive_member_refused(void)
{
	struct perf_event_attr leader = counting_leader();
	struct perf_event_attr member = plain_attr();

	member.exclusive = 1;
	return member_refused(&leader, &member);
}

static bool library_refuses_plain_leader(void)
{
	struct perf_event_attr attr = counting_leader();
	struct ebb_event *event = NULL;
	int seen = ebb_event_open(&attr, SEED_PERIOD, NULL, 0, &event);

	return !seed_close(event) && seen == -EINVAL && *ebb_error();
}

static bool library_refuses_plain_member(void)
{
	struct perf_event_attr attr = plain_attr();
	struct ebb_event *leader = seed_open(0);
	struct ebb_event *member = NULL;
	bool seen = leader && ebb_event_open(&attr, SEED_PERIOD, leader, 0, &member) == -EINVAL &&
		    !member;

	return seed_close(leader) && seen;
}

#ifdef __powerpc64__
static bool taken(void)
{
	struct perf_event_attr attr = seed_attr();
	int fd = seed_raw(&attr, 0, -1, -1);

	return fd >= 0 && close(fd) == 0;
}

#define REFUSED(name, field, wrong)                        \
	static bool name(void)                             \
	{                                                  \
		struct perf_event_attr attr = seed_attr(); \
                                                           \
		attr.field = (wrong);                      \
		return refused(&attr, 0, -1, -1);          \
	}

REFUSED(pinned, pinned, 0)
REFUSED(exclusive, exclusive, 0)
REFUSED(inherit, inherit, 1)
REFUSED(period, sample_period, SEED_PERIOD)
REFUSED(type, sample_type, PERF_SAMPLE_IP)
REFUSED(freq, freq, 1)
REFUSED(exec, enable_on_exec, 1)
REFUSED(pmc, config, 0x1e | EBB_CONFIG)

static bool task(void)
{
	struct perf_event_attr attr = seed_attr();

	return refused(&attr, -1, 0, -1);
}

static bool plain_member(void)
{
	struct perf_event_attr leader = seed_attr();
	struct perf_event_attr member = plain_attr();

	return member_refused(&leader, &member);
}

static bool ebb_member(void)
{
	struct perf_event_attr leader = counting_leader();
	struct perf_event_attr member = plain_attr();

	member.config |= EBB_CONFIG;
	return member_refused(&leader, &member);
}

/* All that a member may have is taken, but for what the others here are refused for. */
static bool member_taken(void)
{
	struct perf_event_attr attr = seed_attr();
	struct perf_event_attr member = plain_attr();
	int leader = seed_raw(&attr, 0, -1, -1);
	int fd;

	member.config |= EBB_CONFIG;
	fd = seed_raw(&member, 0, -1, leader);
	if (fd >= 0)
		close(fd);
	return leader >= 0 && close(leader) == 0 && fd >= 0;
}

/*
 * Cycles on PMC1 to 4, run cycles on PMC6. PMC5 has instructions alone, of which QEMU 7.2 loses the
 * branch: BESCR's GE is cleared, and the program goes on where it was.
 */
static bool each_pmc(void)
{
	static const uint64_t configs[] = { 0x1001e, 0x2001e, 0x3001e, 0x4001e, 0x600f4 };
	bool all = true;

	seed_set_handler();
	ebb_global_enable();
	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
		struct perf_event_attr attr = seed_attr();
		struct ebb_event *event = NULL;
		bool branched;

		attr.config = configs[i] | EBB_CONFIG;
		branched = ebb_event_open(&attr, SEED_PERIOD, NULL, 0, &event) == 0 &&
			   ebb_event_enable(event) == 0 && seed_branches();
		if (!branched)
			printf("# %#jx: no branch, %s\n", (uintmax_t)configs[i], ebb_error());
		all = seed_close(event) && branched && all;
	}
	return all;
}
#endif

#define KERNEL "the rules of a config with bit 63 are those of POWER's kernel"

const struct statement seed_creating[] = {
	{ "bit 63 of the event code asks for EBB: the kernel takes it", POWER(taken), KERNEL },
	{ "the kernel refuses it not pinned: EINVAL", POWER(pinned), KERNEL },
	{ "the kernel refuses it not exclusive: EINVAL", POWER(exclusive), KERNEL },
	{ "the kernel refuses inherit: EINVAL", POWER(inherit), KERNEL },
	{ "the kernel refuses sample_period: EINVAL", POWER(period), KERNEL },
	{ "the kernel refuses sample_type: EINVAL", POWER(type), KERNEL },
	{ "the kernel refuses freq: EINVAL", POWER(freq), KERNEL },
	{ "the kernel refuses enable_on_exec: EINVAL", POWER(exec), KERNEL },
	{ "the kernel refuses a CPU in place of a task: EINVAL", POWER(task), KERNEL },
	{ "the kernel refuses an event that names no PMC: EINVAL", POWER(pmc), KERNEL },
	{ "a group agrees: the kernel takes an EBB member of an EBB leader", POWER(member_taken),
	  KERNEL },
	{ "a group agrees: the kernel refuses a regular member: EINVAL", POWER(plain_member),
	  KERNEL },
	{ "a group agrees: the kernel refuses an EBB member of a regular leader: EINVAL",
	  POWER(ebb_member), KERNEL },
	{ "a group agrees: the library refuses a regular member: EINVAL",
	  library_refuses_plain_member, NULL },
	{ "a group agrees: the library refuses a regular leader: EINVAL",
	  library_refuses_plain_leader, NULL },
	{ "only the leader is pinned: the kernel refuses a pinned member: EINVAL",
	  pinned_member_refused, NULL },
	{ "only the leader is exclusive: the kernel refuses an exclusive member: EINVAL",
	  exclusive_member_refused, NULL },
	{ "an event that names its PMC, each that counts cycles: branches", POWER(each_pmc),
	  "PMCs are POWER's" },
	{ NULL, NULL, NULL },
};

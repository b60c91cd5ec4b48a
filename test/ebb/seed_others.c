/* SPDX-License-Identifier: BSD-2-Clause */

/* Other threads and processes: "Background", and "Fork". */

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seed.h"

static bool no_event(void)
{
	seed_set_handler();
	return ebb_global_enable() == 0 && !seed_branches();
}

static bool not_enabled(void)
{
	struct ebb_event *event = seed_open(0);
	bool silent;
	bool branched;

	seed_set_handler();
	ebb_global_disable();
	silent = event && ebb_event_enable(event) == 0 && !seed_branches();
	ebb_global_enable();
	branched = seed_branches();
	return seed_close(event) && silent && branched;
}

/* A thread that is given an event by another one. */
struct target {
	sem_t ready;
	sem_t given;
	pid_t thread;
	bool enables_first;
	struct ebb_event *event;
	bool enabled; /* the event */
	bool branched_before;
	bool branched_after; /* it has enabled branches */
};

static void *be_target(void *argument)
{
	struct target *target = argument;

	target->thread = gettid();
	seed_set_handler();
	if (target->enables_first)
		ebb_global_enable();
	sem_post(&target->ready);
	sem_wait(&target->given);
	target->enabled = target->event && ebb_event_enable(target->event) == 0;
	target->branched_before = seed_branches();
	ebb_global_enable();
	target->branched_after = seed_branches();
	seed_close(target->event);
	return NULL;
}

/* ret_here: whether the caller, which has enabled branches, had one. */
static struct target give(bool enables_first, bool *ret_here)
{
	struct target target = { .enables_first = enables_first };
	pthread_t thread;

	sem_init(&target.ready, 0, 0);
	sem_init(&target.given, 0, 0);
	pthread_create(&thread, NULL, be_target, &target);
	sem_wait(&target.ready);
	target.event = seed_open(target.thread);
	seed_set_handler();
	ebb_global_enable();
	sem_post(&target.given);
	*ret_here = seed_branches();
	pthread_join(thread, NULL);
	return target;
}

static bool thread_enables_later(void)
{
	bool here;
	struct target target = give(false, &here);

	return target.enabled && !target.branched_before && target.branched_after;
}

static bool thread_enabled_first(void)
{
	bool here;
	struct target target = give(true, &here);

	return target.enabled && target.branched_before && target.branched_after;
}

static bool thread_alone(void)
{
	bool here;
	struct target target = give(true, &here);

	return target.branched_after && !here;
}

#define CHILD_NOT_CLEAR 1
#define CHILD_BRANCHED  2
#define CHILD_NO_BRANCH 4
#define PARENT_BRANCHED 8
#define PARENT_GOES_ON  16

#ifdef __powerpc64__
#define read_spr(number)                                                 \
	__extension__({                                                  \
		uint64_t spr_value;                                      \
		__asm__ volatile("mfspr %0," #number : "=r"(spr_value)); \
		spr_value;                                               \
	})

/* How many of BESCR, EBBHR and EBBRR are set. */
static int state(void)
{
	return (read_spr(806) != 0) + (read_spr(804) != 0) + (read_spr(805) != 0);
}
#define STATE_SET 3
#else
/* The handler and the address, which stand for these registers. */
static int state(void)
{
	return (ebb_global_enable() == 0) + (ebb_address() != 0);
}
#define STATE_SET 2
#endif

static int be_child(void)
{
	int seen = state() ? CHILD_NOT_CLEAR : 0;
	struct ebb_event *event;

	if (ebb_global_enable() != -EINVAL || ebb_address() != 0)
		seen |= CHILD_NOT_CLEAR;
	seed_set_handler();
	ebb_global_enable();
	if (seed_branches())
		seen |= CHILD_BRANCHED;
	event = seed_enabled();
	if (!event || !seed_branches() || !seed_close(event))
		seen |= CHILD_NO_BRANCH;
	return seen;
}

/* What was wrong in the child, and PARENT_ of its parent; -1 where it ended by a signal. */
static int fork_one(void)
{
	struct ebb_event *event = seed_enabled();
	bool branched = event && seed_branches() && state() == STATE_SET;
	int status = -1;
	int seen = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(be_child());
	waitpid(child, &status, 0);
	if (WIFEXITED(status))
		seen = WEXITSTATUS(status) | (branched ? PARENT_BRANCHED : 0) |
		       (seed_branches() ? PARENT_GOES_ON : 0);
	if (seen != (PARENT_BRANCHED | PARENT_GOES_ON))
		printf("# seen %d, status %#x\n", seen, (unsigned)status);
	seed_close(event);
	return seen;
}

/* wanted and no one of the unwanted. */
static bool forked(int wanted, int unwanted)
{
	int seen = fork_one();

	return seen >= 0 && (seen & wanted) == wanted && !(seen & unwanted);
}

static bool child_is_clear(void)
{
	return forked(PARENT_BRANCHED, CHILD_NOT_CLEAR);
}

static bool child_has_no_event(void)
{
	return forked(PARENT_BRANCHED, CHILD_BRANCHED);
}

static bool child_opens_own(void)
{
	return forked(PARENT_BRANCHED, CHILD_NO_BRANCH);
}

static bool parent_goes_on(void)
{
	return forked(PARENT_BRANCHED | PARENT_GOES_ON, 0);
}

#ifdef __powerpc64__
#define PMC_START    (0x80000000 - SEED_PERIOD)
#define MMCR0_FC     UINT64_C(0x80000000)
#define MMCR0_PMAE   UINT64_C(0x04000000)
#define MMCR0_PMAO   UINT64_C(0x00000080)
#define HAD_A_BRANCH 1

/* It has no event of the library, which so notes the branch and its address alone. */
static int be_attached(bool willing, int ready, int go)
{
	uint64_t mmcr0;
	char byte = 0;

	seed_set_handler();
	if (willing)
		ebb_global_enable();
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		return 2;
	mmcr0 = (read_spr(779) & ~(MMCR0_FC | MMCR0_PMAO)) | MMCR0_PMAE;
	__asm__ volatile("mtspr 771, %0" : : "r"((uint64_t)PMC_START));
	__asm__ volatile("mtspr 779, %0" : : "r"(mmcr0) : "memory");
	seed_spin();
	return ebb_address() ? HAD_A_BRANCH : 0;
}

/* The exit status of a child that this process attached an event to; -1 where it has none. */
static int attach(bool willing)
{
	struct perf_event_attr attr = seed_attr();
	int ready[2];
	int go[2];
	int status = -1;
	int event = -1;
	char byte = 0;
	pid_t child;

	if (pipe(ready) < 0 || pipe(go) < 0)
		return -1;
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(be_attached(willing, ready[1], go[0]));
	if (read(ready[0], &byte, 1) == 1)
		event = seed_raw(&attr, child, -1, -1);
	if (write(go[1], &byte, 1) == 1)
		waitpid(child, &status, 0);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	if (event < 0 || close(event) < 0 || !WIFEXITED(status)) {
		printf("# event %d, status %#x\n", event, (unsigned)status);
		return -1;
	}
	return WEXITSTATUS(status);
}

static bool willing_process(void)
{
	return attach(true) == HAD_A_BRANCH;
}

static bool unwilling_process(void)
{
	return attach(false) == 0;
}
#endif

#define OFFERED "the library's signals are of events that the process itself has accepted"

const struct statement seed_others[] = {
	{ "branches enabled, and no event: none", no_event, NULL },
	{ "an event, and branches not enabled: none until they are", not_enabled, NULL },
	{ "an event from another thread: no branch until this one enables them",
	  thread_enables_later, NULL },
	{ "branches enabled, an event from another thread later: branches", thread_enabled_first,
	  NULL },
	{ "an event for another thread: no branch in the one that opened it", thread_alone, NULL },
	{ "a process that enabled branches, an event from another one: a branch",
	  POWER(willing_process), OFFERED },
	{ "a process that did not, an event from another one: none", POWER(unwilling_process),
	  OFFERED },
	{ "fork: the child's BESCR, EBBHR and EBBRR, or what stands for them, are clear",
	  child_is_clear, NULL },
	{ "fork: the child has no event: no branch", child_has_no_event, NULL },
	{ "fork: the child opens an event of its own: branches", child_opens_own, NULL },
	{ "fork: the parent's branches go on", parent_goes_on, NULL },
	{ NULL, NULL, NULL },
};

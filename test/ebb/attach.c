/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Events that perfmond opens: ebb-attach [--refused] NODE CHECK
 *
 *   self       for this thread, what a program may not open itself
 *   willing    for a child that takes part, and for one that does not
 *   ends       a child that execs, forks, dies
 *   legacy     by a legacy event's name
 *   thread ID  for a thread of another user: EPERM
 *   without    with no perfmond, or no right to its node: an error that names both
 *   victim     takes page faults and ends well
 *
 * --refused: perf_event_open(2) answers EACCES to this program, as at perf_event_paranoid 3.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <perfmon/ebb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define FAULTS 1000

static bool refused;
static const char *node;
static const char *program;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* How many are passed: more are not there to be read. */
static int arguments_of(long number)
{
	switch (number) {
	case SYS_tgkill:
		return 3;
	case SYS_rt_tgsigqueueinfo:
		return 4;
	default: /* SYS_perf_event_open */
		return 5;
	}
}

long __wrap_syscall(long number, ...)
{
	long value[6] = { 0 };
	va_list arguments;

	if (refused && number == SYS_perf_event_open) {
		errno = EACCES;
		return -1;
	}
	va_start(arguments, number);
	for (int i = 0; i < arguments_of(number); i++)
		value[i] = va_arg(arguments, long);
	va_end(arguments);
	return __real_syscall(number, value[0], value[1], value[2], value[3], value[4], value[5]);
}

/* An event that is exact: on POWER the library branches for the PMU's alone. */
static struct perf_event_attr event_attr(bool leads)
{
	return (struct perf_event_attr){
#ifdef __powerpc64__
		.type = PERF_TYPE_RAW,
		.config = (leads ? 0x1001e : 0x2001e) | EBB_CONFIG,
#else
		.type = PERF_TYPE_SOFTWARE,
		.config = (leads ? PERF_COUNT_SW_PAGE_FAULTS : PERF_COUNT_SW_PAGE_FAULTS_MAJ) |
			  EBB_CONFIG,
#endif
		.exclude_kernel = 1,
		.pinned = leads,
		.exclusive = leads,
	};
}

/*
 * QEMU's POWER9 counts the kernel in all modes, and an overflow in the midst of exec would branch
 * afterwards, as the kernel leaves BESCR: that period is longer than exec.
 */
#ifdef __powerpc64__
#define PERIOD      10000
#define EXEC_PERIOD 20000000
#else
#define PERIOD      1
#define EXEC_PERIOD 1
#endif

static volatile unsigned calls;

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

#define CHUNKS 20

/*
 * For as long as FAULTS periods, and longer. QEMU 7.2's POWER9 loses a branch in some 500,000, and
 * leaves GE clear: to enable branches is to have it again.
 */
static void spin(bool branching)
{
	for (int chunk = 0; chunk < CHUNKS; chunk++) {
		unsigned before = calls;

		for (volatile int i = 0; i < PERIOD * FAULTS / CHUNKS; i++)
			;
#ifdef __powerpc64__
		if (branching && calls == before) {
			printf("# a branch was lost after %u: enabled again\n", before);
			ebb_global_enable();
		}
#else
		(void)branching;
		(void)before;
#endif
	}
}

/* A thousand page faults, or some millions of instructions. */
static void work(bool branching)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, page * FAULTS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	madvise(pages, page * FAULTS, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < FAULTS; i++)
		*(volatile char *)(pages + i * page) = 1;
	munmap(pages, page * FAULTS);
	spin(branching);
}

/* Some faults of the program's own may come to those of work(). */
static bool is_all(uint64_t branches)
{
#ifdef __powerpc64__
	return branches >= FAULTS;
#else
	return branches >= FAULTS && branches < FAULTS + 30;
#endif
}

static bool says(int result, const char *what)
{
	if (result < 0)
		printf("# %s: %s: %s\n", what, strerrorname_np(-result), ebb_error());
	return result == 0;
}

/* Enables an event of this thread, works, and closes it: every fault has branched. */
static bool branches(struct ebb_event *event)
{
	struct ebb_stats stats;

	calls = 0;
	if (!says(ebb_set_handler(count, NULL, EBB_SAVE_VSR), "handler") ||
	    !says(ebb_event_enable(event), "enable") || !says(ebb_global_enable(), "global"))
		return false;
	work(true);
	ebb_global_disable();
	ebb_event_stats(event, &stats);
	if (!is_all(stats.delivered) || calls < stats.delivered)
		printf("# %ju delivered, %u calls\n", (uintmax_t)stats.delivered, calls);
	return is_all(stats.delivered) && calls >= stats.delivered &&
	       says(ebb_event_close(event), "close");
}

static void check_self(void)
{
	struct perf_event_attr attr = event_attr(true);
	struct perf_event_attr second = event_attr(false);
	struct ebb_event *event = NULL;
	struct ebb_event *member = NULL;

	result(says(ebb_event_open(&attr, PERIOD, NULL, 0, &event), "open"),
	       "an event for this thread, by perfmond");
	result(event && branches(event), "each overflow branches");
	result(says(ebb_event_open(&attr, PERIOD, NULL, 0, &event), "leader") &&
		       says(ebb_event_open(&second, PERIOD, event, 0, &member), "member"),
	       "a group, by perfmond");
	result(member && branches(event), "its leader branches");
	attr.exclude_kernel = 0;
	result(ebb_event_open(&attr, PERIOD, NULL, 0, &event) == -EINVAL && *ebb_error(),
	       "one that counts the kernel too: EINVAL");
}

/* A process of this user; gives the read end of what it says, and the write end of what it hears.
 */
static pid_t start(int (*run)(int hear, int say), int *ret_hear, int *ret_say)
{
	int down[2];
	int up[2];
	pid_t child;

	if (pipe(down) < 0 || pipe(up) < 0)
		exit(1);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(down[1]);
		close(up[0]);
		_exit(run(down[0], up[1]));
	}
	close(down[0]);
	close(up[1]);
	*ret_hear = up[0];
	*ret_say = down[1];
	return child;
}

/* 0 for an end by exit(0). */
static int end_of(pid_t child, int hear, int say)
{
	int status = -1;

	close(hear);
	close(say);
	waitpid(child, &status, 0);
	if (status)
		printf("# it ended with status 0x%x\n", (unsigned)status);
	return status;
}

static struct ebb_event *accept_next(int hear)
{
	uint64_t token;
	struct ebb_event *event = NULL;

	if (read(hear, &token, sizeof token) == sizeof token)
		says(ebb_event_accept(token, &event), "accept");
	return event;
}

static int take_part(int hear, int say)
{
	struct ebb_event *leader = accept_next(hear);
	struct ebb_event *member = accept_next(hear);

	(void)say;
	return leader && member && branches(leader) ? 0 : 1;
}

static int take_no_part(int hear, int say)
{
	char byte;

	(void)say;
	if (read(hear, &byte, 1) != 1)
		return 1;
	work(false);
	return 0;
}

static uint64_t offer(pid_t thread, uint64_t period, uint64_t leader)
{
	struct perf_event_attr attr = event_attr(!leader);
	uint64_t token = 0;

	says(ebb_event_offer(&attr, period, leader, thread, &token), "offer");
	return token;
}

static void check_willing(void)
{
	struct ebb_event *event = NULL;
	uint64_t tokens[2];
	int hear;
	int say;
	pid_t child = start(take_part, &hear, &say);

	tokens[0] = offer(child, PERIOD, 0);
	tokens[1] = offer(child, 0x7fffffff, tokens[0]);
	result(tokens[0] && tokens[1], "events for another process");
	result(ebb_event_accept(tokens[0], &event) == -ENOENT && !event,
	       "another process cannot take them: ENOENT");
	result(write(say, tokens, sizeof tokens) == sizeof tokens && end_of(child, hear, say) == 0,
	       "its own process takes them, and each overflow branches");
	result(ebb_event_accept(tokens[0], &event) == -ENOENT, "no token serves twice: ENOENT");
	child = start(take_no_part, &hear, &say);
	result(offer(child, PERIOD, 0) != 0 && write(say, "", 1) == 1 &&
		       end_of(child, hear, say) == 0,
	       "one that takes no part is not signalled");
}

static int exec_enabled(int hear, int say)
{
	struct ebb_event *event = accept_next(hear);

	(void)say;
	if (!event || ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0 ||
	    ebb_event_enable(event) < 0 || ebb_global_enable() < 0)
		return 2;
	execl(program, program, node, "victim", (char *)NULL);
	return 3;
}

/* For longer than EXEC_PERIOD. */
static void be_victim(void)
{
	work(false);
	for (volatile int i = 0; i < EXEC_PERIOD; i++)
		;
}

static int fork_enabled(int hear, int say)
{
	struct ebb_event *event = accept_next(hear);
	int status = -1;
	pid_t child;

	(void)say;
	if (!event || ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0 ||
	    ebb_event_enable(event) < 0 || ebb_global_enable() < 0)
		return 2;
	child = fork();
	if (child == 0) {
		calls = 0;
		work(false);
		_exit(calls == 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	calls = 0;
	work(false);
	return status == 0 && calls >= FAULTS ? 0 : 1;
}

static int die_enabled(int hear, int say)
{
	struct ebb_event *event = accept_next(hear);

	if (!event || ebb_set_handler(count, NULL, EBB_SAVE_VSR) < 0 ||
	    ebb_event_enable(event) < 0 || ebb_global_enable() < 0 || write(say, "", 1) != 1)
		return 2;
	for (;;)
		work(false);
}

static void check_ends(void)
{
	uint64_t token;
	int hear;
	int say;
	char byte;
	int status = 0;
	pid_t child = start(exec_enabled, &hear, &say);

	token = offer(child, EXEC_PERIOD, 0);
	result(write(say, &token, sizeof token) == sizeof token && end_of(child, hear, say) == 0,
	       "nothing survives exec");
	child = start(fork_enabled, &hear, &say);
	token = offer(child, PERIOD, 0);
	result(write(say, &token, sizeof token) == sizeof token && end_of(child, hear, say) == 0,
	       "a forked child has no event, and its parent keeps it");
	child = start(die_enabled, &hear, &say);
	token = offer(child, PERIOD, 0);
	result(write(say, &token, sizeof token) == sizeof token && read(hear, &byte, 1) == 1 &&
		       kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child &&
		       WIFSIGNALED(status),
	       "one that dies with an event");
	close(hear);
	close(say);
	result(offer(child, PERIOD, 0) == 0, "and has no more after that");
}

static void check_thread(pid_t thread)
{
	struct perf_event_attr attr = event_attr(true);
	uint64_t token = 0;

	result(ebb_event_offer(&attr, PERIOD, 0, thread, &token) == -EPERM && !token,
	       "a thread of another user: EPERM");
}

static void check_without(void)
{
	struct perf_event_attr attr = event_attr(true);
	struct ebb_event *event = NULL;
	int seen = ebb_event_open(&attr, PERIOD, NULL, 0, &event);

	printf("# %s\n", ebb_error());
	result((seen == -ENODEV || seen == -EACCES) && strstr(ebb_error(), "perfmond") &&
		       strstr(ebb_error(), "perf_event_paranoid"),
	       "no perfmond: the error names it, and the level");
}

static void check_legacy(void)
{
	struct perf_event_attr attr = { .exclude_kernel = 1, .pinned = 1, .exclusive = 1 };
	struct ebb_event *event = NULL;
	int seen = ebb_legacy(PMC6_INST_RETIRED | PMCF_USR << 16, &attr);
	bool none = seen == -EOPNOTSUPP;

	/* Refused only where the kernel has no such event. */
	if (none)
		attr.config = PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG;
	result((seen == 0 || none) && attr.config & EBB_CONFIG,
	       "PMC6_INST_RETIRED by its legacy name");
	seen = ebb_event_open(&attr, 1000, NULL, 0, &event);
	if (none)
		result(seen == -EOPNOTSUPP, "it branches: no more than the kernel's own event");
	else if (seen == -EOPNOTSUPP)
		printf("ok %d - it branches # SKIP %s\n", ++tap_count, ebb_error());
	else
		result(says(seen, "open") && ebb_set_handler(count, NULL, EBB_SAVE_VSR) == 0 &&
			       says(ebb_event_enable(event), "enable") &&
			       ebb_global_enable() == 0 && (calls = 0, work(false), calls > 0) &&
			       ebb_event_close(event) == 0,
		       "it branches");
	result(ebb_legacy(PMC6_BUS_DRDY_CLOCKS | PMCF_USR << 16, &attr) == -EOPNOTSUPP &&
		       *ebb_error(),
	       "a legacy event that nothing stands for: EOPNOTSUPP");
}

int main(int argc, char *argv[])
{
	int first = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	program = argv[0];
	refused = argc > 1 && strcmp(argv[1], "--refused") == 0;
	first += refused;
	if (argc < first + 2)
		return 2;
	node = argv[first];
	setenv("PERFMON_DEVICE", node, 1);
	if (strcmp(argv[first + 1], "self") == 0)
		check_self();
	else if (strcmp(argv[first + 1], "willing") == 0)
		check_willing();
	else if (strcmp(argv[first + 1], "ends") == 0)
		check_ends();
	else if (strcmp(argv[first + 1], "legacy") == 0)
		check_legacy();
	else if (strcmp(argv[first + 1], "without") == 0)
		check_without();
	else if (strcmp(argv[first + 1], "thread") == 0 && argc == first + 3)
		check_thread(atoi(argv[first + 2]));
	else if (strcmp(argv[first + 1], "victim") == 0)
		be_victim();
	else
		return 2;
	return tap_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Branches on a kernel before 5.13, whose perf events send no SIGTRAP of their own: linked with
 * --wrap=syscall, so that perf_event_open(2) answers as such a kernel does, and all else is real.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define TOUCHES 1000
#define TICKS   100

/* In names of the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static unsigned refused;
static unsigned opened;

/*
 * linux/kernel/events/core.c, perf_copy_attr(), of 5.12: what lies beyond PERF_ATTR_SIZE_VER6 is
 * E2BIG where it is not 0, and the attribute's size is told; reserved bits are EINVAL.
 */
static int refuse(struct perf_event_attr *attr)
{
	if (attr->size > PERF_ATTR_SIZE_VER6 && attr->sig_data) {
		attr->size = PERF_ATTR_SIZE_VER6;
		return E2BIG;
	}
	return attr->sigtrap || attr->remove_on_exec || attr->inherit_thread ? EINVAL : 0;
}

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
	long words[6] = { 0 };
	int error = 0;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < arguments_of(number); i++)
		words[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_perf_event_open) {
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): it was a pointer */
		error = refuse((struct perf_event_attr *)(uintptr_t)words[0]);
		refused += error != 0;
		opened += error == 0;
	}
	if (error) {
		errno = error;
		return -1;
	}
	return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

struct tally {
	struct ebb_event *leader;
	struct ebb_event *member;
	volatile unsigned of_leader;
	volatile unsigned of_member;
	volatile unsigned strange; /* of neither */
	volatile unsigned outside; /* the leader's, interrupted out of the loop */
};

/* The loop's code is all that is in this section. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
extern const char __start_ebb_loop[], __stop_ebb_loop[];
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#define IN_LOOP __attribute__((noinline, section("ebb_loop")))

IN_LOOP static void touch(volatile char *page)
{
	*page = 1;
}

/* Until the events in wanted have come, or for 5 seconds of its caller's alarm. */
IN_LOOP static void spin(const volatile unsigned *seen, unsigned wanted,
			 const volatile sig_atomic_t *late)
{
	while (*seen < wanted && !*late)
		;
}

static volatile sig_atomic_t late;

static void on_alarm(int number)
{
	(void)number;
	late = 1;
}

static void count(struct ebb_event *event, void *context)
{
	struct tally *tally = context;
	uintptr_t address = ebb_address();

	if (event == tally->leader) {
		tally->of_leader++;
		tally->outside += address < (uintptr_t)__start_ebb_loop ||
				  address >= (uintptr_t)__stop_ebb_loop;
	} else if (event == tally->member) {
		tally->of_member++;
	} else {
		tally->strange++;
	}
}

static void touch_pages(unsigned times)
{
	static char *page;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (!page)
		page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; page != MAP_FAILED && i < times; i++) {
		madvise(page, size, MADV_DONTNEED);
		touch(page);
	}
}

static struct ebb_event *open_software(uint64_t config, uint64_t period, struct ebb_event *leader)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = config | EBB_CONFIG,
					.exclude_kernel = 1,
					.pinned = !leader,
					.exclusive = !leader };
	struct ebb_event *event = NULL;
	unsigned before = opened;

	if (ebb_event_open(&attr, period, leader, 0, &event) < 0)
		printf("# %s\n", ebb_error());
	return opened > before ? event : NULL;
}

static bool start(struct tally *tally)
{
	late = 0;
	alarm(5);
	return tally->leader && ebb_set_handler(count, tally, EBB_SAVE_VSR) == 0 &&
	       ebb_event_enable(tally->leader) == 0 && ebb_global_enable() == 0;
}

/* So far: a page of the program's own is new now and then, and ASan has many. */
static unsigned faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (unsigned)(usage.ru_minflt + usage.ru_majflt);
}

/* Nothing is printed meanwhile: it has page faults of its own. */
static void check_faults(void)
{
	struct tally tally = { .leader = open_software(PERF_COUNT_SW_PAGE_FAULTS, 1, NULL) };
	bool good = start(&tally);
	unsigned first, outside, disabled, enabled, triggered, closed, own;

	if (!good) {
		result(false, "1,000 page faults: as many branches");
		return;
	}
	touch_pages(TOUCHES);
	first = tally.of_leader;
	outside = tally.outside;
	ebb_global_disable();
	touch_pages(10);
	disabled = tally.of_leader;
	own = faults();
	ebb_global_enable();
	enabled = tally.of_leader;
	ebb_trigger(tally.leader);
	triggered = tally.of_leader;
	own = faults() - own;
	good = ebb_event_close(tally.leader) == 0;
	closed = tally.of_leader;
	touch_pages(10);
	printf("# %u branches, %u out of the loop; %u, %u, %u, %u, with %u of the program's own\n",
	       first, outside, disabled, enabled, triggered, closed, own);
	result(first >= TOUCHES && first < TOUCHES + 20, "1,000 page faults: as many branches");
	result(first >= TOUCHES && outside <= first - TOUCHES, "interrupted in the loop");
	result(disabled == first, "disabled: no branch");
	result(enabled - disabled - 1 <= own, "enabled: one of them branches at once");
	result(triggered - enabled - 1 <= own, "a branch by hand");
	result(good && tally.of_leader == closed, "closed: no branch");
}

static void check_clock(void)
{
	struct tally tally = { .leader = open_software(PERF_COUNT_SW_TASK_CLOCK,
						       EBB_CLOCK_PERIOD_MIN, NULL) };
	bool good = start(&tally);

	if (good)
		spin(&tally.of_leader, TICKS, &late);
	printf("# %u branches, %u out of the loop\n", tally.of_leader, tally.outside);
	result(good && !late && tally.of_leader >= TICKS, "the task clock: 100 branches");
	/* Few where the handler or the C library's part of the way back was interrupted. */
	result(good && tally.of_leader > 0 && tally.outside < TICKS / 4,
	       "in the loop, most of them");
	if (tally.leader)
		ebb_event_close(tally.leader);
}

static void check_group(void)
{
	struct tally tally = { .leader = open_software(PERF_COUNT_SW_PAGE_FAULTS, 1, NULL) };
	unsigned leaders, members;
	bool good;

	if (tally.leader)
		tally.member =
			open_software(PERF_COUNT_SW_TASK_CLOCK, EBB_CLOCK_PERIOD_MIN, tally.leader);
	good = start(&tally) && tally.member;
	if (good) {
		spin(&tally.of_member, TICKS, &late);
		touch_pages(TOUCHES);
	}
	ebb_global_disable();
	leaders = tally.of_leader;
	members = tally.of_member;
	printf("# %u of the leader, %u of the member\n", leaders, members);
	/* Two signals at once are one. */
	result(good && !late && members >= TICKS && leaders > TOUCHES * 9 / 10 &&
		       leaders < TOUCHES + 20 && !tally.strange,
	       "a leader and its member are told apart");
	if (tally.leader)
		ebb_event_close(tally.leader);
	touch_pages(10);
	result(good && tally.of_leader == leaders && tally.of_member == members,
	       "the group is closed: no branch");
}

/* As one that waited while the event was closed. */
static void check_late_signal(void)
{
	siginfo_t info = { .si_signo = SIGTRAP, .si_code = SI_SIGIO };

	info.si_fd = 1000;
	result(__real_syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGTRAP, &info) == 0,
	       "a signal of a descriptor that is closed ends nothing");
}

int main(void)
{
	signal(SIGALRM, on_alarm);
	check_faults();
	check_clock();
	check_group();
	check_late_signal();
	result(refused > 0, "the kernel is asked for sigtrap first");
	return tap_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The statements of Linux, Documentation/powerpc/pmu-ebb.rst, one by one, beside those about
 * attributes (rules.c). They are of the PMU's events: without a PMU all are skipped.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define PERIOD 100000

/* POWER's cycles on PMC1; a regular event may be on any PMC. */
#ifdef __powerpc64__
#define EBB_TYPE     PERF_TYPE_RAW
#define EBB_EVENT    (0x1001e | EBB_CONFIG)
#define OTHER_MEMBER 0x2001e
#else
#define EBB_TYPE     PERF_TYPE_HARDWARE
#define EBB_EVENT    (PERF_COUNT_HW_INSTRUCTIONS | EBB_CONFIG)
#define OTHER_MEMBER PERF_COUNT_HW_CPU_CYCLES
#endif

static volatile unsigned calls;

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

/* Some periods of either event. */
static void spin(void)
{
	for (volatile int i = 0; i < 10 * PERIOD; i++)
		;
}

static bool branches(void)
{
	unsigned before = calls;

	spin();
	return calls > before;
}

static struct perf_event_attr ebb_attr(void)
{
	return (struct perf_event_attr){ .type = EBB_TYPE,
					 .config = EBB_EVENT,
					 .size = sizeof(struct perf_event_attr),
					 .exclude_kernel = 1,
					 .pinned = 1,
					 .exclusive = 1 };
}

static struct ebb_event *open_ebb(pid_t thread)
{
	struct perf_event_attr attr = ebb_attr();
	struct ebb_event *event = NULL;

	if (ebb_event_open(&attr, PERIOD, NULL, thread, &event) < 0)
		printf("# %s\n", ebb_error());
	return event;
}

static void close_ebb(struct ebb_event *event)
{
	if (event)
		ebb_event_close(event);
}

static struct ebb_event *enabled_ebb(void)
{
	struct ebb_event *event = open_ebb(0);

	ebb_set_handler(count, NULL, EBB_SAVE_VSR);
	if (event && ebb_event_enable(event) < 0)
		printf("# %s\n", ebb_error());
	ebb_global_enable();
	return event;
}

struct times {
	uint64_t value;
	uint64_t enabled;
	uint64_t running;
};

/* A regular event, enabled: of this thread, or of the CPU that it runs on. */
static int open_regular(bool pinned, bool on_cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof attr,
		.pinned = pinned,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return (int)syscall(SYS_perf_event_open, &attr, on_cpu ? -1 : 0,
			    on_cpu ? sched_getcpu() : -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Whether it counts through a spin; end of file is no. */
static bool counts(int fd)
{
	struct times before = { 0 };
	struct times after = { 0 };

	if (read(fd, &before, sizeof before) != sizeof before)
		return false;
	spin();
	return read(fd, &after, sizeof after) == sizeof after &&
	       after.running - before.running > (after.enabled - before.enabled) / 2;
}

static bool at_end_of_file(int fd)
{
	struct times times;

	return read(fd, &times, sizeof times) == 0;
}

static void check_enabling(void)
{
	struct perf_event_attr attr = ebb_attr();
	uint64_t value;
	int fd;

#ifndef __powerpc64__
	attr.config &= ~EBB_CONFIG;
#endif
	attr.disabled = 1;
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	prctl(PR_TASK_PERF_EVENTS_ENABLE);
	result(fd >= 0 && read(fd, &value, sizeof value) == sizeof value,
	       "enabling: by prctl(2), and read(2) says that it is on the PMU");
	close(fd);
}

static void check_end_of_file(bool on_cpu, const char *refused, const char *later)
{
#ifndef __powerpc64__
	/* For this kernel an exclusive event is alone among those of its task; POWER's PMU is not
	 * shared. */
	if (on_cpu) {
		printf("ok %d - %s # SKIP the CPU's own events exclude no task's here\n",
		       ++tap_count, refused);
		return;
	}
#endif
	int regular = open_regular(true, on_cpu);
	struct ebb_event *event = open_ebb(0);
	int seen = event ? ebb_event_enable(event) : 0;

	result(regular >= 0 && seen == -EBUSY && strstr(ebb_error(), "pinned"), refused);
	close(regular);
	result(event && ebb_event_enable(event) == 0 && ebb_event_close(event) == 0, later);
}

static void check_pinned_later(void)
{
	struct ebb_event *event = enabled_ebb();
	int regular = open_regular(true, false);

	result(event && regular >= 0 && at_end_of_file(regular),
	       "enabled first, the EBB event stays: a pinned one later reads end of file");
	result(branches(), "and its branches come");
	close_ebb(event);
	close(regular);
}

/* The kernel puts it back when it next looks at what shares the PMU, by a timer. */
static bool comes_back(int fd)
{
	for (int i = 0; i < 50; i++) {
		if (counts(fd))
			return true;
		usleep(10000);
	}
	return false;
}

/* One that is there before is forced off; it counts again afterwards. */
static void check_coexistence(bool on_cpu, const char *name)
{
	int regular = open_regular(false, on_cpu);
	bool counted = counts(regular);
	struct ebb_event *event = enabled_ebb();
	bool counts_beside = counts(regular);
	bool branched = branches();

	close_ebb(event);
	if (!counted || counts_beside || !branched)
		printf("# before %d, beside %d, branches %d\n", counted, counts_beside, branched);
	result(regular >= 0 && counted && event && !counts_beside && branched &&
		       comes_back(regular),
	       name);
	close(regular);
}

static void check_group(void)
{
#ifdef __powerpc64__
	struct perf_event_attr leader = ebb_attr();
	struct perf_event_attr member = {
		.type = EBB_TYPE, .config = OTHER_MEMBER, .size = sizeof member, .exclude_kernel = 1
	};
	int fd = (int)syscall(SYS_perf_event_open, &leader, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int refused = (int)syscall(SYS_perf_event_open, &member, 0, -1, fd, PERF_FLAG_FD_CLOEXEC);

	result(fd >= 0 && refused < 0 && errno == EINVAL,
	       "a group agrees on EBB: the kernel refuses a member that does not");
	close(fd);
#else
	printf("ok %d - a group agrees on EBB, the kernel too # SKIP the kernel's rule is "
	       "POWER's\n",
	       ++tap_count);
#endif
}

#ifdef __powerpc64__
static void refused(const char *name, struct perf_event_attr attr, pid_t thread, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, &attr, thread, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	result(fd < 0 && errno == EINVAL, name);
	if (fd >= 0)
		close(fd);
}

#define REFUSED(field, value)                                                               \
	do {                                                                                \
		struct perf_event_attr attr = ebb_attr();                                   \
		attr.field = (value);                                                       \
		refused("the kernel refuses " #field " = " #value ": EINVAL", attr, 0, -1); \
	} while (0)

static void check_kernel_rules(void)
{
	REFUSED(pinned, 0);
	REFUSED(exclusive, 0);
	REFUSED(inherit, 1);
	REFUSED(sample_period, PERIOD);
	REFUSED(sample_type, PERF_SAMPLE_IP);
	REFUSED(freq, 1);
	REFUSED(enable_on_exec, 1);
	REFUSED(config, 0x1e | EBB_CONFIG); /* cycles, with no PMC named */
	refused("the kernel refuses an event of no task: EINVAL", ebb_attr(), -1, 0);
}
#else
static void check_kernel_rules(void)
{
	printf("ok %d - the kernel refuses each attribute # SKIP the kernel's rules are POWER's\n",
	       ++tap_count);
}
#endif

static void check_reading(void)
{
	struct ebb_event *event = enabled_ebb();

	/* What it is read by is the library's own; enabling reads it, and of the value nothing is
	 * promised. */
	result(event && branches(), "reading gives no promise, and takes nothing away");
	close_ebb(event);
}

#ifdef __powerpc64__
static sigjmp_buf back;

static void on_illegal(int number)
{
	siglongjmp(back, number);
}

static void check_closed_registers(void)
{
	struct sigaction action = { .sa_handler = on_illegal };
	bool illegal;

	sigaction(SIGILL, &action, NULL);
	illegal = sigsetjmp(back, 1) == SIGILL;
	if (!illegal)
		__asm__ volatile("mtspr 771, %0" : : "r"(0));
	result(illegal, "closing takes the registers away: mtspr of a PMC is SIGILL");
	signal(SIGILL, SIG_DFL);
}
#else
static void check_closed_registers(void)
{
	printf("ok %d - closing takes the registers away # SKIP they are POWER's\n", ++tap_count);
}
#endif

static void check_closing(void)
{
	struct ebb_event *event = enabled_ebb();
	bool before = event && branches();

	close_ebb(event);
	result(before && !branches(), "closing the last event: no branch");
	check_closed_registers();
}

/* A thread that is given an event by another. */
static sem_t ready;
static sem_t given;
static pid_t target;
static struct ebb_event *gift;
static bool branched_before;
static bool branched_after;

static void *take_gift(void *enabled_first)
{
	target = gettid();
	ebb_set_handler(count, NULL, EBB_SAVE_VSR);
	if (enabled_first)
		ebb_global_enable();
	sem_post(&ready);
	sem_wait(&given);
	if (ebb_event_enable(gift) < 0)
		printf("# %s\n", ebb_error());
	branched_before = branches();
	ebb_global_enable();
	branched_after = branches();
	close_ebb(gift);
	return NULL;
}

static void check_other_thread(bool enabled_first, const char *name)
{
	pthread_t thread;

	sem_init(&ready, 0, 0);
	sem_init(&given, 0, 0);
	pthread_create(&thread, NULL, take_gift, enabled_first ? &target : NULL);
	sem_wait(&ready);
	gift = open_ebb(target);
	result(gift && ebb_event_enable(gift) == -EPERM,
	       "another thread's event is that one's to enable");
	sem_post(&given);
	pthread_join(thread, NULL);
	result(branched_before == enabled_first && branched_after, name);
}

static bool state_is_clear(void)
{
#ifdef __powerpc64__
	uint64_t bescr;
	uint64_t ebbhr;
	uint64_t ebbrr;

	__asm__ volatile("mfspr %0, 806" : "=r"(bescr));
	__asm__ volatile("mfspr %0, 804" : "=r"(ebbhr));
	__asm__ volatile("mfspr %0, 805" : "=r"(ebbrr));
	return bescr == 0 && ebbhr == 0 && ebbrr == 0;
#else
	return ebb_global_enable() == -EINVAL && ebb_address() == 0;
#endif
}

static int be_child(void)
{
	struct ebb_event *event;

	if (!state_is_clear() || branches())
		return 1;
	event = enabled_ebb();
	return event && branches() && ebb_event_close(event) == 0 ? 0 : 2;
}

static void check_fork(void)
{
	struct ebb_event *event = enabled_ebb();
	bool before = event && branches();
	int status = -1;
	pid_t child;

	/* The child needs the PMU for itself, and has it while it runs. */
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(be_child());
	waitpid(child, &status, 0);
	result(before && status == 0,
	       "fork: the child has no event and a clear state, and opens one of its own");
	if (status)
		printf("# status 0x%x\n", (unsigned)status);
	result(branches(), "and its parent's branches go on");
	close_ebb(event);
}

static void check_independence(void)
{
	struct ebb_event *event = open_ebb(0);

	ebb_set_handler(count, NULL, EBB_SAVE_VSR);
	ebb_global_disable();
	result(event && ebb_event_enable(event) == 0 && !branches(),
	       "an event alone brings no branch: the thread has to enable them");
	ebb_global_enable();
	result(branches(), "and then it does");
	close_ebb(event);
}

int main(void)
{
	struct perf_event_attr attr = ebb_attr();
	struct ebb_event *event = NULL;

	if (ebb_event_open(&attr, PERIOD, NULL, 0, &event) < 0) {
		printf("ok 1 - the statements of pmu-ebb # SKIP %s\n1..1\n", ebb_error());
		return 0;
	}
	close_ebb(event);
	check_enabling();
	check_end_of_file(false, "enabling: a pinned event of the task holds the PMU: EBUSY",
			  "and when that is closed, it is enabled");
	check_end_of_file(true, "enabling: a pinned event of the CPU holds the PMU: EBUSY",
			  "and when it is closed, it is enabled");
	check_pinned_later();
	check_coexistence(false,
			  "a regular event of the task is off the PMU meanwhile, and comes back");
	check_coexistence(true,
			  "a regular event of the CPU is off the PMU meanwhile, and comes back");
	check_group();
	check_kernel_rules();
	check_reading();
	check_closing();
	check_independence();
	check_other_thread(false,
			   "an event from another thread: branches once this one enables them");
	check_other_thread(true, "branches enabled first, the event from another thread later");
	check_fork();
	return tap_end();
}

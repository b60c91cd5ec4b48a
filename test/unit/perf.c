/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * perf events through the kernel. Where there is no PMU the kernel's own events stand for those of
 * a PMU: page faults, which a program causes at will. What only a crowded PMU answers comes from
 * the wrapped read(2).
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/cpulist.h"
#include "backend/perf_events.h"
#include "capture.h"
#include "open_files.h"
#include "unit.h"

#define NOBODY 65534
#define PAGES  500

static const struct event page_faults = {
	.name = "PAGE_FAULTS",
	.kind = EVENT_PERF,
	.user = true,
	.kernel = true,
	.perf_type = PERF_TYPE_SOFTWARE,
	.perf_config = PERF_COUNT_SW_PAGE_FAULTS,
};

static const struct event cycles = {
	.name = "CYCLES",
	.kind = EVENT_PERF,
	.user = true,
	.kernel = true,
	.select = 0x30079,
	.perf_type = PERF_TYPE_HARDWARE,
	.perf_config = PERF_COUNT_HW_CPU_CYCLES,
};

/* What the code under test reads from wrapped_fd: end of file, or less time on the PMU. */
enum wrap {
	WRAP_NOTHING,
	WRAP_END_OF_FILE,
	WRAP_PARTIAL,
};

static enum wrap wrap_read;
static int wrapped_fd;
static long wrap_delay_ns; /* of each ioctl */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
int __real_ioctl(int fd, unsigned long request, long argument);
int __wrap_ioctl(int fd, unsigned long request, long argument);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	ssize_t got = __real_read(fd, buffer, size);

	if (fd != wrapped_fd || got <= 0)
		return got;
	if (wrap_read == WRAP_END_OF_FILE)
		return 0;
	if (wrap_read == WRAP_PARTIAL)
		((uint64_t *)buffer)[2]--;
	return got;
}

int __wrap_ioctl(int fd, unsigned long request, long argument)
{
	if (wrap_delay_ns)
		nanosleep(&(struct timespec){ .tv_nsec = wrap_delay_ns }, NULL);
	return __real_ioctl(fd, request, argument);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct backend_options no_options;
static struct cpulist online;
static struct perf_events events;

static int unwrap(void **state)
{
	(void)state;
	wrap_read = WRAP_NOTHING;
	wrap_delay_ns = 0;
	return 0;
}

/* -1 with errno, or a descriptor: what the kernel makes of an event, asked past the code. */
static int try_event(const struct event *event)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = event->perf_type,
		.config = event->perf_config,
		.disabled = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, online.cpu[0], -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static void skip_without_perf(void)
{
	int fd = try_event(&page_faults);

	if (fd < 0)
		SKIP("this kernel has no perf events for this user");
	close(fd);
}

static void open_page_faults(void)
{
	skip_without_perf();
	assert_int_equal(perf_events_open(&page_faults, &online, &events), 0);
	assert_int_equal(events.count, online.count);
}

static void fault(unsigned cpu, size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	cpu_set_t before;
	cpu_set_t one;
	char *memory;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		((volatile char *)memory)[i * page] = 1;
	munmap(memory, pages * page);
	assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static uint64_t sum(void)
{
	uint64_t count = UNTOUCHED;

	assert_int_equal(perf_events_read(&events, &count), 0);
	return count;
}

/* Of the kernel's own figures, which begin at perf_events_open(). */
static uint64_t kernels_sum(void)
{
	uint64_t total = 0;

	for (size_t i = 0; i < events.count; i++) {
		uint64_t figures[3];

		assert_int_equal(__real_read(events.event[i].fd, figures, sizeof figures),
				 sizeof figures);
		total += figures[0];
	}
	return total;
}

static void test_every_cpu_counts(void **state)
{
	uint64_t before;

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events), 0);
	for (size_t i = 0; i < online.count; i++) {
		before = sum();
		fault(online.cpu[i], PAGES);
		assert_true(sum() >= before + PAGES);
	}
	perf_events_stop(&events);
	before = sum();
	assert_true(before >= PAGES * online.count);
	for (size_t i = 0; i < online.count; i++)
		fault(online.cpu[i], PAGES);
	assert_int_equal(sum(), before);

	/* From 0 again. */
	assert_int_equal(perf_events_start(&events), 0);
	perf_events_stop(&events);
	assert_true(kernels_sum() >= before);
	assert_true(sum() <= kernels_sum() - before);
	perf_events_close(&events);
	assert_null(events.event);
	assert_int_equal(events.count, 0);
}

/* The sum is that of the kernel's own figures since the start. */
static void test_sum(void **state)
{
	uint64_t wanted = 0;

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events), 0);
	for (size_t i = 0; i < events.count; i++) {
		fault(online.cpu[i], PAGES + i);
		wanted -= events.event[i].value;
	}
	perf_events_stop(&events);
	wanted += kernels_sum();
	assert_int_equal(sum(), wanted);
	perf_events_close(&events);
}

/* Is disabled everywhere: what it counts does not grow. */
static void check_disabled(void)
{
	wrap_read = WRAP_NOTHING;
	for (size_t i = 0; i < events.count; i++) {
		uint64_t before[3];
		uint64_t after[3];

		assert_int_equal(__real_read(events.event[i].fd, before, sizeof before),
				 sizeof before);
		fault(online.cpu[i], PAGES);
		assert_int_equal(__real_read(events.event[i].fd, after, sizeof after),
				 sizeof after);
		assert_int_equal(after[0], before[0]);
	}
}

static void test_off_the_pmu_at_start(void **state)
{
	(void)state;
	open_page_faults();
	for (size_t i = 0; i < events.count; i++) {
		const char *said;
		int result;

		wrap_read = WRAP_END_OF_FILE;
		wrapped_fd = events.event[i].fd;
		capture_start(STDERR_FILENO);
		result = perf_events_start(&events);
		said = capture_end();
		assert_int_equal(result, -EBUSY);
		assert_non_null(strstr(said, "nmi_watchdog"));
		check_disabled();
	}
	perf_events_close(&events);
}

static void test_off_the_pmu_later(void **state)
{
	static const enum wrap wraps[] = { WRAP_END_OF_FILE, WRAP_PARTIAL };

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events), 0);
	for (size_t i = 0; i < events.count; i++)
		for (size_t j = 0; j < COUNT(wraps); j++) {
			uint64_t count = UNTOUCHED;
			const char *said;
			int result;

			wrap_read = wraps[j];
			wrapped_fd = events.event[i].fd;
			capture_start(STDERR_FILENO);
			result = perf_events_read(&events, &count);
			said = capture_end();
			assert_int_equal(result, -EIO);
			assert_int_equal(count, UNTOUCHED);
			assert_non_null(strstr(said, "somebody else"));
		}
	wrap_read = WRAP_NOTHING;
	sum();
	perf_events_close(&events);
}

/* Time off the PMU before the start is another measurement's. */
static void test_lost_before_the_start(void **state)
{
	(void)state;
	open_page_faults();
	wrap_read = WRAP_PARTIAL;
	wrapped_fd = events.event[0].fd;
	assert_int_equal(perf_events_start(&events), 0);
	sum();
	perf_events_stop(&events);
	perf_events_close(&events);
}

/* A CPU that goes offline takes its event's time with it. */
static void test_cpu_was_away(void **state)
{
	uint64_t count = UNTOUCHED;
	const char *said;
	int result;

	(void)state;
	open_page_faults();
	if (events.count < 2) {
		perf_events_close(&events);
		SKIP("one CPU has no other to be compared with");
	}
	assert_int_equal(perf_events_start(&events), 0);
	__real_ioctl(events.event[1].fd, PERF_EVENT_IOC_DISABLE, 0);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	capture_start(STDERR_FILENO);
	result = perf_events_read(&events, &count);
	said = capture_end();
	assert_int_equal(result, -EIO);
	assert_int_equal(count, UNTOUCHED);
	assert_non_null(strstr(said, "offline"));
	perf_events_close(&events);
}

/* A daemon that the machine is slow to run takes its time between one CPU and the next. */
static void test_slow_start_and_stop(void **state)
{
	(void)state;
	open_page_faults();
	wrap_delay_ns = 5000000;
	assert_int_equal(perf_events_start(&events), 0);
	sum();
	perf_events_stop(&events);
	sum();
	/* The stop alone, so that the first event was enabled for less time than the last. */
	wrap_delay_ns = 0;
	assert_int_equal(perf_events_start(&events), 0);
	wrap_delay_ns = 5000000;
	perf_events_stop(&events);
	sum();
	perf_events_close(&events);
}

/* The lowest descriptor that is free. */
static int next_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

static void check_refusal(const struct event *event, const struct cpulist *cpus, int wanted,
			  const char *cause)
{
	struct perf_events made = { .count = UNTOUCHED };
	unsigned files = open_files();
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = perf_events_open(event, cpus, &made);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(made.count, UNTOUCHED);
	assert_non_null(strstr(said, cause));
	assert_int_equal(open_files(), files);
}

static void test_no_pmu(void **state)
{
	int fd;

	(void)state;
	skip_without_perf();
	fd = try_event(&cycles);
	if (fd >= 0) {
		close(fd);
		SKIP("this machine has a hardware PMU");
	}
	check_refusal(&cycles, &online, -EOPNOTSUPP, "event 0x79 CYCLES");
}

static void test_no_such_event(void **state)
{
	struct event event = page_faults;

	(void)state;
	skip_without_perf();
	event.perf_config = 0xffff;
	check_refusal(&event, &online, -EOPNOTSUPP, "PAGE_FAULTS");
}

/* The CPUs before the one that fails are given back. */
static void test_no_such_cpu(void **state)
{
	unsigned numbers[] = { online.cpu[0], 60000 };
	const struct cpulist cpus = { numbers, 2 };

	(void)state;
	skip_without_perf();
	check_refusal(&page_faults, &cpus, -EOPNOTSUPP, "60000");
}

static void test_too_many_files(void **state)
{
	struct rlimit limit;
	struct rlimit low;

	(void)state;
	skip_without_perf();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	/* Room for capture's two descriptors and for all CPUs but one. */
	low.rlim_cur = (rlim_t)next_fd() + 2 + online.count - 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	check_refusal(&page_faults, &online, -EMFILE, "ulimit -n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int open_as_nobody(void)
{
	struct perf_events made;

	if (setuid(NOBODY) != 0)
		return 1;
	capture_start(STDERR_FILENO);
	if (perf_events_open(&page_faults, &online, &made) != -EACCES)
		return 2;
	return strstr(capture_end(), "CAP_PERFMON") ? 0 : 3;
}

static int paranoid(void)
{
	int level = -1;
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");

	if (file) {
		if (fscanf(file, "%d", &level) != 1)
			level = -1;
		fclose(file);
	}
	return level;
}

static void test_no_permission(void **state)
{
	int status;
	pid_t child;

	(void)state;
	skip_without_perf();
	if (geteuid() != 0 || paranoid() < 1)
		SKIP("takes root, and a kernel.perf_event_paranoid of 1 or more");
	child = fork();
	if (child == 0)
		_exit(open_as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static uint64_t interrupts_by_stdio(void)
{
	char line[512];
	uint64_t total = 0;
	FILE *file = fopen("/proc/stat", "re");

	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "intr %" SCNu64, &total) == 1)
			break;
	fclose(file);
	return total;
}

static void pass_interrupts(uint64_t wanted)
{
	uint64_t before = interrupts_by_stdio();

	for (int i = 0; i < 1000 && interrupts_by_stdio() < before + wanted; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static struct event interrupts(bool user, bool kernel)
{
	return (struct event){
		.name = "PMC6_HW_INT_RX", .kind = EVENT_INTERRUPTS, .user = user, .kernel = kernel
	};
}

static void test_interrupts(void **state)
{
	struct event event = interrupts(true, true);
	struct backend *backend;
	uint64_t outer = interrupts_by_stdio();
	uint64_t inner;
	uint64_t count;

	(void)state;
	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_int_equal(perf_backend.setup(backend, 0, &event), 0);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	inner = interrupts_by_stdio();
	pass_interrupts(20);
	inner = interrupts_by_stdio() - inner;
	assert_int_equal(perf_backend.read(backend, 0, &count), 0);
	assert_in_range(count, inner, interrupts_by_stdio() - outer);
	assert_true(count >= 20);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	assert_in_range(count, inner, interrupts_by_stdio() - outer);

	/* From 0 again. */
	outer = interrupts_by_stdio();
	assert_int_equal(perf_backend.start(backend, 0), 0);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	assert_in_range(count, 0, interrupts_by_stdio() - outer);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
}

static void check_stays_0(const struct event *event)
{
	struct backend *backend;
	uint64_t count = UNTOUCHED;

	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_int_equal(perf_backend.setup(backend, 1, event), 0);
	assert_int_equal(perf_backend.start(backend, 1), 0);
	pass_interrupts(20);
	fault(online.cpu[0], PAGES);
	assert_int_equal(perf_backend.read(backend, 1, &count), 0);
	assert_int_equal(count, 0);
	count = UNTOUCHED;
	assert_int_equal(perf_backend.stop(backend, 1, &count), 0);
	assert_int_equal(count, 0);
	perf_backend.release(backend, 1);
	perf_backend.close(backend);
}

static void test_neither_mode(void **state)
{
	struct event neither = interrupts(false, false);

	(void)state;
	check_stays_0(&neither);
	skip_without_perf();
	neither = page_faults;
	neither.user = false;
	neither.kernel = false;
	check_stays_0(&neither);
}

/* A failed setup leaves a running counter as it was; release and close leave nothing open. */
static void test_backend_setup(void **state)
{
	struct event lacking = page_faults;
	unsigned files = open_files();
	struct backend *backend;
	uint64_t count = UNTOUCHED;
	const char *said;
	int result;

	(void)state;
	skip_without_perf();
	lacking.perf_config = 0xffff;
	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_ptr_equal(backend->operations, &perf_backend);
	assert_true(backend->legacy);
	assert_int_equal(backend->cpu, event_cpu_class());
	assert_memory_equal(backend->description, "perf (", 6);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults), 0);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	capture_start(STDERR_FILENO);
	result = perf_backend.setup(backend, 0, &lacking);
	said = capture_end();
	assert_int_equal(result, -EOPNOTSUPP);
	assert_non_null(strstr(said, "PAGE_FAULTS"));
	fault(online.cpu[0], PAGES);
	assert_int_equal(perf_backend.read(backend, 0, &count), 0);
	assert_true(count >= PAGES);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults), 0);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
	assert_int_equal(open_files(), files);
}

static void test_native_takes_a_pmu(void **state)
{
	struct backend *backend;
	int fd = try_event(&cycles);

	(void)state;
	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_int_equal(backend->native, fd >= 0 && event_cpu_class() != CPU_OTHER);
	assert_int_equal(strcmp(backend->description, "perf (hardware PMU)") == 0, fd >= 0);
	perf_backend.close(backend);
	if (fd >= 0)
		close(fd);
}

static int group_setup(void **state)
{
	(void)state;
	return cpulist_online(&online);
}

static int group_teardown(void **state)
{
	(void)state;
	free(online.cpu);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_##name, unwrap)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_cpu_counts),
		TEST(sum),
		TEST(off_the_pmu_at_start),
		TEST(off_the_pmu_later),
		TEST(lost_before_the_start),
		TEST(cpu_was_away),
		TEST(slow_start_and_stop),
		TEST(no_pmu),
		TEST(no_such_event),
		TEST(no_such_cpu),
		TEST(too_many_files),
		TEST(no_permission),
		TEST(interrupts),
		TEST(neither_mode),
		TEST(backend_setup),
		TEST(native_takes_a_pmu),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * perf events through the kernel. Where there is no PMU the kernel's own events stand for those of
 * a PMU: page faults, which a program causes at will. What only a crowded PMU answers comes from
 * the wrapped read(2).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/cpulist.h"
#include "backend/perf_events.h"
#include "capture.h"
#include "open_files.h"
#include "perf_wrap.h"
#include "unit.h"

#define NOBODY 65534

enum wrap {
	WRAP_END_OF_FILE,
	WRAP_PARTIAL,
};

/* What the code under test reads from wrapped_fd: end of file, or less time on the PMU. */
static enum wrap wrap_read;
static int wrapped_fd;

static ssize_t off_the_pmu(int fd, void *buffer, size_t size)
{
	ssize_t got = perf_real_read(fd, buffer, size);

	if (fd != wrapped_fd || got <= 0)
		return got;
	if (wrap_read == WRAP_END_OF_FILE)
		return 0;
	((uint64_t *)buffer)[2]--;
	return got;
}

static const struct core_pmus alike;
static struct cpulist online;
static struct perf_events events;
static struct backend_pass pass;

static void open_page_faults(void)
{
	skip_without_perf();
	assert_int_equal(perf_events_open_cpus(&page_faults, &online, &alike, &events), 0);
	assert_int_equal(events.count, online.count);
}

static uint64_t sum(void)
{
	uint64_t count = UNTOUCHED;

	assert_int_equal(perf_events_read(&events, &count), 0);
	return count;
}

/* Of the kernel's own figures, which begin at perf_events_open_cpus(). */
static uint64_t kernels_sum(void)
{
	uint64_t total = 0;

	for (size_t i = 0; i < events.count; i++) {
		uint64_t figures[3];

		assert_int_equal(perf_real_read(events.event[i].fd, figures, sizeof figures),
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
	assert_int_equal(perf_events_start(&events, &pass), 0);
	for (size_t i = 0; i < online.count; i++) {
		before = sum();
		fault_on(online.cpu[i], PAGES);
		assert_true(sum() >= before + PAGES);
	}
	perf_events_stop(&events, &pass);
	before = sum();
	assert_true(before >= PAGES * online.count);
	for (size_t i = 0; i < online.count; i++)
		fault_on(online.cpu[i], PAGES);
	assert_int_equal(sum(), before);

	/* From 0 again. */
	assert_int_equal(perf_events_start(&events, &pass), 0);
	perf_events_stop(&events, &pass);
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
	assert_int_equal(perf_events_start(&events, &pass), 0);
	for (size_t i = 0; i < events.count; i++) {
		fault_on(online.cpu[i], PAGES + i);
		wanted -= events.event[i].begin.value;
	}
	perf_events_stop(&events, &pass);
	wanted += kernels_sum();
	assert_int_equal(sum(), wanted);
	perf_events_close(&events);
}

/* Is disabled everywhere: what it counts does not grow. */
static void check_disabled(void)
{
	perf_wrap.read = NULL;
	for (size_t i = 0; i < events.count; i++) {
		uint64_t before[3];
		uint64_t after[3];

		assert_int_equal(perf_real_read(events.event[i].fd, before, sizeof before),
				 sizeof before);
		fault_on(online.cpu[i], PAGES);
		assert_int_equal(perf_real_read(events.event[i].fd, after, sizeof after),
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

		perf_wrap.read = off_the_pmu;
		wrap_read = WRAP_END_OF_FILE;
		wrapped_fd = events.event[i].fd;
		capture_start(STDERR_FILENO);
		result = perf_events_start(&events, &pass);
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
	assert_int_equal(perf_events_start(&events, &pass), 0);
	for (size_t i = 0; i < events.count; i++)
		for (size_t j = 0; j < COUNT(wraps); j++) {
			uint64_t count = UNTOUCHED;
			const char *said;
			int result;

			perf_wrap.read = off_the_pmu;
			wrap_read = wraps[j];
			wrapped_fd = events.event[i].fd;
			capture_start(STDERR_FILENO);
			result = perf_events_read(&events, &count);
			said = capture_end();
			assert_int_equal(result, -EIO);
			assert_int_equal(count, UNTOUCHED);
			assert_non_null(strstr(said, "somebody else"));
		}
	perf_wrap.read = NULL;
	sum();
	perf_events_close(&events);
}

/* Time off the PMU before the start is another measurement's. */
static void test_lost_before_the_start(void **state)
{
	(void)state;
	open_page_faults();
	perf_wrap.read = off_the_pmu;
	wrap_read = WRAP_PARTIAL;
	wrapped_fd = events.event[0].fd;
	events.unread = true;
	assert_int_equal(perf_events_start(&events, &pass), 0);
	sum();
	perf_events_stop(&events, &pass);
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
	result = perf_events_open_cpus(event, cpus, &alike, &made);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(made.count, UNTOUCHED);
	assert_non_null(strstr(said, cause));
	assert_int_equal(open_files(), files);
}

static void test_no_pmu(void **state)
{
	(void)state;
	skip_without_perf();
	if (can_open(&cycles))
		SKIP("this machine has a hardware PMU");
	check_refusal(&cycles, &online, -EOPNOTSUPP, "event 0x79 CYCLES");
}

static void test_no_such_event(void **state)
{
	struct event event = page_faults;

	(void)state;
	skip_without_perf();
	event.term[0].config = 0xffff;
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
	if (perf_events_open_cpus(&page_faults, &online, &alike, &made) != -EACCES)
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

/* START 2N, STOP 2N, READ N for N CPUs, and no event opened anew. */
static void test_system_calls(void **state)
{
	unsigned cpus = (unsigned)online.count;

	(void)state;
	open_page_faults();
	assert_int_equal(perf_wrap.opens, cpus);
	for (int i = 0; i < 3; i++) {
		perf_unwrap(NULL);
		assert_int_equal(perf_events_start(&events, &pass), 0);
		assert_int_equal(perf_wrap.ioctls, cpus);
		assert_int_equal(perf_wrap.reads, cpus);
		perf_unwrap(NULL);
		sum();
		assert_int_equal(perf_wrap.ioctls, 0);
		assert_int_equal(perf_wrap.reads, cpus);
		perf_unwrap(NULL);
		perf_events_stop(&events, &pass);
		sum();
		assert_int_equal(perf_wrap.ioctls, cpus);
		assert_int_equal(perf_wrap.reads, cpus);
		assert_int_equal(perf_wrap.opens, 0);
	}
	perf_events_close(&events);
}

/* What was counted while some of it was lost is not in what the next start begins with. */
static void test_start_after_a_loss(void **state)
{
	uint64_t count = UNTOUCHED;

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events, &pass), 0);
	fault_on(online.cpu[0], (size_t)20 * PAGES);
	perf_wrap.read = off_the_pmu;
	wrap_read = WRAP_PARTIAL;
	wrapped_fd = events.event[0].fd;
	perf_events_stop(&events, &pass);
	assert_int_equal(perf_events_read(&events, &count), -EIO);
	assert_int_equal(count, UNTOUCHED);
	perf_wrap.read = NULL;
	assert_int_equal(perf_events_start(&events, &pass), 0);
	fault_on(online.cpu[0], PAGES);
	assert_in_range(sum(), PAGES, 10 * PAGES);
	perf_events_close(&events);
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

#define TEST(name) cmocka_unit_test_setup(test_##name, perf_unwrap)

/* The first read of a start comes when all are enabled; what happens then is counted. */
static ssize_t fault_at_first_read(int fd, void *buffer, size_t size)
{
	if (perf_wrap.reads == 1) {
		assert_int_equal(perf_wrap.ioctls, events.count);
		fault_on(online.cpu[0], PAGES);
	}
	return perf_real_read(fd, buffer, size);
}

static void test_one_pass(void **state)
{
	(void)state;
	open_page_faults();
	perf_wrap.reads = 0;
	perf_wrap.ioctls = 0;
	perf_wrap.read = fault_at_first_read;
	assert_int_equal(perf_events_start(&events, &pass), 0);
	perf_wrap.read = NULL;
	assert_in_range(sum(), PAGES, 10 * PAGES);
	perf_events_close(&events);
}

static uint64_t now;

static uint64_t tick(void)
{
	now += 100;
	return now;
}

static void test_skew(void **state)
{
	struct backend_pass timed = { .clock = tick };

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events, &timed), 0);
	assert_int_equal(timed.skew, 100 * (online.count - 1));
	assert_int_equal(now, 100 * online.count);
	timed.skew = 0;
	perf_events_stop(&events, &timed);
	assert_int_equal(timed.skew, 100 * (online.count - 1));
	perf_events_close(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_cpu_counts),
		TEST(sum),
		TEST(off_the_pmu_at_start),
		TEST(off_the_pmu_later),
		TEST(lost_before_the_start),
		TEST(start_after_a_loss),
		TEST(one_pass),
		TEST(skew),
		TEST(system_calls),
		TEST(no_pmu),
		TEST(no_such_event),
		TEST(no_such_cpu),
		TEST(too_many_files),
		TEST(no_permission),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

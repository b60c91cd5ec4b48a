/* SPDX-License-Identifier: BSD-2-Clause */

/* The perf backend: its scopes, interrupts and clocks. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/cpulist.h"
#include "backend/tstamp.h"
#include "capture.h"
#include "open_files.h"
#include "perf_wrap.h"
#include "report.h"
#include "unit.h"

static const struct backend_options no_options;
static struct cpulist online;

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
	assert_int_equal(perf_backend.setup(backend, 0, &event, 0), 0);
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
	assert_int_equal(perf_backend.setup(backend, 1, event, 0), 0);
	assert_int_equal(perf_backend.start(backend, 1), 0);
	pass_interrupts(20);
	fault_on(online.cpu[0], PAGES);
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
	lacking.term[0].config = 0xffff;
	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_ptr_equal(backend->operations, &perf_backend);
	assert_true(backend->source.legacy);
	assert_int_equal(backend->source.cpu.class, event_cpu_class());
	assert_memory_equal(backend->description, "perf (", 6);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, 0), 0);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	capture_start(STDERR_FILENO);
	result = perf_backend.setup(backend, 0, &lacking, 0);
	said = capture_end();
	assert_int_equal(result, -EOPNOTSUPP);
	assert_non_null(strstr(said, "PAGE_FAULTS"));
	fault_on(online.cpu[0], PAGES);
	assert_int_equal(perf_backend.read(backend, 0, &count), 0);
	assert_true(count >= PAGES);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, 0), 0);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
	assert_int_equal(open_files(), files);
}

static void test_native_takes_a_pmu(void **state)
{
	struct backend *backend;
	bool pmu = can_open(&cycles);

	(void)state;
	assert_int_equal(perf_backend.open(&no_options, &backend), 0);
	assert_int_equal(backend->source.native, pmu);
	assert_int_equal(strcmp(backend->description, "perf (hardware PMU)") == 0, pmu);
	perf_backend.close(backend);
}

static int hardware_error;
static int software_error;

static int refuse(const struct perf_call *call)
{
	return call->attr.type == PERF_TYPE_HARDWARE ? hardware_error : software_error;
}

static char reason[512];
static char remedy[512];

static void keep(struct report *report, const struct finding *finding)
{
	(void)report;
	assert_string_equal(finding->name, "perf");
	assert_true(finding->usable);
	snprintf(reason, sizeof reason, "%s", finding->reason);
	snprintf(remedy, sizeof remedy, "%s", finding->remedy ? finding->remedy : "none");
}

/* Of a PMU that is there, and of events that the kernel has, nobody is told that they are not. */
static void test_check(void **state)
{
	static const struct {
		int hardware;
		int software;
		const char *reason;
		const char *remedy;
	} rows[] = {
		{ ENOSYS, ENOSYS, "interrupts only: perf_event_open(2) answers ENOSYS",
		  "CONFIG_PERF_EVENTS" },
		{ ENOMEM, ENOMEM, "interrupts only: perf_event_open(2) answers ENOMEM", "none" },
		{ EMFILE, EMFILE, "interrupts only: perf_event_open(2) answers EMFILE",
		  "limit of open files" },
		{ EBUSY, 0, "software events only: hardware events cannot be opened: EBUSY",
		  "none" },
		{ EMFILE, 0, "software events only: hardware events cannot be opened: EMFILE",
		  "limit of open files" },
		{ ENOENT, 0, "PMU", "" },
		{ 0, 0, "hardware PMU", "" },
	};

	(void)state;
	perf_wrap.open = refuse;
	perf_wrap.pretend = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct report report = { .add = keep };

		hardware_error = rows[i].hardware;
		software_error = rows[i].software;
		assert_int_equal(perf_backend.check(&no_options, &report), 0);
		assert_non_null(strstr(reason, rows[i].reason));
		assert_non_null(strstr(remedy, rows[i].remedy));
	}
}

static struct backend *open_backend(const struct backend_options *options)
{
	struct backend *backend;

	assert_int_equal(perf_backend.open(options, &backend), 0);
	return backend;
}

/* One event, of all that one CPU runs. */
static void test_one_cpu(void **state)
{
	const unsigned cpu = online.cpu[online.count - 1];
	const struct backend_options options = { .scope = SCOPE_CPU, .scope_cpu = cpu };
	struct backend *backend;
	uint64_t count;

	(void)state;
	skip_without_perf();
	backend = open_backend(&options);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, 0), 0);
	assert_int_equal(perf_wrap.opens, 1);
	assert_int_equal(perf_wrap.call[0].cpu, cpu);
	assert_int_equal(perf_wrap.call[0].thread, -1);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	assert_int_equal(perf_wrap.ioctls, 1);
	assert_int_equal(perf_wrap.reads, 1);
	fault_on(cpu, PAGES);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	assert_true(count >= PAGES);
	assert_int_equal(perf_wrap.ioctls, 2);
	assert_int_equal(perf_wrap.reads, 2);
	assert_int_equal(perf_wrap.opens, 1);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
}

static void test_no_such_cpu(void **state)
{
	const struct backend_options options = { .scope = SCOPE_CPU, .scope_cpu = 60000 };
	unsigned files = open_files();
	struct backend *backend = NULL;
	const char *said;
	int result;

	(void)state;
	capture_start(STDERR_FILENO);
	result = perf_backend.open(&options, &backend);
	said = capture_end();
	assert_int_equal(result, -ENODEV);
	assert_null(backend);
	assert_non_null(strstr(said, "--scope cpu:60000: no such CPU is online"));
	assert_int_equal(open_files(), files);
}

/* The client's process alone: one event of its one thread, START 1, STOP 2, READ 1. */
static void test_opener(void **state)
{
	const struct backend_options options = { .scope = SCOPE_OPENER };
	unsigned files = open_files();
	struct backend *backend;
	const char *said;
	uint64_t count;
	int result;

	(void)state;
	skip_without_perf();
	backend = open_backend(&options);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.setup(backend, 1, &page_faults, gettid()), 0);
	assert_int_equal(perf_wrap.opens, 1);
	assert_int_equal(perf_wrap.call[0].thread, getpid());
	assert_int_equal(perf_wrap.call[0].cpu, -1);
	for (int i = 0; i < 2; i++) {
		perf_unwrap(NULL);
		assert_int_equal(perf_backend.start(backend, 1), 0);
		assert_int_equal(perf_wrap.ioctls + perf_wrap.reads, 1);
		fault(PAGES);
		perf_unwrap(NULL);
		assert_int_equal(perf_backend.read(backend, 1, &count), 0);
		assert_int_equal(perf_wrap.ioctls + perf_wrap.reads, 1);
		assert_in_range(count, PAGES, PAGES + PAGES / 2);
		fault(PAGES);
		perf_unwrap(NULL);
		assert_int_equal(perf_backend.stop(backend, 1, &count), 0);
		assert_int_equal(perf_wrap.ioctls + perf_wrap.reads, 2);
		assert_in_range(count, 2 * PAGES, 2 * PAGES + PAGES / 2);
		assert_int_equal(perf_wrap.opens, 0);
	}
	capture_start(STDERR_FILENO);
	result = perf_backend.setup(backend, 1, &page_faults, 0);
	said = capture_end();
	assert_int_equal(result, -ESRCH);
	assert_non_null(strstr(said, "--scope opener"));
	/* What it was set up for before still is. */
	assert_int_equal(perf_backend.start(backend, 1), 0);
	assert_int_equal(perf_backend.stop(backend, 1, &count), 0);
	perf_backend.release(backend, 1);
	perf_backend.close(backend);
	assert_int_equal(open_files(), files);
}

/* A system's START takes no call but 2N, STOP 2N, READ N. */
static void test_system_calls(void **state)
{
	unsigned cpus = (unsigned)online.count;
	struct backend *backend;
	uint64_t count;

	(void)state;
	skip_without_perf();
	backend = open_backend(&no_options);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, 0), 0);
	assert_int_equal(perf_wrap.opens, cpus);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	assert_int_equal(perf_wrap.ioctls, cpus);
	assert_int_equal(perf_wrap.reads, cpus);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.read(backend, 0, &count), 0);
	assert_int_equal(perf_wrap.ioctls, 0);
	assert_int_equal(perf_wrap.reads, cpus);
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	assert_int_equal(perf_wrap.ioctls, cpus);
	assert_int_equal(perf_wrap.reads, cpus);
	assert_int_equal(perf_wrap.opens, 0);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
}

static ssize_t less_time(int fd, void *buffer, size_t size)
{
	ssize_t got = perf_real_read(fd, buffer, size);

	((uint64_t *)buffer)[2]--;
	return got;
}

/* A count that may be partial is none, in every scope. */
static void test_partial_count(void **state)
{
	(void)state;
	skip_without_perf();
	for (int scope = SCOPE_SYSTEM; scope <= SCOPE_OPENER; scope++) {
		const struct backend_options options = { .scope = (enum event_scope)scope,
							 .scope_cpu = online.cpu[0] };
		struct backend *backend = open_backend(&options);
		uint64_t count = UNTOUCHED;

		assert_int_equal(perf_backend.setup(backend, 0, &page_faults, gettid()), 0);
		assert_int_equal(perf_backend.start(backend, 0), 0);
		perf_wrap.read = less_time;
		assert_int_equal(perf_backend.read(backend, 0, &count), -EIO);
		assert_int_equal(perf_backend.stop(backend, 0, &count), -EIO);
		assert_int_equal(count, UNTOUCHED);
		perf_wrap.read = NULL;
		assert_int_equal(perf_backend.start(backend, 0), 0);
		assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
		perf_backend.release(backend, 0);
		perf_backend.close(backend);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The opener's task clock, set up. */
static struct backend *open_clock(struct tstamp *stamp)
{
	const struct backend_options options = { .scope = SCOPE_OPENER, .stamp = stamp };
	struct event event = page_faults;
	struct backend *backend;

	skip_without_perf();
	if (tstamp_open(stamp) < 0)
		SKIP("this machine has no time stamp counter that can be used");
	event.kind = EVENT_TASK_CLOCK;
	event.term[0].config = PERF_COUNT_SW_TASK_CLOCK;
	backend = open_backend(&options);
	assert_int_equal(perf_backend.setup(backend, 0, &event, gettid()), 0);
	return backend;
}

/*
 * The time that the process ran, at the rate of the time stamp, without that of its sleep. The
 * kernel's figure of CPU time has no interrupts and no stolen time in it, the task clock has; and
 * the clock of the sleep is slewed, the one that it is compared with is not.
 */
static void test_task_clock(void **state)
{
	struct tstamp stamp;
	struct backend *backend = open_clock(&stamp);
	double outer;
	double inner;
	uint64_t count;

	(void)state;
	assert_true(backend->source.clock);
	outer = seconds(CLOCK_MONOTONIC_RAW);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	inner = seconds(CLOCK_THREAD_CPUTIME_ID);
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	while (seconds(CLOCK_THREAD_CPUTIME_ID) - inner < 0.05)
		;
	inner = seconds(CLOCK_THREAD_CPUTIME_ID) - inner;
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	outer = seconds(CLOCK_MONOTONIC_RAW) - outer - 0.1;
	assert_true((double)count >= inner * stamp.rate.hz * 0.99);
	assert_true((double)count <= outer * stamp.rate.hz * 1.01);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
	backend = open_backend(&no_options);
	assert_false(backend->source.clock);
	perf_backend.close(backend);
}

/* A clock's two times differ where the kernel took a moment between them: nothing was lost. */
static void test_clock_is_whole(void **state)
{
	struct tstamp stamp;
	struct backend *backend = open_clock(&stamp);
	uint64_t count;

	(void)state;
	assert_int_equal(perf_backend.start(backend, 0), 0);
	perf_wrap.read = less_time;
	assert_int_equal(perf_backend.read(backend, 0, &count), 0);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interrupts),     TEST(neither_mode),
		TEST(backend_setup),  TEST(native_takes_a_pmu),
		TEST(one_cpu),        TEST(no_such_cpu),
		TEST(opener),         TEST(system_calls),
		TEST(partial_count),  TEST(task_clock),
		TEST(clock_is_whole), TEST(check),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

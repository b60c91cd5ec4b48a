/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What perf_event_open(2) is asked, and what becomes of each of its errors. Kinds of core that this
 * machine does not have are asked of nobody.
 */

#include "backend/perf_event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/perf_events.h"
#include "capture.h"
#include "open_files.h"
#include "perf_wrap.h"
#include "unit.h"

#define CORE 4u
#define ATOM 10u

static unsigned core_cpus[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static unsigned atom_cpus[] = { 8, 9, 10, 11 };
static struct core_pmu kinds[] = {
	{ CORE, { core_cpus, COUNT(core_cpus) } },
	{ ATOM, { atom_cpus, COUNT(atom_cpus) } },
};
static const struct core_pmus hybrid = { kinds, COUNT(kinds) };
static const struct core_pmus alike;
static struct backend_pass pass;

static int pretend(void **state)
{
	perf_unwrap(state);
	perf_wrap.pretend = true;
	return 0;
}

static struct event event_of(uint32_t type, uint64_t config)
{
	struct event event = cycles;

	event.term[0] = (struct event_term){ type, config };
	return event;
}

static void must_open(const struct event *event, const struct perf_target *target)
{
	int fd = perf_event_open(event, 0, target);

	assert_true(fd >= 0);
	close(fd);
}

/*
 * Pinned for all on a CPU and for a thread alone, else inherited for a thread; disabled, and by the
 * modes asked for.
 */
static void test_attributes(void **state)
{
	static const struct perf_target targets[] = { { -1, 3, NULL, false },
						      { 4711, -1, NULL, false },
						      { 4711, -1, NULL, true } };

	(void)state;
	for (size_t i = 0; i < COUNT(targets); i++)
		for (unsigned modes = 0; modes < 4; modes++) {
			const struct perf_call *call = &perf_wrap.call[0];
			struct event event = cycles;

			pretend(NULL);
			event.user = modes & 1;
			event.kernel = modes & 2;
			must_open(&event, &targets[i]);
			assert_int_equal(perf_wrap.opens, 1);
			assert_int_equal(call->thread, targets[i].thread);
			assert_int_equal(call->cpu, targets[i].cpu);
			assert_int_equal(call->group, -1);
			assert_int_equal(call->flags, PERF_FLAG_FD_CLOEXEC);
			assert_int_equal(call->attr.disabled, 1);
			assert_int_equal(call->attr.pinned, i != 1);
			assert_int_equal(call->attr.inherit, i == 1);
			assert_int_equal(call->attr.exclude_user, modes == 2);
			assert_int_equal(call->attr.exclude_kernel, modes == 1);
			assert_int_equal(call->attr.exclude_hv, modes == 1 || modes == 2);
			assert_int_equal(call->attr.read_format,
					 PERF_FORMAT_TOTAL_TIME_ENABLED |
						 PERF_FORMAT_TOTAL_TIME_RUNNING);
		}
}

/* The task clock is of both modes with the kernel's excluded, which takes no right. */
static void test_clock_takes_no_right(void **state)
{
	static const struct perf_target target = { 4711, -1, NULL, false };
	struct event event = cycles;

	(void)state;
	event.kind = EVENT_TASK_CLOCK;
	event.user = true;
	event.kernel = true;
	must_open(&event, &target);
	assert_int_equal(perf_wrap.call[0].attr.exclude_kernel, 1);
	assert_int_equal(perf_wrap.call[0].attr.exclude_user, 0);
}

/* Each CPU's event is opened on the PMU of its kind of core. */
static void test_kinds_of_core(void **state)
{
	static const struct {
		uint32_t type;
		uint64_t config;
		uint32_t asked_type;
		uint64_t asked_config;
	} rows[] = {
		{ PERF_TYPE_HARDWARE, 1, PERF_TYPE_HARDWARE, UINT64_C(0xa00000001) },
		{ PERF_TYPE_HW_CACHE, 0x10002, PERF_TYPE_HW_CACHE, UINT64_C(0xa00010002) },
		{ PERF_TYPE_RAW, 0x1c0, ATOM, 0x1c0 },
		{ PERF_TYPE_SOFTWARE, 2, PERF_TYPE_SOFTWARE, 2 },
	};
	static const struct perf_target targets[] = { { -1, 8, &kinds[1], false },
						      { 77, -1, &kinds[1], false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(targets); j++) {
			struct event event = event_of(rows[i].type, rows[i].config);

			pretend(NULL);
			must_open(&event, &targets[j]);
			assert_int_equal(perf_wrap.opens, 1);
			assert_int_equal(perf_wrap.call[0].attr.type, rows[i].asked_type);
			assert_int_equal(perf_wrap.call[0].attr.config, rows[i].asked_config);
		}
}

static int refuse_extended(const struct perf_call *call)
{
	return call->attr.config >> PERF_PMU_TYPE_SHIFT ? ENOENT : 0;
}

/* A kernel that takes no PMU there finds the CPU's own; for a thread it finds any. */
static void test_old_kernel_of_arm(void **state)
{
	static const struct perf_target cpu = { -1, 8, &kinds[1], false };
	static const struct perf_target thread = { 77, -1, &kinds[1], false };
	const char *said;
	int result;

	(void)state;
	perf_wrap.open = refuse_extended;
	must_open(&cycles, &cpu);
	assert_int_equal(perf_wrap.opens, 2);
	assert_int_equal(perf_wrap.call[1].attr.type, PERF_TYPE_HARDWARE);
	assert_int_equal(perf_wrap.call[1].attr.config, PERF_COUNT_HW_CPU_CYCLES);
	assert_int_equal(perf_wrap.call[1].cpu, 8);

	pretend(NULL);
	perf_wrap.open = refuse_extended;
	capture_start(STDERR_FILENO);
	result = perf_event_open(&cycles, 0, &thread);
	said = capture_end();
	assert_int_equal(result, -EOPNOTSUPP);
	assert_int_equal(perf_wrap.opens, 1);
	assert_non_null(strstr(said, "on several kinds of core this kernel has no cycles"));
}

static void test_cpus_of_two_kinds(void **state)
{
	unsigned numbers[] = { 0, 7, 8, 11 };
	const struct cpulist cpus = { numbers, COUNT(numbers) };
	struct perf_events events;

	(void)state;
	assert_int_equal(perf_events_open_cpus(&cycles, &cpus, &hybrid, &events), 0);
	assert_int_equal(events.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(perf_wrap.call[i].cpu, numbers[i]);
		assert_int_equal(perf_wrap.call[i].attr.config >> PERF_PMU_TYPE_SHIFT,
				 i < 2 ? CORE : ATOM);
	}
	perf_events_close(&events);
}

static void test_cpu_of_no_kind(void **state)
{
	unsigned numbers[] = { 0, 12 };
	const struct cpulist cpus = { numbers, COUNT(numbers) };
	struct perf_events events = { .count = 0x5a5a };
	unsigned files = open_files();
	const char *said;
	int result;

	(void)state;
	capture_start(STDERR_FILENO);
	result = perf_events_open_cpus(&cycles, &cpus, &hybrid, &events);
	said = capture_end();
	assert_int_equal(result, -EOPNOTSUPP);
	assert_int_equal(events.count, 0x5a5a);
	assert_non_null(strstr(said, "drives CPU 12"));
	assert_int_equal(open_files(), files);
}

static unsigned fails_at;
static int failure;

static int fail_at(const struct perf_call *call)
{
	(void)call;
	return perf_wrap.opens == fails_at ? failure : 0;
}

static void check_failure(int wanted, const char *cause)
{
	unsigned numbers[] = { 0, 1, 2 };
	const struct cpulist cpus = { numbers, COUNT(numbers) };
	struct perf_events events = { .count = 0x5a5a };
	unsigned files = open_files();
	const char *said;
	int result;

	pretend(NULL);
	perf_wrap.open = fail_at;
	capture_start(STDERR_FILENO);
	result = perf_events_open_cpus(&cycles, &cpus, &alike, &events);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(perf_wrap.opens, fails_at + 1);
	assert_int_equal(events.count, 0x5a5a);
	assert_non_null(strstr(said, "PMIOSETUP: event 0x79 CYCLES"));
	assert_non_null(strstr(said, cause));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_int_equal(open_files(), files);
}

/* Each of the errors, on the first and on the last CPU. */
static void test_failures(void **state)
{
	static const struct {
		int error;
		int wanted;
		const char *cause;
	} rows[] = {
		{ EACCES, -EACCES, "(EACCES): perfmond needs CAP_PERFMON" },
		{ EPERM, -EACCES, "(EPERM): perfmond needs CAP_PERFMON" },
		{ ENOENT, -EOPNOTSUPP, "no hardware counter for cycles (ENOENT)" },
		{ EOPNOTSUPP, -EOPNOTSUPP, "no hardware counter for cycles (EOPNOTSUPP)" },
		{ ENODEV, -EAGAIN, "is offline; bring it online" },
		{ EINVAL, -EOPNOTSUPP, "takes no such event or flags: cycles; try it without" },
		{ ENOSYS, -EOPNOTSUPP, "run one with CONFIG_PERF_EVENTS" },
		{ EMFILE, -EMFILE, "raise the limit of open files" },
		{ ENFILE, -ENFILE, "raise the limit of open files" },
		{ EBUSY, -EBUSY, "busy" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (fails_at = 0; fails_at < 3; fails_at += 2) {
			failure = rows[i].error;
			check_failure(rows[i].wanted, rows[i].cause);
		}
}

/* By descriptor, in the order in which they were opened: enabled and on the PMU, ns. */
static uint64_t times[8][2];
static int first_fd;

static ssize_t give_times(int fd, void *buffer, size_t size)
{
	struct perf_reading reading = { .value = 100,
					.enabled = times[fd - first_fd][0],
					.running = times[fd - first_fd][1] };

	assert_int_equal(size, sizeof reading);
	memcpy(buffer, &reading, sizeof reading);
	return sizeof reading;
}

/* A thread's time is shared by the kinds of core that it ran on. */
static void test_thread_of_two_kinds(void **state)
{
	static const struct {
		uint64_t times[4][2]; /* of two terms on two kinds each */
		int result;
	} rows[] = {
		{ { { 50, 50 }, { 50, 0 }, { 50, 50 }, { 50, 0 } }, 0 },
		{ { { 50, 20 }, { 50, 30 }, { 50, 20 }, { 50, 30 } }, 0 },
		{ { { 50, 20 }, { 50, 29 }, { 50, 20 }, { 50, 30 } }, -EIO },
		{ { { 50, 20 }, { 50, 30 }, { 50, 0 }, { 50, 49 } }, -EIO },
		{ { { 50, 0 }, { 50, 0 }, { 50, 0 }, { 50, 0 } }, -EIO },
	};
	struct event event = cycles;
	struct perf_events events;

	(void)state;
	event.terms = 2;
	event.term[1] = (struct event_term){ PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS };
	assert_int_equal(perf_events_open_threads(&event, getpid(), &hybrid, &events), 0);
	assert_int_equal(events.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(perf_wrap.call[i].attr.config,
				 (uint64_t)(i % 2 ? ATOM : CORE) << 32 | event.term[i / 2].config);
		assert_int_equal(events.event[i].fd, events.event[0].fd + (int)i);
	}
	first_fd = events.event[0].fd;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t count = UNTOUCHED;

		memset(times, 0, sizeof times);
		perf_wrap.read = give_times;
		for (size_t j = 0; j < 4; j++)
			events.event[j].last = (struct perf_reading){ 0 };
		assert_int_equal(perf_events_start(&events, &pass), 0);
		for (size_t j = 0; j < 4; j++)
			events.event[j].begin = (struct perf_reading){ 0 };
		memcpy(times, rows[i].times, sizeof rows[i].times);
		assert_int_equal(perf_events_read(&events, &count), rows[i].result);
		assert_int_equal(count, rows[i].result ? UNTOUCHED : 400);
	}
	perf_events_close(&events);
}

/* The kernel's own events are of no PMU. */
static void test_software_of_a_thread(void **state)
{
	struct perf_events events;

	(void)state;
	assert_int_equal(perf_events_open_threads(&page_faults, getpid(), &hybrid, &events), 0);
	assert_int_equal(events.count, 1);
	assert_int_equal(perf_wrap.call[0].attr.type, PERF_TYPE_SOFTWARE);
	perf_events_close(&events);
}

static const struct perf_reading *next_reading;

static ssize_t give_next(int fd, void *buffer, size_t size)
{
	(void)fd;
	assert_int_equal(size, sizeof *next_reading);
	memcpy(buffer, next_reading++, size);
	return (ssize_t)size;
}

/*
 * The events of one thread on two kinds of core are enabled and read one after the other. The time
 * between is no time off the PMU; what both miss is.
 */
static void test_times_of_two_kinds(void **state)
{
	static const struct {
		struct perf_reading readings[2]; /* value, enabled, running */
		int wanted;
	} rows[] = {
		{ { { 5, 100, 100 }, { 0, 90, 0 } }, 0 },
		{ { { 0, 100, 0 }, { 5, 90, 90 } }, 0 },
		{ { { 0, 90, 0 }, { 5, 100, 100 } }, 0 },
		{ { { 2, 100, 60 }, { 3, 100, 40 } }, 0 },
		{ { { 2, 100, 60 }, { 3, 100, 39 } }, -EIO },
		{ { { 2, 100, 40 }, { 3, 90, 30 } }, -EIO },
		{ { { 0, 100, 0 }, { 0, 100, 0 } }, -EIO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct perf_events events;
		uint64_t sum = UNTOUCHED;

		assert_int_equal(perf_events_open_threads(&cycles, getpid(), &hybrid, &events), 0);
		assert_int_equal(perf_events_start(&events, &pass), 0);
		next_reading = rows[i].readings;
		perf_wrap.read = give_next;
		capture_start(STDERR_FILENO);
		assert_int_equal(perf_events_read(&events, &sum), rows[i].wanted);
		(void)capture_end();
		perf_wrap.read = NULL;
		assert_int_equal(sum, rows[i].wanted ? UNTOUCHED : 5);
		perf_events_close(&events);
	}
}

#define TEST(name) cmocka_unit_test_setup(test_##name, pretend)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attributes),         TEST(clock_takes_no_right), TEST(kinds_of_core),
		TEST(old_kernel_of_arm),  TEST(cpus_of_two_kinds),    TEST(cpu_of_no_kind),
		TEST(failures),           TEST(thread_of_two_kinds),  TEST(software_of_a_thread),
		TEST(times_of_two_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

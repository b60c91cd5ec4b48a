/* SPDX-License-Identifier: BSD-2-Clause */

/* Where the events of a process cannot be opened: what is said, and that nothing is left open. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/perf_events.h"
#include "capture.h"
#include "open_files.h"
#include "perf_wrap.h"
#include "unit.h"

#define THREADS 3
#define T       (THREADS + 1)

static const struct core_pmus alike;
static pthread_t thread[THREADS];
static int pipe_ends[2];

static void *wait_for_the_end(void *unused)
{
	char byte;

	while (perf_real_read(pipe_ends[0], &byte, 1) > 0)
		;
	return unused;
}

static void start_threads(void)
{
	assert_int_equal(pipe(pipe_ends), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, wait_for_the_end, NULL), 0);
}

static void end_threads(void)
{
	close(pipe_ends[1]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	close(pipe_ends[0]);
}

static void check_refusal(pid_t whose, int wanted, const char *cause)
{
	struct perf_events made = { .count = 0x5a5a };
	unsigned files = open_files();
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = perf_events_open_threads(&page_faults, whose, &alike, &made);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(made.count, 0x5a5a);
	assert_non_null(strstr(said, cause));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_int_equal(open_files(), files);
}

static void test_nobody(void **state)
{
	(void)state;
	check_refusal(0, -ESRCH, "pid namespace");
	check_refusal(-1, -ESRCH, "pid namespace");
	check_refusal(ended_process(), -ESRCH, "pid namespace");
	assert_int_equal(perf_wrap.opens, 0);
}

/* One that ended since the list was read is left out. */
static void test_threads_that_ended(void **state)
{
	struct perf_events events;

	(void)state;
	skip_without_perf();
	perf_wrap.restless = 5;
	assert_int_equal(perf_events_open_threads(&page_faults, gettid(), &alike, &events), 0);
	assert_int_equal(events.count, 1);
	assert_int_equal(perf_wrap.restless, 0);
	perf_events_close(&events);
}

static void test_restless_threads(void **state)
{
	(void)state;
	skip_without_perf();
	perf_wrap.restless = 1000;
	check_refusal(gettid(), -EAGAIN, "come and go too fast");
}

/* Each of the errors, on the first and on the last of the threads. */
static unsigned fails_at;
static int failure;

static int fail_at(const struct perf_call *call)
{
	(void)call;
	return perf_wrap.opens == fails_at ? failure : 0;
}

static void test_failures(void **state)
{
	static const struct {
		int error;
		int wanted;
		const char *cause;
	} rows[] = {
		{ EACCES, -EACCES, "CAP_PERFMON" },
		{ EPERM, -EACCES, "CAP_PERFMON" },
		{ ENOENT, -EOPNOTSUPP, "no hardware counter for page-faults (ENOENT)" },
		{ EOPNOTSUPP, -EOPNOTSUPP, "no hardware counter for page-faults (EOPNOTSUPP)" },
		{ EINVAL, -EOPNOTSUPP, "try it without" },
		{ ENOSYS, -EOPNOTSUPP, "CONFIG_PERF_EVENTS" },
		{ EMFILE, -EMFILE, "ulimit -n" },
		{ EBUSY, -EBUSY, "busy" },
	};

	(void)state;
	skip_without_perf();
	start_threads();
	for (size_t i = 0; i < COUNT(rows); i++)
		for (unsigned at = 0; at < T; at++) {
			perf_unwrap(NULL);
			fails_at = at;
			failure = rows[i].error;
			perf_wrap.open = fail_at;
			check_refusal(gettid(), rows[i].wanted, rows[i].cause);
			assert_int_equal(perf_wrap.opens, at + 1);
		}
	end_threads();
}

static int always_interrupted(const struct perf_call *call)
{
	(void)call;
	return EINTR;
}

/* A thread that is in exec without an end. */
static void test_exec(void **state)
{
	(void)state;
	skip_without_perf();
	perf_unwrap(NULL);
	perf_wrap.open = always_interrupted;
	check_refusal(gettid(), -EAGAIN, "was starting another program");
}

/* Not even the list of threads can be read. */
/* Whoever has that many threads is not to keep the daemon from everybody else. */
static void test_too_many_threads(void **state)
{
	(void)state;
	perf_wrap.threads = 4097;
	check_refusal(gettid(), -EMFILE, "4097 threads are too many");
	assert_int_equal(perf_wrap.opens, 0);
}

static void test_no_file_left(void **state)
{
	struct perf_events made = { .count = 0x5a5a };
	int lowest = dup(STDOUT_FILENO);
	struct rlimit limit;
	struct rlimit low;
	const char *said;
	int result;

	(void)state;
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)lowest + 2;
	capture_start(STDERR_FILENO);
	setrlimit(RLIMIT_NOFILE, &low);
	result = perf_events_open_threads(&page_faults, gettid(), &alike, &made);
	setrlimit(RLIMIT_NOFILE, &limit);
	said = capture_end();
	assert_int_equal(result, -EMFILE);
	assert_int_equal(made.count, 0x5a5a);
	assert_non_null(strstr(said, "ulimit -n"));
}

#define TEST(name) cmocka_unit_test_setup(test_##name, perf_unwrap)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody),   TEST(threads_that_ended), TEST(restless_threads),
		TEST(failures), TEST(no_file_left),       TEST(too_many_threads),
		TEST(exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

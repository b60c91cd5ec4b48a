/* SPDX-License-Identifier: BSD-2-Clause */

/* Events of one process: its threads, and what they start. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/perf_events.h"
#include "capture.h"
#include "perf_wrap.h"
#include "unit.h"

#define THREADS 3
#define T       (THREADS + 1)

/* What forks and threads fault by themselves is less than one that is missed, or counted twice. */
#define SLACK (PAGES / 2)

static const struct core_pmus alike;
static struct perf_events events;
static struct backend_pass pass;
static pthread_barrier_t *barrier; /* of each test its own: a failed one leaves its threads at it */
static pthread_t thread[THREADS];

static void *fault_once(void *unused)
{
	(void)unused;
	fault(PAGES);
	return NULL;
}

/* Between two barriers, so that a test says when. */
static void *fault_when_told(void *told_by)
{
	pthread_barrier_wait(told_by);
	fault(PAGES);
	pthread_barrier_wait(told_by);
	pthread_barrier_wait(told_by);
	return NULL;
}

static void start_threads(void)
{
	barrier = malloc(sizeof *barrier);
	assert_non_null(barrier);
	pthread_barrier_init(barrier, NULL, T);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fault_when_told, barrier), 0);
}

static void tell_threads(void)
{
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
}

static void end_threads(void)
{
	pthread_barrier_wait(barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(barrier);
	free(barrier);
}

static void open_page_faults(void)
{
	skip_without_perf();
	assert_int_equal(perf_events_open_threads(&page_faults, gettid(), &alike, &events), 0);
}

static uint64_t sum(void)
{
	uint64_t count = UNTOUCHED;

	assert_int_equal(perf_events_read(&events, &count), 0);
	return count;
}

static void check_count(uint64_t times)
{
	assert_in_range(sum(), times * PAGES, times * PAGES + SLACK);
}

static void run_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		fault(PAGES);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void run_thread(void)
{
	pthread_t later;

	assert_int_equal(pthread_create(&later, NULL, fault_once, NULL), 0);
	pthread_join(later, NULL);
}

static void test_every_thread_counts(void **state)
{
	(void)state;
	skip_without_perf();
	start_threads();
	open_page_faults();
	assert_int_equal(events.count, T);
	assert_true(events.inherited);
	assert_int_equal(perf_events_start(&events, &pass), 0);
	tell_threads();
	check_count(THREADS);
	fault(PAGES);
	check_count(THREADS + 1);
	run_thread();
	check_count(THREADS + 2);
	run_child();
	check_count(THREADS + 3);
	perf_events_stop(&events, &pass);
	check_count(THREADS + 3);
	run_thread();
	run_child();
	check_count(THREADS + 3);
	end_threads();
	perf_events_close(&events);
}

/* From 0 again; what ended since the first start was counted then. */
static void test_start_again(void **state)
{
	(void)state;
	open_page_faults();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(perf_events_start(&events, &pass), 0);
		check_count(0);
		run_child();
		fault(PAGES);
		perf_events_stop(&events, &pass);
		check_count(2);
		fault(PAGES);
		check_count(2);
	}
	perf_events_close(&events);
}

/* What a child does before and beside does not count. */
static void test_stranger(void **state)
{
	int go[2];
	int done[2];
	char byte = 0;
	pid_t child;

	(void)state;
	skip_without_perf();
	assert_int_equal(pipe(go) | pipe(done), 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		fault(PAGES);
		_exit(write(done[1], &byte, 1) != 1);
	}
	open_page_faults();
	assert_int_equal(perf_events_start(&events, &pass), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(read(done[0], &byte, 1), 1);
	check_count(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	perf_events_stop(&events, &pass);
	check_count(0);
	perf_events_close(&events);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
}

static int go_on[2];
static int told[2];

/* Tells its thread id, faults when told, and tells that. */
static void *outlive(void *unused)
{
	pid_t self = gettid();
	char byte;

	if (write(told[1], &self, sizeof self) != sizeof self || read(go_on[0], &byte, 1) != 1)
		_exit(1);
	fault(PAGES);
	if (write(told[1], &self, sizeof self) != sizeof self || read(go_on[0], &byte, 1) != 1)
		_exit(1);
	_exit(0);
	return unused;
}

/* The process goes on, and lists its first thread although that has ended. */
static void test_first_thread_has_ended(void **state)
{
	pthread_t other;
	pid_t child;
	pid_t left;
	int status;

	(void)state;
	skip_without_perf();
	assert_int_equal(pipe(go_on) | pipe(told), 0);
	child = fork();
	if (child == 0) {
		pthread_create(&other, NULL, outlive, NULL);
		pthread_exit(NULL);
	}
	assert_int_equal(read(told[0], &left, sizeof left), sizeof left);
	usleep(20000);
	assert_int_equal(perf_events_open_threads(&page_faults, left, &alike, &events), 0);
	assert_int_equal(perf_events_start(&events, &pass), 0);
	assert_int_equal(write(go_on[1], "g", 1), 1);
	assert_int_equal(read(told[0], &left, sizeof left), sizeof left);
	perf_events_stop(&events, &pass);
	check_count(1);
	perf_events_close(&events);
	assert_int_equal(write(go_on[1], "g", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(go_on[i]);
		close(told[i]);
	}
}

/* START T, STOP 2T with its reading, READ T for T threads, and no event opened anew. */
static void test_system_calls(void **state)
{
	(void)state;
	skip_without_perf();
	start_threads();
	open_page_faults();
	assert_int_equal(perf_wrap.opens, T);
	for (int i = 0; i < 3; i++) {
		perf_unwrap(NULL);
		assert_int_equal(perf_events_start(&events, &pass), 0);
		assert_int_equal(perf_wrap.ioctls, T);
		assert_int_equal(perf_wrap.reads, 0);
		sum();
		assert_int_equal(perf_wrap.ioctls, T);
		assert_int_equal(perf_wrap.reads, T);
		perf_unwrap(NULL);
		perf_events_stop(&events, &pass);
		sum();
		assert_int_equal(perf_wrap.ioctls, T);
		assert_int_equal(perf_wrap.reads, T);
		assert_int_equal(perf_wrap.opens, 0);
	}
	tell_threads();
	end_threads();
	perf_events_close(&events);
}

static ssize_t less_time(int fd, void *buffer, size_t size)
{
	ssize_t got = perf_real_read(fd, buffer, size);

	((uint64_t *)buffer)[2]--;
	return got;
}

/* A count that was not on the PMU all the time is none, and the next one begins after it. */
static void test_off_the_pmu(void **state)
{
	uint64_t count = UNTOUCHED;
	const char *said;
	int result;

	(void)state;
	open_page_faults();
	assert_int_equal(perf_events_start(&events, &pass), 0);
	fault(PAGES);
	perf_events_stop(&events, &pass);
	perf_wrap.read = less_time;
	capture_start(STDERR_FILENO);
	result = perf_events_read(&events, &count);
	said = capture_end();
	assert_int_equal(result, -EIO);
	assert_int_equal(count, UNTOUCHED);
	assert_non_null(strstr(said, "somebody else's events"));
	perf_wrap.read = NULL;
	assert_int_equal(perf_events_start(&events, &pass), 0);
	fault(PAGES);
	perf_events_stop(&events, &pass);
	check_count(1);
	perf_events_close(&events);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, perf_unwrap)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_thread_counts),    TEST(start_again),  TEST(stranger),
		TEST(first_thread_has_ended), TEST(system_calls), TEST(off_the_pmu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whose turn it is: linked with --wrap; files have 64-bit offsets here, and fopen() that name.
 * Thread 1203 is of process 1200, and so on.
 */

#include "transport/fair.h"

#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
FILE *__wrap_fopen64(const char *path, const char *mode);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct fair fair;
static bool hidden; /* /proc shows no process */
static unsigned looked_up;
static char status[64];
static uint64_t moment; /* ns */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	*ret_time = (struct timespec){ (time_t)(moment / 1000000000), (long)(moment % 1000000000) };
	return 0;
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	unsigned thread;

	looked_up++;
	assert_int_equal(sscanf(path, "/proc/%u/status", &thread), 1);
	assert_string_equal(mode, "re");
	if (hidden)
		return NULL;
	snprintf(status, sizeof status, "Name:\tx\nTgid:\t%u\nPid:\t%u\n", thread / 100 * 100,
		 thread);
	return fmemopen(status, strlen(status), "r");
}

static int empty(void **state)
{
	(void)state;
	memset(&fair, 0, sizeof fair);
	hidden = false;
	looked_up = 0;
	moment = 1000000000;
	return 0;
}

static int drop(void **state)
{
	(void)state;
	fair_close(&fair);
	return 0;
}

static bool ask_as(uint32_t thread, uint32_t user, uint32_t opcode)
{
	struct fuse_in_header header = {
		.len = sizeof header, .opcode = opcode, .pid = thread, .uid = user
	};

	return fair_hold(&fair, &header, sizeof header);
}

static bool ask(uint32_t thread)
{
	return ask_as(thread, 0, FUSE_IOCTL);
}

/* Served in so many ns. */
static uint32_t next_for(uint64_t time)
{
	struct fair_request request;
	uint64_t pause;
	uint32_t thread;

	assert_true(fair_next(&fair, &request, &pause));
	thread = ((struct fuse_in_header *)request.bytes)->pid;
	moment += time;
	fair_served(&fair, &request);
	assert_int_equal(request.size, sizeof(struct fuse_in_header));
	free(request.bytes);
	return thread;
}

static uint32_t next(void)
{
	return next_for(0);
}

/* How long all that are held pause. */
static uint64_t pause_left(void)
{
	struct fair_request request;
	uint64_t pause;

	assert_false(fair_next(&fair, &request, &pause));
	return pause;
}

static void test_alone(void **state)
{
	(void)state;
	assert_true(ask(1200));
	assert_int_equal(next(), 1200);
	for (int i = 0; i < 10; i++)
		assert_false(ask(1200));
	assert_int_equal(looked_up, 1);
}

/* Eight threads ask before another process does, which is next in spite of them each time. */
static void test_turns(void **state)
{
	(void)state;
	for (uint32_t thread = 1200; thread < 1208; thread++)
		assert_true(ask(thread));
	assert_int_equal(next(), 1200);
	for (uint32_t turn = 0; turn < 20; turn++) {
		assert_true(ask(1300));
		assert_int_equal(next(), 1300);
		assert_int_equal(next(), 1200 + (turn + 1) % 8);
		assert_true(ask(1200 + turn % 8));
	}
	assert_int_equal(looked_up, 9);
}

/* By arrival, within a process and among those that wait since as long. */
static void test_arrival(void **state)
{
	(void)state;
	assert_true(ask(1301));
	assert_true(ask(1200));
	assert_true(ask(1300));
	assert_true(ask(1201));
	assert_int_equal(next(), 1301);
	assert_int_equal(next(), 1200);
	assert_int_equal(next(), 1300);
	assert_int_equal(next(), 1201);
	assert_int_equal(fair.held, 0);
}

/* Whoever closed, and then opens, meets the file closed. */
static void test_not_held(void **state)
{
	(void)state;
	assert_true(ask(1200));
	assert_true(ask_as(1300, 0, FUSE_OPEN));
	assert_false(ask_as(1400, 0, FUSE_RELEASE));
	assert_false(ask_as(0, 0, FUSE_RELEASE));
	assert_false(ask_as(1400, 0, FUSE_INTERRUPT));
	assert_false(ask_as(1400, 0, FUSE_GETATTR));
	assert_int_equal(fair.held, 2);
}

static void test_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FAIR_HELD; i++) {
		assert_true(fair_has_room(&fair));
		assert_true(ask(1200 + i % 8));
	}
	assert_false(fair_has_room(&fair));
	assert_false(ask(1300));
	assert_int_equal(next(), 1200);
	assert_true(ask(1300));
	assert_int_equal(next(), 1300);
}

/* Of another user, he is another client still. */
static void test_hidden(void **state)
{
	(void)state;
	hidden = true;
	assert_true(ask_as(1200, 1, FUSE_IOCTL));
	assert_true(ask_as(0, 1, FUSE_IOCTL));
	assert_true(ask_as(1400, 1, FUSE_IOCTL));
	assert_true(ask_as(1500, 2, FUSE_IOCTL));
	assert_int_equal(next(), 1200);
	assert_int_equal(next(), 1500);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 1400);
}

/* Processes that fall together take turns as one, and put off nobody. */
static void test_clients_together(void **state)
{
	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		assert_true(ask(1200));
		assert_true(ask(1201 + 100 * FAIR_CLIENTS));
		assert_true(ask(1300));
		assert_int_equal(next(), turn == 0 ? 1200 : 1300);
		assert_int_equal(next(), turn == 0 ? 1300 : 1200);
		assert_int_equal(next(), 1201 + 100 * FAIR_CLIENTS);
	}
}

/* Threads that fall together are looked up once. */
static void test_threads_together(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(ask(1200 + FAIR_THREADS * (i % 8)));
		next();
	}
	assert_int_equal(looked_up, 1);
}

/* An id is another process's in time. */
static void test_forgets(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * FAIR_LASTS; i++) {
		assert_true(ask(1200 + i % 2));
		next();
	}
	assert_in_range(looked_up, 4, 10);
}

/* Beside another client, whoever had a long request waits for twice as long before the next. */
static void test_pause(void **state)
{
	(void)state;
	assert_true(ask(1300));
	next();
	assert_true(ask(1200));
	assert_int_equal(next_for(50000), 1200);
	assert_true(ask(1200));
	assert_int_equal(pause_left(), 100000);
	moment += 40000;
	assert_true(ask(1300));
	assert_int_equal(next(), 1300);
	assert_int_equal(pause_left(), 60000);
	moment += 60000;
	assert_int_equal(next(), 1200);
	/* One that is not worth a sleep. */
	assert_true(ask(1200));
	assert_int_equal(next_for(FAIR_PAUSE_LEAST / FAIR_PAUSE - 1), 1200);
	assert_true(ask(1200));
	assert_int_equal(next(), 1200);
}

/* Its threads have one pause between them; one more process is no other client's. */
static void test_pause_of_process(void **state)
{
	(void)state;
	assert_true(ask(1300));
	next();
	assert_true(ask(1200));
	next_for(50000);
	assert_true(ask(1201));
	assert_int_equal(pause_left(), 100000);
	assert_true(ask(1200 + 100 * FAIR_CLIENTS));
	assert_int_equal(next(), 1200 + 100 * FAIR_CLIENTS);
}

/* One that took longer than others count as asking: for no longer than the most. */
static void test_long_pause(void **state)
{
	(void)state;
	assert_true(ask(1300));
	next();
	assert_true(ask(1200));
	assert_int_equal(next_for(20 * FAIR_LATELY), 1200);
	assert_true(ask(1300));
	assert_int_equal(next(), 1300);
	assert_true(ask(1200));
	assert_int_equal(pause_left(), FAIR_PAUSE_MOST);
	/* Nobody asks any more. */
	moment += FAIR_LATELY;
	assert_int_equal(next(), 1200);
}

/* Of two who pause for each other one is served; and where no more can be held, whoever is. */
static void test_pause_in_vain(void **state)
{
	(void)state;
	assert_true(ask(1300));
	next();
	assert_true(ask(1200));
	next_for(50000);
	assert_true(ask(1300));
	next_for(50000);
	assert_true(ask(1200));
	assert_int_equal(pause_left(), 50000);
	assert_true(ask(1300));
	assert_int_equal(next_for(50000), 1200);
	assert_int_equal(pause_left(), 50000);
	assert_true(ask(1200));
	assert_int_equal(next_for(50000), 1300);
	moment += FAIR_LATELY;
	assert_int_equal(next(), 1200);
	assert_true(ask(1400));
	next();
	assert_true(ask(1200));
	next_for(50000);
	for (uint32_t i = 0; i < FAIR_HELD - 1; i++)
		assert_true(ask(1200 + i % 8));
	assert_true(pause_left() > 0);
	assert_true(ask(1200));
	assert_int_equal(next(), 1200);
}

/* Who asks alone has no pause, nor who asks alone again; and then nothing is held. */
static void test_no_pause_alone(void **state)
{
	(void)state;
	assert_true(ask(1200));
	next_for(50000);
	assert_false(ask(1200));
	assert_true(ask(1201));
	assert_int_equal(next_for(50000), 1201);
	assert_true(ask(1200));
	assert_int_equal(next(), 1200);
	assert_true(ask(1300));
	next();
	assert_true(ask(1200));
	next();
	assert_true(ask(1200));
	moment += FAIR_LATELY;
	assert_int_equal(next_for(50000), 1200);
	assert_true(ask(1200));
	assert_int_equal(next(), 1200);
	assert_false(ask(1200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alone, empty, drop),
		cmocka_unit_test_setup_teardown(test_turns, empty, drop),
		cmocka_unit_test_setup_teardown(test_arrival, empty, drop),
		cmocka_unit_test_setup_teardown(test_not_held, empty, drop),
		cmocka_unit_test_setup_teardown(test_room, empty, drop),
		cmocka_unit_test_setup_teardown(test_hidden, empty, drop),
		cmocka_unit_test_setup_teardown(test_clients_together, empty, drop),
		cmocka_unit_test_setup_teardown(test_threads_together, empty, drop),
		cmocka_unit_test_setup_teardown(test_forgets, empty, drop),
		cmocka_unit_test_setup_teardown(test_pause, empty, drop),
		cmocka_unit_test_setup_teardown(test_pause_of_process, empty, drop),
		cmocka_unit_test_setup_teardown(test_long_pause, empty, drop),
		cmocka_unit_test_setup_teardown(test_pause_in_vain, empty, drop),
		cmocka_unit_test_setup_teardown(test_no_pause_alone, empty, drop),
	};

	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* When the loop looks for a request before it sleeps, and how often: linked with --wrap. */

#include "transport/spin.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __wrap_poll(struct pollfd *descriptors, nfds_t count, int timeout);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
long __real_sysconf(int name);
long __wrap_sysconf(int name);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static unsigned looks;     /* since the latest request */
static unsigned comes_at;  /* the look that finds the next one; 0: none does */
static unsigned long now;  /* ns */
static unsigned look_time; /* ns */
static long cpus;

int __wrap_poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
	assert_int_equal(count, 1);
	assert_int_equal(descriptors->fd, 7);
	assert_int_equal(descriptors->events, POLLIN);
	assert_int_equal(timeout, 0);
	looks++;
	now += look_time;
	return looks == comes_at;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	time->tv_sec = (time_t)(now / 1000000000);
	time->tv_nsec = (long)(now % 1000000000);
	return 0;
}

long __wrap_sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN ? cpus : __real_sysconf(name);
}

static struct spin open_spin(unsigned nanoseconds)
{
	struct spin spin;

	cpus = 2;
	look_time = nanoseconds;
	comes_at = 0;
	spin_open(&spin, 7);
	return spin;
}

/* How often it looks for a request that is there at a look, 0: at none. */
static unsigned wait_for(struct spin *spin, unsigned at)
{
	looks = 0;
	comes_at = at;
	spin_wait(spin, 7);
	return looks;
}

/* How many requests go by until it looks again. */
static unsigned rest_of(struct spin *spin, unsigned at)
{
	unsigned requests = 0;

	while (wait_for(spin, at) == 0)
		requests++;
	return requests;
}

static void test_time(void **state)
{
	(void)state;
	assert_int_equal(open_spin(1024).looks, SPIN_TIME * 1000 / 1024);
	assert_int_equal(open_spin(512).looks, SPIN_TIME * 1000 / 512);
	/* A machine that is emulated, and one whose clock stands. */
	assert_int_equal(open_spin(1000000).looks, 4);
	assert_int_equal(open_spin(0).looks, 1000);
}

/* A client on this CPU. */
static void find_soon(struct spin *spin, unsigned at)
{
	for (int i = 0; i < SPIN_SOON_RUN; i++)
		assert_int_equal(wait_for(spin, at), at);
	assert_int_equal(rest_of(spin, at), SPIN_REST_SOON);
	/* That was the first of the next row. */
	for (int i = 1; i < SPIN_SOON_RUN; i++)
		assert_int_equal(wait_for(spin, at), at);
}

static void test_soon(void **state)
{
	struct spin spin = open_spin(1000);
	unsigned soon = spin.looks / SPIN_SOON + 1;

	(void)state;
	for (unsigned at = 1; at <= soon; at++) {
		find_soon(&spin, at);
		/* To the end of the rest, by one that is found later. */
		assert_int_equal(rest_of(&spin, soon + 1), SPIN_REST_SOON);
		assert_int_equal(rest_of(&spin, at), SPIN_CHANCE);
		for (int i = 1; i < SPIN_SOON_RUN; i++)
			assert_int_equal(wait_for(&spin, at), at);
		assert_int_equal(rest_of(&spin, 0), SPIN_REST_SOON);
		assert_int_equal(rest_of(&spin, 0), SPIN_REST_MIN);
		spin = open_spin(1000);
	}
}

/* Of one on another: after a chance for the scheduler, each is looked for, until the next one. */
static void test_later(void **state)
{
	struct spin spin = open_spin(1000);

	(void)state;
	assert_int_equal(wait_for(&spin, 20), 20);
	assert_int_equal(rest_of(&spin, 20), SPIN_CHANCE);
	for (unsigned run = SPIN_RUN_MIN; run < SPIN_RUN_MAX; run *= 2) {
		/* One has been found by rest_of(). */
		for (unsigned i = 1; i < run; i++)
			assert_int_equal(wait_for(&spin, 20), 20);
		assert_int_equal(rest_of(&spin, 20), SPIN_CHANCE);
	}
	/* Now and then one is there at once, and changes nothing. */
	for (unsigned i = 1; i < SPIN_RUN_MAX; i++) {
		if (i % 100 == 0)
			assert_int_equal(wait_for(&spin, 1), 1);
		assert_int_equal(wait_for(&spin, 40), 40);
	}
	assert_int_equal(rest_of(&spin, 1), SPIN_CHANCE);
	/* It has come to this CPU: all begins anew. */
	for (int i = 1; i < SPIN_SOON_RUN; i++)
		assert_int_equal(wait_for(&spin, 1), 1);
	assert_int_equal(rest_of(&spin, 20), SPIN_REST_SOON);
	assert_int_equal(rest_of(&spin, 20), SPIN_CHANCE);
	for (unsigned i = 1; i < SPIN_RUN_MIN; i++)
		assert_int_equal(wait_for(&spin, 20), 20);
	assert_int_equal(rest_of(&spin, 20), SPIN_CHANCE);
}

static void test_in_vain(void **state)
{
	struct spin spin = open_spin(1000);
	unsigned all = spin.looks;

	(void)state;
	assert_int_equal(wait_for(&spin, 0), all);
	for (unsigned rest = SPIN_REST_MIN; rest < SPIN_REST_MAX; rest *= 2) {
		assert_int_equal(rest_of(&spin, 0), rest);
		assert_int_equal(looks, all);
	}
	assert_int_equal(rest_of(&spin, 0), SPIN_REST_MAX);
	assert_int_equal(rest_of(&spin, all), SPIN_REST_MAX);
	/* The last look found one. */
	assert_int_equal(rest_of(&spin, 0), SPIN_CHANCE);
	assert_int_equal(rest_of(&spin, 0), SPIN_REST_MIN);
}

/* Who looks keeps the client from asking. */
static void test_one_cpu(void **state)
{
	struct spin spin = open_spin(1000);

	(void)state;
	cpus = 1;
	spin_open(&spin, 7);
	for (unsigned i = 0; i < 2 * SPIN_REST_MAX; i++)
		assert_int_equal(wait_for(&spin, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),    cmocka_unit_test(test_soon),
		cmocka_unit_test(test_later),   cmocka_unit_test(test_in_vain),
		cmocka_unit_test(test_one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

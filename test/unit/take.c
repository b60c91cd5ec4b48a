/* SPDX-License-Identifier: BSD-2-Clause */

/* What libperfmon makes of a socket beside the node that nobody serves. */

#include "../../client/take.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static char directory[] = "/tmp/take-XXXXXX";
static char node[sizeof directory + 8];
static char path[sizeof node + 8];
static int listener;

static int setup(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	snprintf(directory, sizeof directory, "/tmp/take-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(node, sizeof node, "%s/node", directory);
	snprintf(path, sizeof path, "%s.socket", node);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	/* One connection waits, and the next one for it. */
	return listen(listener, 0);
}

static int teardown(void **state)
{
	(void)state;
	close(listener);
	unlink(path);
	return rmdir(directory);
}

static time_t seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static void ring(int number)
{
	(void)number;
}

/* A profiler's signals end no call, and do not make it last. */
static void set_bell(long microseconds)
{
	const struct itimerval bell = { .it_value.tv_usec = microseconds };
	struct sigaction action = { .sa_handler = ring };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &bell, NULL);
}

static void test_no_answer(void **state)
{
	struct perfmon_taken taken = { .pet_period = 77 };
	time_t begin = seconds();
	unsigned count = 77;
	int fd[TAKE_MOST];
	int socket;

	(void)state;
	assert_int_equal(take_connect(node, &socket), 0);
	set_bell(100000);
	assert_int_equal(take(socket, 1, &taken, fd, TAKE_MOST, &count), ETIMEDOUT);
	assert_in_range(seconds() - begin, TAKE_PATIENCE - 1, 2 * TAKE_PATIENCE);
	assert_int_equal(count, 77);
	assert_int_equal(taken.pet_period, 77);
	close(socket);
}

static void test_no_connection(void **state)
{
	time_t begin = seconds();
	int first;
	int second = -77;

	(void)state;
	assert_int_equal(take_connect(node, &first), 0);
	set_bell(100000);
	assert_int_equal(take_connect(node, &second), ETIMEDOUT);
	assert_in_range(seconds() - begin, TAKE_PATIENCE - 1, 2 * TAKE_PATIENCE);
	assert_int_equal(second, -77);
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_connection, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* Descriptors that are lost on the way into the process that is to keep them. */

#include "pass/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

#define LOOKS 10000

static struct holders holders;

static bool has(pid_t process, int fd)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)process, fd);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Gives the worker, with a descriptor that it keeps, as its 0: those of the test it has closed. */
static pid_t start(void)
{
	const int fd[] = { STDIN_FILENO };
	pid_t worker;

	holders_open(&holders);
	assert_int_equal(holders_keep(&holders, getpid(), 1, fd, COUNT(fd)), 0);
	assert_int_equal(holders.count, 1);
	worker = holders.holder[0].worker.process;
	for (int looks = 0; has(worker, 1) || !has(worker, 0); looks++) {
		assert_true(looks < LOOKS);
		usleep(1000);
	}
	return worker;
}

/* It has room for so many descriptors of a message; the first is kept already. */
static void limit(pid_t worker, rlim_t room)
{
	struct rlimit files = { room + 1, room + 1 };

	assert_int_equal(prlimit(worker, RLIMIT_NOFILE, &files, NULL), 0);
}

/* What it logs is heard with its end. */
static const char *drop_all(unsigned count)
{
	capture_start(STDERR_FILENO);
	for (unsigned token = 1; token <= count; token++)
		holders_drop(&holders, getpid(), token);
	return capture_end();
}

static void test_kept(void **state)
{
	const int fd[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

	(void)state;
	start();
	assert_int_equal(holders_keep(&holders, getpid(), 2, fd, COUNT(fd)), 0);
	assert_string_equal(drop_all(2), "");
	assert_int_equal(holders.count, 0);
}

static void test_kept_in_part(void **state)
{
	const int fd[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

	(void)state;
	for (rlim_t room = 0; room < COUNT(fd); room++) {
		char wanted[32];

		limit(start(), room);
		assert_int_equal(holders_keep(&holders, getpid(), 2, fd, COUNT(fd)), 0);
		snprintf(wanted, sizeof wanted, "no room for %u of them", (unsigned)(3 - room));
		assert_non_null(strstr(drop_all(2), wanted));
		assert_int_equal(holders.count, 0);
	}
}

/* An event is opened in its group, or not at all. */
static void test_no_room_for_the_group(void **state)
{
	const struct perf_event_attr attr = { .size = sizeof attr,
					      .type = PERF_TYPE_SOFTWARE,
					      .config = PERF_COUNT_SW_DUMMY };

	(void)state;
	limit(start(), 0);
	assert_int_equal(
		holders_open_event(&holders, getpid(), 0, &attr, getpid(), STDIN_FILENO, 2),
		-EMFILE);
	assert_string_equal(drop_all(1), "");
	assert_int_equal(holders.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_in_part),
		cmocka_unit_test(test_no_room_for_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

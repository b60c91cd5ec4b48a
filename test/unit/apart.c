/* SPDX-License-Identifier: BSD-2-Clause */

/* What a process of its own reads, and what it hangs in: a FIFO that nobody writes to. */

#include "pass/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#define BIG 200000 /* more than a pipe holds */

static char path[] = "/tmp/apart-XXXXXX";
static int directory;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(path))
		return -1;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(directory, "file", 0);
	unlinkat(directory, "fifo", 0);
	close(directory);
	return rmdir(path);
}

static void write_file(size_t lines)
{
	FILE *file = fdopen(
		openat(directory, "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), "w");

	assert_non_null(file);
	for (size_t i = 0; i < lines; i++)
		fputs("one of the lines\n", file);
	fclose(file);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_read(void **state)
{
	char line[64];
	FILE *stream = NULL;
	size_t lines = 0;

	(void)state;
	write_file(BIG);
	assert_int_equal(apart_open(directory, "file", &stream), 0);
	while (fgets(line, sizeof line, stream)) {
		assert_string_equal(line, "one of the lines\n");
		lines++;
	}
	assert_int_equal(lines, BIG);
	apart_close(stream);
	no_child();
	/* Not read to its end. */
	assert_int_equal(apart_open(directory, "file", &stream), 0);
	assert_non_null(fgets(line, sizeof line, stream));
	apart_close(stream);
	no_child();
}

static void test_nothing(void **state)
{
	FILE *stream = NULL;

	(void)state;
	assert_int_equal(apart_open(directory, "none", &stream), -ENOENT);
	write_file(0);
	assert_int_equal(apart_open(directory, "file", &stream), -EIO);
	/* What opens, but cannot be read. */
	assert_int_equal(apart_open(directory, ".", &stream), -EISDIR);
	assert_null(stream);
	no_child();
}

static void test_hang(void **state)
{
	FILE *stream = NULL;
	double begin = seconds();
	siginfo_t ended;

	(void)state;
	assert_int_equal(mkfifoat(directory, "fifo", 0600), 0);
	assert_int_equal(apart_open(directory, "fifo", &stream), -EAGAIN);
	assert_true(seconds() - begin >= APART_PATIENCE / 1000.0);
	assert_null(stream);
	write_file(1);
	assert_int_equal(apart_open(directory, "file", &stream), -EAGAIN);
	/* It ends by itself, and is waited for though nothing more is read. */
	for (int tries = 0;
	     tries < 500 && waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0; tries++)
		usleep(10000);
	no_child();
	assert_int_equal(apart_open(directory, "file", &stream), 0);
	apart_close(stream);
	no_child();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_hang),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

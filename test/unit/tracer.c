/* SPDX-License-Identifier: BSD-2-Clause */

/* The trace's system side: the place of its lines, its clock, and who a caller is. */

#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

static char path[] = "/tmp/perfmon-unit-XXXXXX";
static struct tracer tracer;

static int make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || write(fd, "before\n", 7) != 7 || close(fd) < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_line(const char *line)
{
	tracer.trace.write(&tracer.trace, line, strlen(line));
}

static void test_file(void **state)
{
	char text[128] = "";
	FILE *file;

	(void)state;
	assert_int_equal(tracer_open(path, &tracer), 0);
	write_line("one\n");
	write_line("two\n");
	tracer_close(&tracer);
	file = fopen(path, "re");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, "before\none\ntwo\n");
}

static void test_standard_error(void **state)
{
	(void)state;
	assert_int_equal(tracer_open(NULL, &tracer), 0);
	capture_start(STDERR_FILENO);
	write_line("line\n");
	tracer_close(&tracer);
	assert_string_equal(capture_end(), "line\n");
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

static void check_failure(const char *name, int wanted, const char *cause)
{
	struct tracer made = { .output = { .fd = -7 } };
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = tracer_open(name, &made);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(made.output.fd, -7);
	assert_non_null(strstr(said, cause));
}

static void test_unusable_file(void **state)
{
	(void)state;
	check_failure("/tmp", -EISDIR, "--trace=/tmp: Is a directory");
	check_failure("/tmp/no/such", -ENOENT, "--trace=/tmp/no/such");
	/* A FIFO that nobody reads would hold the daemon up. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_failure(path, -ENXIO, "nobody reads");
}

static void test_losses_are_said_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(tracer_open(path, &tracer), 0);
	tracer.output.lost = 4;
	tracer.output.cause = ENOSPC;
	capture_start(STDERR_FILENO);
	close(tracer.output.fd);
	tracer.output.fd = STDERR_FILENO;
	tracer_close(&tracer);
	assert_string_equal(capture_end(), "\n4 lines lost: No space left on device\n");
}

static void check_process(int thread, int wanted_pid, const char *wanted_name)
{
	char name[32] = "";
	int pid = -1;

	tracer.trace.process(thread, &pid, name, sizeof name);
	assert_int_equal(pid, wanted_pid);
	assert_string_equal(name, wanted_name);
}

static void *in_a_thread(void *argument)
{
	prctl(PR_SET_NAME, "a thread");
	check_process(gettid(), getpid(), "a?thread");
	return argument;
}

static void test_process(void **state)
{
	char before[17];
	pthread_t thread;

	(void)state;
	assert_int_equal(tracer_open(path, &tracer), 0);
	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, "a\tname (x)");
	check_process(getpid(), getpid(), "a?name?(x)");
	prctl(PR_SET_NAME, "");
	check_process(getpid(), getpid(), "?");
	assert_int_equal(pthread_create(&thread, NULL, in_a_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	prctl(PR_SET_NAME, before);
	check_process(0, 0, "?");
	check_process(0x7ffffffe, 0x7ffffffe, "?");
	tracer_close(&tracer);
}

static void test_clock(void **state)
{
	uint64_t begin;
	uint64_t lasted;

	(void)state;
	assert_int_equal(tracer_open(path, &tracer), 0);
	begin = tracer.trace.nanoseconds();
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	lasted = tracer.trace.nanoseconds() - begin;
	assert_in_range(lasted, 20000000, UINT64_C(60000000000));
	tracer_close(&tracer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_file, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(file),    TEST(standard_error), TEST(unusable_file),
		TEST(process), TEST(clock),          TEST(losses_are_said_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

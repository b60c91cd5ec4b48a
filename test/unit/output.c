/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines that never block, and the log that is made of them. */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture.h"
#include "log.h"
#include "unit.h"

/* Ends a test that hangs. */
#define LIMIT_SECONDS 10

static struct output output;

static void line(const char *text)
{
	output_line(&output, text, strlen(text));
}

static void set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK),
			 0);
}

/* Fills a pipe to the last byte; it stays one that blocks. */
static void fill(int fd)
{
	static const char zeros[PIPE_BUF];

	set_blocking(fd, false);
	while (write(fd, zeros, sizeof zeros) > 0)
		continue;
	while (write(fd, zeros, 1) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
	set_blocking(fd, true);
}

/* Empties it, and gives the end of what was in it. */
static const char *drain(int fd)
{
	static char text[1 << 20];
	size_t length = 0;
	ssize_t size;

	set_blocking(fd, false);
	while ((size = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)size;
	text[length] = '\0';
	for (const char *end = text + length; end > text; end--)
		if (end[-1] == '\0')
			return end;
	return text;
}

static void test_plain(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	output = (struct output){ .fd = fd[1] };
	line("one\n");
	line("two\n");
	output_finish(&output);
	assert_int_equal(output.lost, 0);
	assert_string_equal(drain(fd[0]), "one\ntwo\n");
	close(fd[0]);
	close(fd[1]);
}

static void test_full_pipe(void **state)
{
	int fd[2];

	(void)state;
	alarm(LIMIT_SECONDS);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	output = (struct output){ .fd = fd[1] };
	fill(fd[1]);
	line("lost 1\n");
	line("lost 2\n");
	line("lost 3\n");
	assert_int_equal(output.lost, 3);
	assert_int_equal(output.cause, EAGAIN);
	output_finish(&output);
	assert_int_equal(output.lost, 3);
	assert_string_equal(drain(fd[0]), "");
	line("said\n");
	assert_string_equal(drain(fd[0]),
			    "\n3 lines lost: Resource temporarily unavailable\nsaid\n");
	assert_int_equal(output.lost, 0);
	line("next\n");
	assert_string_equal(drain(fd[0]), "next\n");

	fill(fd[1]);
	line("lost\n");
	drain(fd[0]);
	output_finish(&output);
	assert_string_equal(drain(fd[0]), "\n1 lines lost: Resource temporarily unavailable\n");
	alarm(0);
	close(fd[0]);
	close(fd[1]);
}

static void test_full_device(void **state)
{
	int pipe_fd[2];
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	output = (struct output){ .fd = full };
	line("lost 1\n");
	line("lost 2\n");
	assert_int_equal(output.lost, 2);
	assert_int_equal(output.cause, ENOSPC);
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	output.fd = pipe_fd[1];
	line("said\n");
	assert_string_equal(drain(pipe_fd[0]), "\n2 lines lost: No space left on device\nsaid\n");
	close(full);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

/* A limit of the file's size tears a line as a full disk does. */
static void test_torn_line(void **state)
{
	struct rlimit limit;
	struct rlimit low;
	char text[128] = "";
	int fd = memfd_create("disk", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	low = limit;
	low.rlim_cur = 10;
	output = (struct output){ .fd = fd };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	line("0123456789abcdef\n");
	line("lost\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(output.lost, 2);
	line("said\n");
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "0123456789\n2 lines lost: No space left on device\nsaid\n");
	close(fd);
}

static void test_reader_gone(void **state)
{
	int fd[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	output = (struct output){ .fd = fd[1] };
	close(fd[0]);
	line("lost\n");
	assert_int_equal(output.lost, 1);
	assert_int_equal(output.cause, EPIPE);
	close(fd[1]);
}

static void test_log(void **state)
{
	(void)state;
	capture_start(STDERR_FILENO);
	log_error("%s %d", "error", 1);
	log_warning("%s", "careful");
	log_info("%s", "news");
	assert_string_equal(capture_end(), "perfmond: error 1\n"
					   "perfmond: warning: careful\n"
					   "perfmond: news\n");
}

/* A thousand at once, and none of the rest is lost from the count; at the end none is dropped. */
static void test_limited_log(void **state)
{
	const char *said;
	unsigned lines = 0;

	(void)state;
	log_limit();
	capture_start(STDERR_FILENO);
	for (int i = 0; i < 1500; i++)
		log_info("line");
	log_finish();
	log_info("end");
	said = capture_end();
	assert_non_null(strstr(said, "perfmond: end\n"));
	for (const char *line = said; (line = strstr(line, "perfmond: line\n")); line++)
		lines++;
	assert_in_range(lines, 1000, 1020);
	assert_non_null(strstr(said, "lines dropped: more than 20 in a second\n"));
	assert_int_equal(strtoul(strstr(said, "warning: ") + 9, NULL, 10), 1500 - lines);
}

static void test_long_log(void **state)
{
	char text[PIPE_BUF];
	const char *said;

	(void)state;
	for (size_t length = 900; length < 1100; length++) {
		memset(text, 'x', length);
		text[length] = '\0';
		capture_start(STDERR_FILENO);
		log_warning("%s", text);
		said = capture_end();
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
		assert_memory_equal(said, "perfmond: warning: xxx", 22);
		assert_in_range(strlen(said), 900, 1024);
		if (length < 1000)
			assert_int_equal(strlen(said), strlen("perfmond: warning: \n") + length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),       cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_full_device), cmocka_unit_test(test_torn_line),
		cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_log),
		cmocka_unit_test(test_long_log),    cmocka_unit_test(test_limited_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

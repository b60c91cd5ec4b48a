/* SPDX-License-Identifier: BSD-2-Clause */

/* sd_notify(3)'s protocol, with the test as the service manager. */

#include "notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

static char directory[] = "/tmp/perfmon-unit-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	return rmdir(directory);
}

/* The length is the address's, without a NUL: an abstract name ends where it ends. */
static int listen_at(const char *name, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, length);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	return fd;
}

static void check_message(int fd, const char *wanted)
{
	char text[64] = "";
	ssize_t size = recv(fd, text, sizeof text - 1, 0);

	assert_int_equal(size, strlen(wanted));
	assert_string_equal(text, wanted);
}

static void check_silence(int fd)
{
	char text[64];

	assert_int_equal(recv(fd, text, sizeof text, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* What notify() logs. */
static const char *say(const char *socket_name, const char *message)
{
	if (socket_name)
		setenv("NOTIFY_SOCKET", socket_name, 1);
	else
		unsetenv("NOTIFY_SOCKET");
	capture_start(STDERR_FILENO);
	notify(message);
	return capture_end();
}

static void test_path(void **state)
{
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof path, "%s/socket", directory);
	fd = listen_at(path, strlen(path));
	assert_string_equal(say(path, "READY=1"), "");
	assert_string_equal(say(path, "STOPPING=1"), "");
	check_message(fd, "READY=1");
	check_message(fd, "STOPPING=1");
	check_silence(fd);
	assert_string_equal(say(NULL, "READY=1"), "");
	check_silence(fd);
	close(fd);
	unlink(path);
}

static void test_abstract(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof name, "@perfmon-unit/%ld", (long)getpid());
	name[0] = '\0';
	fd = listen_at(name, 1 + strlen(name + 1));
	name[0] = '@';
	assert_string_equal(say(name, "READY=1"), "");
	check_message(fd, "READY=1");
	check_silence(fd);
	close(fd);
}

/* The longest name that a socket has, but for the NUL of a path. */
static void test_long_name(void **state)
{
	char name[sizeof((struct sockaddr_un *)0)->sun_path + 1];
	int fd;

	(void)state;
	memset(name, 'x', sizeof name);
	name[0] = '\0';
	name[sizeof name - 2] = '\0';
	fd = listen_at(name, sizeof name - 2);
	name[0] = '@';
	assert_string_equal(say(name, "READY=1"), "");
	check_message(fd, "READY=1");
	close(fd);

	name[sizeof name - 2] = 'x';
	name[sizeof name - 1] = '\0';
	assert_non_null(strstr(say(name, "READY=1"), "no usable path"));
}

static void test_unusable(void **state)
{
	char path[64];

	(void)state;
	assert_non_null(strstr(say("", "READY=1"), "no usable path"));
	snprintf(path, sizeof path, "%s/nobody", directory);
	assert_non_null(strstr(say(path, "READY=1"), "/nobody: No such file"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(path),
		TEST(abstract),
		TEST(long_name),
		TEST(unusable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

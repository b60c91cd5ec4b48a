/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * CPUs that come and go. None does for a test; the kernel says "change" of any device whose file
 * uevent is written, which is as good.
 */

#include "backend/hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "open_files.h"
#include "unit.h"

static int socket_error;
static int bind_error;
static int recv_error; /* of the next call alone */
static unsigned recvs;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);
ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);

int __wrap_socket(int domain, int type, int protocol)
{
	errno = socket_error;
	return socket_error ? -1 : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
	errno = bind_error;
	return bind_error ? -1 : __real_bind(fd, address, size);
}

ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
	errno = recv_error;
	recv_error = 0;
	recvs++;
	return errno ? -1 : __real_recv(fd, buffer, size, flags);
}

static int listener(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = __real_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && __real_bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct hotplug hotplug;

static int kernel_answers(void **state)
{
	(void)state;
	socket_error = 0;
	bind_error = 0;
	recv_error = 0;
	recvs = 0;
	return 0;
}

static void open_quietly(void)
{
	const char *said;

	capture_start(STDERR_FILENO);
	hotplug_open(&hotplug);
	said = capture_end();
	assert_string_equal(said, "");
	assert_true(hotplug.socket >= 0);
}

static void skip_without_uevents(void)
{
	int fd = listener();

	if (fd < 0)
		SKIP("uevents cannot be had here");
	close(fd);
}

/* Asking costs no system call. */
static void test_steady(void **state)
{
	unsigned files = open_files();
	unsigned long generation;

	(void)state;
	skip_without_uevents();
	open_quietly();
	generation = hotplug_generation(&hotplug);
	recvs = 0;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(hotplug_generation(&hotplug), generation);
	assert_int_equal(recvs, 0);
	hotplug_close(&hotplug);
	assert_int_equal(hotplug.socket, -1);
	hotplug_close(&hotplug);
	assert_int_equal(open_files(), files);
}

static void check_always_differs(const char *cause)
{
	unsigned files = open_files();
	unsigned long generation;
	const char *said;

	capture_start(STDERR_FILENO);
	hotplug_open(&hotplug);
	said = capture_end();
	assert_non_null(strstr(said, "warning: uevents cannot be had"));
	assert_non_null(strstr(said, cause));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_int_equal(hotplug.socket, -1);
	assert_int_equal(open_files(), files);
	generation = hotplug_generation(&hotplug);
	for (int i = 0; i < 10; i++) {
		unsigned long later = hotplug_generation(&hotplug);

		assert_int_not_equal(later, generation);
		generation = later;
	}
	hotplug_close(&hotplug);
}

static void test_no_socket(void **state)
{
	(void)state;
	socket_error = EAFNOSUPPORT;
	check_always_differs(strerror(EAFNOSUPPORT));
	socket_error = EPERM;
	check_always_differs(strerror(EPERM));
	socket_error = 0;
	skip_without_uevents();
	bind_error = EACCES;
	check_always_differs(strerror(EACCES));
}

/* Messages of the test's own, in place of the kernel's. */
static int begin_messages(void)
{
	int pair[2];

	skip_without_uevents();
	open_quietly();
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
			 0);
	close(hotplug.socket);
	hotplug.socket = pair[0];
	(void)hotplug_generation(&hotplug);
	return pair[1];
}

static void send_message(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text) + 1), strlen(text) + 1);
	raise(SIGIO);
}

static void test_messages(void **state)
{
	static const char *const cpu[] = { "online@/devices/system/cpu/cpu1",
					   "offline@/devices/system/cpu/cpu17",
					   "add@/devices/system/cpu/cpu0",
					   "remove@/devices/system/cpu/cpu3" };
	static const char *const others[] = { "change@/devices/virtual/mem/null",
					      "online@/devices/system/memory/memory1",
					      "add@/devices/system/cpufreq/policy0",
					      "online",
					      "",
					      "@",
					      "@/devices/system/cp" };
	unsigned long generation;
	int fd;

	(void)state;
	fd = begin_messages();
	generation = hotplug_generation(&hotplug);
	for (size_t i = 0; i < COUNT(others); i++) {
		send_message(fd, others[i]);
		assert_int_equal(hotplug_generation(&hotplug), generation);
	}
	for (size_t i = 0; i < COUNT(cpu); i++) {
		send_message(fd, cpu[i]);
		assert_int_not_equal(hotplug_generation(&hotplug), generation);
		generation = hotplug_generation(&hotplug);
	}
	/* Among others, first and last. */
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++)
			send_message(fd, i == j ? cpu[0] : others[0]);
		assert_int_not_equal(hotplug_generation(&hotplug), generation);
		generation = hotplug_generation(&hotplug);
	}
	close(fd);
	hotplug_close(&hotplug);
}

/* So many arrived that the kernel dropped some. */
static void test_lost_messages(void **state)
{
	unsigned long generation;
	int fd;

	(void)state;
	fd = begin_messages();
	generation = hotplug_generation(&hotplug);
	recv_error = ENOBUFS;
	send_message(fd, "change@/devices/virtual/mem/null");
	assert_int_not_equal(hotplug_generation(&hotplug), generation);
	generation = hotplug_generation(&hotplug);
	send_message(fd, "change@/devices/virtual/mem/null");
	assert_int_equal(hotplug_generation(&hotplug), generation);
	close(fd);
	hotplug_close(&hotplug);
}

/* Has the kernel tell of a device, as the test's own listener sees it too. */
static void have_told(const char *path)
{
	struct pollfd poll_listener = { .fd = listener(), .events = POLLIN };
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (poll_listener.fd < 0 || fd < 0 || write(fd, "change", 6) != 6 ||
	    poll(&poll_listener, 1, 1000) != 1)
		SKIP("takes root's rights on sysfs, and uevents of the first network namespace");
	close(fd);
	close(poll_listener.fd);
}

static void test_kernel_tells(void **state)
{
	unsigned long generation;

	(void)state;
	skip_without_uevents();
	open_quietly();
	generation = hotplug_generation(&hotplug);
	have_told("/sys/devices/virtual/mem/null/uevent");
	assert_int_equal(hotplug_generation(&hotplug), generation);
	have_told("/sys/devices/system/cpu/cpu0/uevent");
	assert_int_not_equal(hotplug_generation(&hotplug), generation);
	generation = hotplug_generation(&hotplug);
	assert_int_equal(hotplug_generation(&hotplug), generation);
	hotplug_close(&hotplug);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, kernel_answers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steady),        TEST(no_socket),    TEST(messages),
		TEST(lost_messages), TEST(kernel_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The socket beside the node. The input is a script of what clients send there and of what requests
 * on the node offer meanwhile; the server runs between the steps, in this thread. An offer goes to
 * the first who sends its token, alone and whole, in the right process's name; nobody else gets
 * anything, and when all is closed no descriptor is left.
 *
 * The first byte says whether the kernel is one that cannot turn passed descriptors down.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_socket.h"
#include "pass/server.h"
#include "pass/so_passrights.h"

static struct bytes script;
static struct server server;
static struct offers offers;
static bool old_kernel;
static time_t now; /* CLOCK_MONOTONIC, which passes when the script says so; 0: as it does */

/* The server's thread, which is run by hand. */
static void *(*run)(void *);

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument);
int __wrap_pthread_clockjoin_np(pthread_t thread, void **ret_result, clockid_t clock,
				const struct timespec *until);
int __real_poll(struct pollfd *polled, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *polled, nfds_t count, int timeout);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument)
{
	/* Those that close a socket aside have attributes, and to be threads. */
	if (attributes || argument != &server)
		return __real_pthread_create(thread, attributes, start, argument);
	run = start;
	return 0;
}

int __wrap_pthread_clockjoin_np(pthread_t thread, void **ret_result, clockid_t clock,
				const struct timespec *until)
{
	(void)thread;
	(void)ret_result;
	(void)clock;
	(void)until;
	return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	if (!old_kernel || name != SO_PASSRIGHTS)
		return __real_setsockopt(fd, level, name, value, size);
	errno = ENOPROTOOPT;
	return -1;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (!old_kernel || name != SO_PASSRIGHTS)
		return __real_getsockopt(fd, level, name, value, size);
	errno = ENOPROTOOPT;
	return -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int result = __real_clock_gettime(clock, ret_time);

	if (now)
		*ret_time = (struct timespec){ .tv_sec = now };
	return result;
}

/* The timer says that something may have waited for too long. */
static void pass_time(uint8_t seconds)
{
	static const struct itimerspec soon = { .it_value.tv_nsec = 1 };
	struct pollfd timer = { .fd = server.timer, .events = POLLIN };

	now += seconds;
	timerfd_settime(server.timer, 0, &soon, NULL);
	MUST(__real_poll(&timer, 1, 1000) == 1);
	client_late(now);
}

static void step(void)
{
	uint8_t what = bytes_one(&script);
	uint8_t ways = bytes_one(&script);

	switch (what & 7) {
	case 0:
		client_connect(server.path, ways, now);
		break;
	case 1:
		client_say(&script, ways);
		break;
	case 2:
		client_close(ways);
		break;
	case 3:
		client_drop(ways);
		break;
	case 4:
		pass_time(ways);
		break;
	case 5:
		client_lead(ways);
		break;
	default:
		client_offer(ways, now);
		server_watch(&server);
	}
}

/* The next step as soon as the server has nothing left to do; it ends when there is none. */
int __wrap_poll(struct pollfd *polled, nfds_t count, int timeout)
{
	int result;

	if (polled != server.poll)
		return __real_poll(polled, count, timeout);
	MUST(timeout == -1);
	while ((result = __real_poll(polled, count, 0)) == 0) {
		client_hear_all(server.connections);
		if (script.size == 0) {
			polled[0].revents = POLLHUP;
			return 1;
		}
		step();
	}
	MUST(result > 0);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *node;
	unsigned files;
	int capacity;

	if (!node)
		node = client_prepare();
	files = open_files();
	script = (struct bytes){ data, size };
	capacity = bytes_one(&script);
	old_kernel = capacity & 1;
	now = 1000000;
	offers_open(&offers, capacity / 2 + 1, NULL);
	client_begin(&offers);
	MUST(server_open(&server, node, getgid(), 0600, &offers) == 0);
	MUST(server_start(&server) == 0);
	MUST(run(&server) == NULL);
	client_close_all();
	MUST(server_close(&server));
	server_remove(&server);
	offers_close(&offers);
	now = 0;
	MUST(open_files() == files);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "pass/drop.h"
#include "pass/listener.h"
#include "pass/message.h"

enum { LISTENER, TIMER, FIRST };

#define ROOM_WAIT 100000000 /* ns */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

void server_watch(struct server *server)
{
	static const struct itimerspec patience = { .it_value.tv_sec = PATIENCE };
	struct itimerspec left;

	timerfd_gettime(server->timer, &left);
	if (left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0)
		timerfd_settime(server->timer, 0, &patience, NULL);
}

static void hang_up(struct server *server, int index)
{
	int last = --server->connections;

	server->poll[LISTENER].events = POLLIN;
	if (server->connection[index].place >= 0)
		offers_end(server->offers, server->connection[index].place);
	drop(server->poll[FIRST + index].fd);
	server->connection[index] = server->connection[last];
	server->poll[FIRST + index] = server->poll[FIRST + last];
}

static bool has_room(const struct server *server, uid_t user)
{
	int capacity = server->offers->capacity;
	int users = 0;

	for (int i = 0; i < server->connections; i++)
		users += server->connection[i].user == user;
	return server->connections < capacity && users < OFFERS_SHARE(capacity);
}

/*
 * No descriptor is left, and poll(2) would tell of who waits again and again. Whoever closes one
 * need not be a connection, so that it is tried again before long.
 */
static void wait_for_room(struct server *server)
{
	static const struct itimerspec soon = { .it_value.tv_nsec = ROOM_WAIT };

	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		server->poll[LISTENER].events = 0;
		timerfd_settime(server->timer, 0, &soon, NULL);
	}
}

static void greet(struct server *server)
{
	int fd = accept4(server->poll[LISTENER].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (fd < 0) {
		wait_for_room(server);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    !has_room(server, peer.uid)) {
		drop(fd);
		return;
	}
	server->connection[server->connections] =
		(struct connection){ .user = peer.uid, .place = -1, .since = now() };
	server->poll[FIRST + server->connections] = (struct pollfd){ .fd = fd, .events = POLLIN };
	server->connections++;
	server_watch(server);
}

/* Tells whether the connection goes on: with descriptors in the hands of who took them. */
static bool serve(struct server *server, int index)
{
	struct connection *connection = &server->connection[index];
	int socket = server->poll[FIRST + index].fd;
	const struct offer *offer = NULL;
	uint64_t token;
	pid_t process;

	if (connection->place >= 0 || !message_hear(socket, &token, &process))
		return false;
	connection->place = offers_take(server->offers, token, process, &offer);
	if (connection->place >= 0)
		return message_offer(socket, offer);
	message_refuse(socket, -connection->place);
	return false;
}

static void expire(struct server *server)
{
	/* Of times that are cut to seconds. */
	time_t since = now() - PATIENCE - 1;
	uint64_t times;
	bool others;

	if (read(server->timer, &times, sizeof times) != sizeof times)
		return;
	server->poll[LISTENER].events = POLLIN;
	others = offers_expire(server->offers, since);
	for (int i = server->connections - 1; i >= 0; i--) {
		if (server->connection[i].place >= 0)
			continue;
		if (server->connection[i].since <= since)
			hang_up(server, i);
		else
			others = true;
	}
	if (others)
		server_watch(server);
}

/* Until the listener is shut down. */
static void *run(void *argument)
{
	struct server *server = argument;

	for (;;) {
		if (poll(server->poll, FIRST + (nfds_t)server->connections, -1) < 0)
			continue;
		if (server->poll[LISTENER].revents & (POLLHUP | POLLERR | POLLNVAL))
			return NULL;
		/* From the end: who hangs up is replaced by the last one, which has been looked at.
		 */
		for (int i = server->connections - 1; i >= 0; i--)
			if (server->poll[FIRST + i].revents && !serve(server, i))
				hang_up(server, i);
		if (server->poll[TIMER].revents)
			expire(server);
		if (server->poll[LISTENER].revents)
			greet(server);
	}
}

/* Signals are for the thread that serves the node: they have to end its read(2). */
int server_start(struct server *server)
{
	sigset_t all;
	sigset_t before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	result = -pthread_create(&server->thread, NULL, run, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result < 0)
		log_error("no thread for %s: %s", server->path, strerror(-result));
	server->started = result == 0;
	return result;
}

int server_open(struct server *server, const char *node, gid_t group, mode_t mode,
		struct offers *offers)
{
	int result;

	server->offers = offers;
	server->connections = 0;
	server->started = false;
	snprintf(server->path, sizeof server->path, "%s.socket", node);
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server->timer < 0) {
		result = -errno;
		log_error("timerfd_create: %s", strerror(errno));
		return result;
	}
	server->poll[TIMER] = (struct pollfd){ .fd = server->timer, .events = POLLIN };
	result = listener_open(server->path, group, mode);
	if (result < 0) {
		close(server->timer);
		return result;
	}
	server->poll[LISTENER] = (struct pollfd){ .fd = result, .events = POLLIN };
	return 0;
}

/* False where it takes too long. */
static bool end_thread(struct server *server)
{
	struct timespec until;

	if (!server->started)
		return true;
	shutdown(server->poll[LISTENER].fd, SHUT_RDWR);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += THREAD_PATIENCE;
	return pthread_clockjoin_np(server->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

bool server_close(struct server *server)
{
	if (!end_thread(server))
		return false;
	while (server->connections > 0)
		hang_up(server, server->connections - 1);
	drop(server->poll[LISTENER].fd);
	close(server->timer);
	return true;
}

void server_remove(const struct server *server)
{
	unlink(server->path);
}

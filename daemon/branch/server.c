/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { LISTENER, TIMER, FIRST };

/* So that one user leaves room for others. */
#define CONNECTIONS_OF_USER (CONNECTIONS_MAX / 4)

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
	close(server->poll[FIRST + index].fd);
	server->connection[index] = server->connection[last];
	server->poll[FIRST + index] = server->poll[FIRST + last];
}

static bool has_room(const struct server *server, uid_t user)
{
	int users = 0;

	for (int i = 0; i < server->connections; i++)
		users += server->connection[i].user == user;
	return server->connections < CONNECTIONS_MAX && users < CONNECTIONS_OF_USER;
}

/* No descriptor is left, and poll(2) would tell of who waits again and again. */
static void wait_for_room(struct server *server)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		server->poll[LISTENER].events = 0;
		server_watch(server);
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
		close(fd);
		return;
	}
	server->connection[server->connections] = (struct connection){
		.user = peer.uid, .process = peer.pid, .place = -1, .since = now()
	};
	server->poll[FIRST + server->connections] = (struct pollfd){ .fd = fd, .events = POLLIN };
	server->connections++;
	server_watch(server);
}

static bool answer(int socket, const struct perfmon_taken *taken, int fd)
{
	struct perfmon_taken copy = *taken;
	struct iovec data = { &copy, sizeof copy };
	char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *beside;

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof control;
		beside = CMSG_FIRSTHDR(&message);
		*beside = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(beside), &fd, sizeof fd);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof copy;
}

/* Tells whether the connection goes on: with an event in the hands of who took it. */
static bool serve(struct server *server, int index)
{
	struct connection *connection = &server->connection[index];
	int socket = server->poll[FIRST + index].fd;
	struct perfmon_taken taken = { 0 };
	uint64_t token[2];
	int fd = -1;

	if (connection->place >= 0 || recv(socket, token, sizeof token, 0) != sizeof *token)
		return false;
	connection->place = offers_take(server->offers, *token, connection->process, &fd, &taken);
	if (connection->place < 0)
		taken.pet_error = -connection->place;
	return answer(socket, &taken, fd) && connection->place >= 0;
}

static void expire(struct server *server)
{
	time_t since = now() - PATIENCE;
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

/* A killed perfmond's is taken away: the lock of the node says that none lives. */
static int clear(const char *path)
{
	struct stat status;
	int result = 0;

	if (lstat(path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		log_error("%s: perfmond's socket goes there, and something else has the name: "
			  "remove it, or choose another --device",
			  path);
		return -EEXIST;
	}
	if (unlink(path) < 0) {
		result = -errno;
		log_error("%s: %s", path, strerror(errno));
	}
	return result;
}

static int make_socket(struct server *server, gid_t group, mode_t mode)
{
	const struct sockaddr *address = (const struct sockaddr *)&server->address;
	const char *path = server->address.sun_path;
	mode_t before;
	int result = clear(path);
	int fd;

	if (result < 0)
		return result;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody connects before the rights are right. */
	before = umask(0777);
	result = fd < 0 || bind(fd, address, sizeof server->address) < 0 ? -errno : 0;
	umask(before);
	if (result == 0 &&
	    (chown(path, 0, group) < 0 || chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)) {
		result = -errno;
		unlink(path);
	}
	if (result < 0) {
		log_error("socket %s: %s", path, strerror(-result));
		if (fd >= 0)
			close(fd);
		return result;
	}
	server->poll[LISTENER] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

/* Signals are for the thread that serves the node: they have to end its read(2). */
static int start_thread(struct server *server)
{
	sigset_t all;
	sigset_t before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	result = -pthread_create(&server->thread, NULL, run, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result < 0)
		log_error("no thread for %s: %s", server->address.sun_path, strerror(-result));
	return result;
}

static void remove_socket(struct server *server)
{
	close(server->poll[LISTENER].fd);
	unlink(server->address.sun_path);
}

int server_open(struct server *server, const char *node, gid_t group, mode_t mode,
		struct offers *offers)
{
	int result;

	server->offers = offers;
	server->connections = 0;
	server->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(server->address.sun_path, sizeof server->address.sun_path, "%s.socket", node);
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server->timer < 0) {
		result = -errno;
		log_error("timerfd_create: %s", strerror(errno));
		return result;
	}
	server->poll[TIMER] = (struct pollfd){ .fd = server->timer, .events = POLLIN };
	result = make_socket(server, group, mode);
	if (result < 0)
		goto cleanup;
	result = start_thread(server);
	if (result == 0)
		return 0;
	remove_socket(server);
cleanup:
	close(server->timer);
	return result;
}

void server_close(struct server *server)
{
	shutdown(server->poll[LISTENER].fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	while (server->connections > 0)
		hang_up(server, server->connections - 1);
	remove_socket(server);
	close(server->timer);
}

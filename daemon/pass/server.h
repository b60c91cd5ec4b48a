/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_SERVER_H
#define PERFMOND_PASS_SERVER_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "pass/offers.h"

/*
 * The socket beside the node, served by a thread of its own that sleeps until somebody connects, so
 * that no request on the node waits for it, or costs a system call more.
 */
#define CONNECTIONS_MAX OFFERS_MAX

/* For who connects and says nothing, and for offers that nobody takes: at least so long, s. */
#define PATIENCE 60

struct connection {
	uid_t user;
	int place; /* of its offer, or -1: it has said nothing */
	time_t since;
};

struct server {
	struct offers *offers;
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
	bool started;
	pthread_t thread;
	int timer; /* timerfd_create(2): something waits */
	/* The socket, the timer, the connections. */
	struct pollfd poll[2 + CONNECTIONS_MAX];
	struct connection connection[CONNECTIONS_MAX];
	int connections;
};

/*
 * Makes the socket: the node's path with ".socket" behind, of that group and mode; who connects
 * waits. Errors, logged: -EEXIST where something else has the name, others as the system has them.
 */
int server_open(struct server *server, const char *node, gid_t group, mode_t mode,
		struct offers *offers);

/* Begins to serve it, with the thread. Errors, logged: as pthread_create(3). */
int server_start(struct server *server);

/* Sees to it that offers which nobody takes are dropped. */
void server_watch(struct server *server);

/*
 * Hangs up, and ends the thread, if it was started. False where the thread has not ended within
 * THREAD_PATIENCE, as it closes what a client has sent, see drop(): the process ends with it.
 */
#define THREAD_PATIENCE 2 /* s */
bool server_close(struct server *server);

/* Takes the socket's name away. */
void server_remove(const struct server *server);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_BENCHES_SERVERS_H
#define PERFMOND_TEST_BENCHES_SERVERS_H

/* The sides of a comparison: perfmond, and the least that does the like of it. */

#include <stdbool.h>
#include <sys/types.h>

struct server {
	pid_t process;
	char node[64];
};

/* perfmond of this build, on a node of that name; backend, scope: its options. Ready on return. */
struct server server_perfmond(const char *name, const char *backend, const char *scope);

/* The same; false where this machine has not what it takes, or an option is refused. */
bool server_try_perfmond(const char *name, const char *backend, const char *scope,
			 struct server *ret_server);

/*
 * A null device on libfuse's own loop, whose ioctl handler does nothing but reply: on CUSE where
 * the kernel has it, else on FUSE. threads: by its loop of several threads.
 */
struct server server_null(const char *name, bool threads);

/*
 * One that sends a byte back through a pipe, without a node. spins: it does not sleep, so that only
 * the client has to be woken: the floor of whoever answers from another CPU.
 */
struct server server_pipe(bool spins);

/* A byte to it and back. */
void server_pipe_call(int none);
void server_spinning_pipe_call(int none);

/* Ends it, and takes away what it made. */
void server_stop(struct server *server);

/* Opens its node for reading and writing. */
int server_open(const struct server *server);

/* Where client and servers run. */
enum place {
	PLACE_ONE_CPU, /* all on the same */
	PLACE_APART,   /* the client on one, the servers on another */
	PLACE_FREE,    /* wherever the scheduler puts them */
	PLACES,
};

extern const char *const place_names[PLACES];

/* Puts this process, whose children are the clients, and servers. False: it takes two CPUs. */
bool servers_place(const struct server *servers, int count, enum place place);

/* null.c: serves until it is killed. */
void null_serve(const char *node, bool cuse, bool threads) __attribute__((noreturn));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_RUN_H
#define PERFMON_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* perfmon run: a user's own perfmond, in namespaces of his own. */

/*
 * Whether this user may open /dev/fuse, and count by perf events what he runs in user mode. Each
 * returns 0, or STATUS_OWN, said: what forbids it, and what allows it.
 */
int run_check_fuse(void);
int run_check_perf(void);

/* Says why there are no namespaces, by the errno of unshare(2) and the like. Returns STATUS_OWN. */
int run_forbidden_namespaces(int error);

/*
 * Enters a user namespace, where the caller is root, and a mount namespace, whose /dev is a tmpfs
 * with the usual nodes bound in. Takes a process of one thread. Returns 0, or STATUS_OWN, said.
 */
int run_enter(void);

/* In a child: a user namespace below, where the caller is again who he was. As run_enter(). */
int run_leave(uid_t user, gid_t group);

struct run_server {
	pid_t process; /* 0: it has ended */
	int log;       /* its standard error, until all of its processes have ended */
};

/*
 * Starts perfmond on the /dev of run_enter(), with these options besides, and waits until its node
 * is there. Returns 0, or STATUS_OWN, said, after what perfmond said.
 */
int run_server_start(struct run_server *server, const char *const options[], size_t count);

/* Passes on what perfmond says, and waits for it. Returns false where nothing more comes. */
bool run_server_hear(struct run_server *server);

/* Whether perfmond has ended since it was asked before. */
bool run_server_ended(struct run_server *server);

/* Ends it, and waits until its node is gone. */
void run_server_end(struct run_server *server);

#endif

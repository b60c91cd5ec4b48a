/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BRANCH_BRANCHES_H
#define PERFMOND_BRANCH_BRANCHES_H

#include <time.h>

#include "branch/server.h"
#include "device/device.h"

/* What the log has been told. */
enum { TOLD_RIGHTS = 1, TOLD_LIMIT = 2, TOLD_KERNEL = 4 };

/* What answers PMIOEBB: events on clients' threads, and the socket at which these take them. */
struct branches {
	struct brancher brancher; /* first: what the device sees of it */
	unsigned told;
	time_t hung; /* when another process's thread made it wait; 0: never */
	struct offers offers;
	struct server server;
};

/*
 * Makes the socket beside the node. From here on the process has a second thread, so that what it
 * forks calls nothing that allocates. node: its path. Errors, logged: as server_open().
 */
int branches_open(struct branches *branches, const char *node, gid_t group, mode_t mode);

/* Takes the socket away and closes every event. */
void branches_close(struct branches *branches);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PRIVILEGE_KEEPER_H
#define PERFMOND_PRIVILEGE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rights.h"

/*
 * A process that stays root's and sleeps until perfmond has ended, in whichever way: then it takes
 * away what stands in root's directories.
 */
struct keeper {
	pid_t process; /* 0: there is none */
	int pipe;      /* perfmond holds it to its end */
};

/* What the process does, and with what. */
struct keeper_task {
	void (*clean)(void);
	struct rights rights; /* that clean() takes */
	const int *held;      /* descriptors that it holds open, locks; -1: none */
	size_t held_count;
	bool detached; /* it has no standard error */
};

/* Starts it. Takes a process of one thread. Errors, logged: as pipe(2) and fork(2). */
int keeper_start(const struct keeper_task *task, struct keeper *ret_keeper);

/* Lets it clean up, and waits until it has; warns where it was killed before. */
void keeper_end(struct keeper *keeper);

#endif

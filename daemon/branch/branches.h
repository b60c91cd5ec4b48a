/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BRANCH_BRANCHES_H
#define PERFMOND_BRANCH_BRANCHES_H

#include <time.h>

#include "device/device.h"
#include "pass/passing.h"

/* What the log has been told. */
enum { TOLD_RIGHTS = 1, TOLD_LIMIT = 2, TOLD_KERNEL = 4 };

/* What answers PMIOEBB: events on clients' threads, which these take at the socket. */
struct branches {
	struct brancher brancher; /* first: what the device sees of it */
	unsigned told;
	time_t hung; /* when another process's thread made it wait; 0: never */
	struct passing *passing;
};

void branches_open(struct branches *branches, struct passing *passing);

/* Adds what an event that signals another user's thread takes, perf_event_open(2) sigtrap. */
void branches_add_rights(struct rights *rights);

#endif

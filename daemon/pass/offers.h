/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_OFFERS_H
#define PERFMOND_PASS_OFFERS_H

#include <perfmon/ext.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pass/holders.h"

/*
 * Descriptors that were opened for a process and wait for it, or were taken by it. Requests add
 * them, the socket's thread hands them out: each function locks for itself.
 */
#define OFFERS_MAX         1024
#define OFFERS_WAITING_MAX 64 /* of a user */

/* Of the descriptors that there is room for, one user's part: so that he leaves room for others. */
#define OFFERS_SHARE(capacity) (((capacity) + 3) / 4)

/* An event; or a counter's events and the page beside them. */
#define OFFER_DESCRIPTORS 5

struct offer {
	uint64_t token;            /* 0: a free place */
	int fd[OFFER_DESCRIPTORS]; /* the table's own */
	unsigned descriptors;      /* how many of them there are, 1 to OFFER_DESCRIPTORS */
	pid_t process;             /* which may take it */
	uid_t user;                /* who asked */
	bool taken;
	time_t since; /* CLOCK_MONOTONIC, s */
	struct perfmon_taken what;
};

struct offers {
	pthread_mutex_t lock;
	struct holders *holders; /* which have copies of the descriptors, or NULL */
	int capacity;
	struct offer offer[OFFERS_MAX];
};

/* capacity: 1 to OFFERS_MAX, how many descriptors there may be. holders: or NULL. */
void offers_open(struct offers *offers, int capacity, struct holders *holders);

/* Closes every descriptor. */
void offers_close(struct offers *offers);

/*
 * Adds one and takes its descriptors over. Errors, they stay the caller's: -EMFILE
 * where OFFERS_WAITING_MAX of the user wait, or it is more descriptors than his share or the table
 * has room for.
 */
int offers_add(struct offers *offers, const struct offer *offer);

/*
 * A copy of the descriptor of a thread's event, for the group_fd of a member; the caller closes it.
 * Errors: -ENOENT no such leader on the thread, others as fcntl(2).
 */
int offers_leader(struct offers *offers, uint64_t token, pid_t thread);

/*
 * Hands one out, once. Returns its place for offers_end(), up to which *ret_offer stays.
 * Errors: -ENOENT no such token, another process's or taken.
 */
int offers_take(struct offers *offers, uint64_t token, pid_t process,
		const struct offer **ret_offer);

/* Closes the one of a token if it waits still. */
void offers_drop(struct offers *offers, uint64_t token);

/* Closes its descriptors and frees its place. */
void offers_end(struct offers *offers, int place);

/* Closes those that wait since a time or longer; tells whether others wait. */
bool offers_expire(struct offers *offers, time_t since);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_FAIR_H
#define PERFMOND_TRANSPORT_FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Requests that wait in perfmond while several threads ask, so that each process has its turn: in
 * the kernel's queue, which is by arrival, a process has as many as it has threads. Next is the
 * process that was served least recently, and of its requests the one that came first. Where one
 * thread asks alone, nothing waits here, and it costs one comparison.
 *
 * Long requests are the other way to keep others waiting, and no order makes them shorter: a
 * process whose request took its time pauses for twice as long before the next, where somebody else
 * asks. So it has a third of perfmond's time, and most of what others ask meets nothing of it.
 * Where all who ask pause, or nothing more can be held, nobody does.
 *
 * Only OPEN and IOCTL are held, which have no order to keep: their callers wait for the answer. A
 * RELEASE is served as it comes, for nobody waits for it: whoever opens after a close(2) has to
 * meet the file closed.
 */

/* At the most; further ones wait in the kernel. */
#define FAIR_HELD 256

/*
 * By the remainder of their ids. Of threads that fall together the first is looked up, and the
 * others are known by their user: nobody can make perfmond look up all the time. Clients that fall
 * together share their turns: nobody can put another's turn off by it.
 */
#define FAIR_THREADS 256
#define FAIR_CLIENTS 1024

/* Ids are given to others in time: all are looked up again after so many requests. */
#define FAIR_LASTS 65536

/* Who has asked within this time, in ns, still asks. */
#define FAIR_LATELY UINT64_C(10000000)

/* So many times what a request took; in ns, a shorter one is not worth a sleep, none is longer. */
#define FAIR_PAUSE       2
#define FAIR_PAUSE_LEAST UINT64_C(20000)
#define FAIR_PAUSE_MOST  UINT64_C(100000000)

/* A request as the kernel gave it. */
struct fair_request {
	void *bytes; /* struct fuse_in_header first; the holder frees it */
	size_t size;
	uint64_t client;
	uint64_t came; /* the count of those before it */
};

struct fair_client {
	uint64_t turn;   /* of its latest request */
	uint64_t paused; /* the client whose pause it is */
	uint64_t due;    /* when it ends */
};

struct fair {
	uint32_t latest; /* the thread that asked last */
	bool shared;     /* somebody else asked lately */
	unsigned held;
	uint64_t asked; /* counts requests that were held */
	uint64_t turn;  /* and those of them that were served */
	struct fair_request request[FAIR_HELD];
	struct fair_thread {
		uint32_t thread;
		uint64_t client;
	} threads[FAIR_THREADS];
	struct fair_client clients[FAIR_CLIENTS];
	struct fair_asker {
		uint64_t client;
		uint64_t time;
	} last, other;  /* the client that asked last, and the last before it that is another */
	uint64_t begun; /* when the request that is served was taken out */
};

/*
 * A request of this size was read. True: a copy of it is held. False: it is to be served at once,
 * as one that does not wait, one whose thread asks alone, or for want of room.
 */
bool fair_hold(struct fair *fair, const void *request, size_t size);

/* Whether one more can be held. */
static inline bool fair_has_room(const struct fair *fair)
{
	return fair->held < FAIR_HELD;
}

/*
 * Takes out the next one, whose bytes are the caller's to free. One has to be held. False: each
 * pauses, for so many ns at least, and what comes meanwhile may be served before.
 */
bool fair_next(struct fair *fair, struct fair_request *ret_next, uint64_t *ret_pause);

/* What was taken out has been served. */
void fair_served(struct fair *fair, const struct fair_request *request);

/* Frees what is held: it is not answered. */
void fair_close(struct fair *fair);

#endif

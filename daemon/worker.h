/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_WORKER_H
#define PERFMOND_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rights.h"

/*
 * A process of perfmond's own for calls that a client can make last for ever, and for what must not
 * be closed by perfmond itself. The kernel holds a mutex of a thread's perf events while it answers
 * an ioctl(2) of theirs (kernel/events/core.c, perf_event_ctx_lock()), and whose page it is that
 * the answer goes to decides how long that takes. Who waits for the mutex cannot be killed.
 *
 * Perfmond and worker talk by a socket of messages (SOCK_SEQPACKET), at whose end the worker ends.
 * What it logs goes that way too, and is written by perfmond.
 */
struct worker {
	pid_t process; /* 0: there is none */
	int socket;
};

/* How long one that sleeps is waited for, ms. */
#define WORKER_PATIENCE 250

/* Those that were left and hang still, of which there are no more. */
#define WORKERS_LEFT 256

/* The most descriptors of a message. */
#define WORKER_DESCRIPTORS 5

/*
 * Starts one, which calls run() and ends when that returns. It has a copy of perfmond's memory, but
 * of the descriptors its end of the socket alone. It takes no lock of perfmond's.
 * Errors: -EAGAIN where WORKERS_LEFT hang, others as fork(2) and socketpair(2).
 */
int worker_start(void (*run)(int socket, void *argument), void *argument,
		 struct worker *ret_worker);

/*
 * Sends it a message, with descriptors beside. wait: until it has heard those before, as long as it
 * does anything. Errors: -EPIPE it has ended, -EAGAIN there is no room for more, others as
 * sendmsg(2).
 */
int worker_send(const struct worker *worker, const void *message, size_t size, const int *fd,
		size_t descriptors, bool wait);

/*
 * Waits for the answer, of that size, as long as the worker does anything, and logs what it logs.
 * ret_fd, *ret_descriptors: what came beside it. Errors: -EAGAIN it hangs; -EIO it has ended, and
 * is none any more.
 */
int worker_receive(struct worker *worker, void *ret_answer, size_t size,
		   int ret_fd[WORKER_DESCRIPTORS], size_t *ret_descriptors);

/* Whether worker_receive() would not wait. */
bool worker_is_ready(const struct worker *worker);

/* Ends it, or leaves it where that takes longer than so many ms, or it hangs. None is none. */
void worker_end(struct worker *worker, int patience);

/* Waits for it no more: it ends by itself when it hangs no longer. */
void worker_leave(struct worker *worker);

/*
 * Waits for a child of perfmond's when it ends, be it late: no zombie is left. A place is one of
 * WORKERS_LEFT, to be looked for before with workers_left().
 */
void worker_wait_later(pid_t process);

/* Whether it has not ended, of those. Not so of another process that has its id afterwards. */
bool worker_is_left(pid_t process);

/* How many of WORKERS_LEFT there are. */
int workers_left(void);

/*
 * In the worker: waits for a message of that size. ret_fd, *ret_descriptors: as above. False at the
 * end.
 */
bool worker_hear(int socket, void *ret_message, size_t size, int ret_fd[WORKER_DESCRIPTORS],
		 size_t *ret_descriptors);

/* In the worker: answers. Nobody may hear it. */
void worker_answer(int socket, const void *answer, size_t size, const int *fd, size_t descriptors);

/* Adds what these calls take. */
void worker_add_rights(struct rights *rights);

#endif

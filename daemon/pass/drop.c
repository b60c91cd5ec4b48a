/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/drop.h"

#include <linux/close_range.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pass/so_passrights.h"

static atomic_int drops;

struct aside {
	int socket;
	pthread_barrier_t step;
};

/*
 * With a table of descriptors of its own: a close that lasts keeps nothing of perfmond open,
 * neither the node nor a lock, when perfmond is killed.
 */
static void *close_aside(void *argument)
{
	struct aside *aside = argument;
	int socket = aside->socket;
	bool own = close_range((unsigned)socket + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0;

	if (own && socket > 0)
		close_range(0, (unsigned)socket - 1, 0);
	pthread_barrier_wait(&aside->step);
	/* Here the other one closes the socket; where the table is the thread's, not for good. */
	pthread_barrier_wait(&aside->step);
	if (own)
		close(socket);
	atomic_fetch_sub(&drops, 1);
	return NULL;
}

static bool drop_aside(int socket)
{
	struct aside aside = { .socket = socket };
	pthread_attr_t attributes;
	pthread_t thread;
	bool dropped;

	if (atomic_fetch_add(&drops, 1) >= DROPS_MAX) {
		atomic_fetch_sub(&drops, 1);
		return false;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_barrier_init(&aside.step, NULL, 2);
	dropped = pthread_create(&thread, &attributes, close_aside, &aside) == 0;
	pthread_attr_destroy(&attributes);
	if (dropped) {
		pthread_barrier_wait(&aside.step);
		close(socket);
		pthread_barrier_wait(&aside.step);
	} else {
		atomic_fetch_sub(&drops, 1);
	}
	pthread_barrier_destroy(&aside.step);
	return dropped;
}

void drop(int socket)
{
	int passes;
	socklen_t size = sizeof passes;
	bool clean = getsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &passes, &size) == 0;

	if (clean || !drop_aside(socket))
		close(socket);
}

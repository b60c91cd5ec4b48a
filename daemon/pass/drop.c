/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/drop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pass/rights.h"

static atomic_int drops;

static void *close_aside(void *socket)
{
	close((int)(intptr_t)socket);
	atomic_fetch_sub(&drops, 1);
	return NULL;
}

static bool drop_aside(int socket)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool dropped;

	if (atomic_fetch_add(&drops, 1) >= DROPS_MAX) {
		atomic_fetch_sub(&drops, 1);
		return false;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it is a number again there */
	dropped = pthread_create(&thread, &attributes, close_aside, (void *)(intptr_t)socket) == 0;
	pthread_attr_destroy(&attributes);
	if (!dropped)
		atomic_fetch_sub(&drops, 1);
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

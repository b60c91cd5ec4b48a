/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/drop.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pass/so_passrights.h"

/* ms, for which its end is waited for. */
#define END 25

/* It closes what it was sent when it ends. */
static void take_over(int perfmond, void *argument)
{
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	char byte = 0;

	(void)argument;
	worker_hear(perfmond, &byte, sizeof byte, fd, &descriptors);
}

static bool drop_aside(int socket)
{
	struct worker worker;

	if (workers_left() >= DROPS_MAX || worker_start(take_over, NULL, &worker) < 0)
		return false;
	worker_send(&worker, "", 1, &socket, 1, false);
	close(socket);
	worker_end(&worker, END);
	return true;
}

void drop(int socket)
{
	int passes;
	socklen_t size = sizeof passes;
	bool clean = getsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &passes, &size) == 0;

	if (clean || !drop_aside(socket))
		close(socket);
}

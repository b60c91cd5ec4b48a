/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Asked before each write, instead of setting O_NONBLOCK: that flag belongs to the open file, which
 * the shell that started perfmond shares. A pipe that polls writable takes PIPE_BUF bytes, pipe(7).
 */
static bool would_block(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) != 1 || !(pollfd.revents & POLLOUT);
}

static int write_whole(int fd, const char *line, size_t length)
{
	ssize_t written;

	if (would_block(fd))
		return -EAGAIN;
	written = write(fd, line, length);
	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -ENOSPC;
}

void output_finish(struct output *output)
{
	char notice[128];
	int size;

	if (!output->lost)
		return;
	size = snprintf(notice, sizeof notice, "\n%llu lines lost: %s\n",
			(unsigned long long)output->lost, strerror(output->cause));
	if (write_whole(output->fd, notice, (size_t)size) == 0)
		output->lost = 0;
}

void output_line(struct output *output, const char *line, size_t length)
{
	int result;

	output_finish(output);
	if (output->lost) {
		output->lost++;
		return;
	}
	result = write_whole(output->fd, line, length);
	if (result < 0) {
		output->lost++;
		output->cause = -result;
	}
}

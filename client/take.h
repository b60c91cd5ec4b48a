/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_TAKE_H
#define PERFMON_TAKE_H

#include <perfmon/ext.h>
#include <stdint.h>

/* The socket beside perfmond's node, see struct perfmon_taken. Errors are errno's, positive. */

/*
 * perfmond serves the socket with one thread, which others can hold up: each of these waits no
 * longer than this.
 */
#define TAKE_PATIENCE 5 /* s */

/* Connects to the socket of a node's path. Errors: ENAMETOOLONG, ETIMEDOUT, others as connect(2).
 */
int take_connect(const char *node, int *ret_socket);

/*
 * Takes what a token stands for: descriptors, close-on-exec, *ret_count of them, at least 1 and at
 * most `most`. Errors: ENOENT no such token, or another process's; EMFILE this process has no
 * descriptor left; ECONNABORTED perfmond hung up; ETIMEDOUT; others as send(2), recvmsg(2).
 */
int take(int socket, uint64_t token, struct perfmon_taken *ret_taken, int *ret_fd, unsigned most,
	 unsigned *ret_count);

#define TAKE_MOST 5

#endif

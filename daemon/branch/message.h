/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BRANCH_MESSAGE_H
#define PERFMOND_BRANCH_MESSAGE_H

#include <perfmon/ext.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What goes over a connection of the socket beside the node, see struct perfmon_taken. */

/*
 * A token, and the process that sends it: a socket may have been another's when it was connected.
 * Tells whether it is a token, and nothing along with it.
 */
bool message_hear(int socket, uint64_t *ret_token, pid_t *ret_process);

/* fd: a descriptor to go beside, or -1. Tells whether it is sent. */
bool message_answer(int socket, const struct perfmon_taken *taken, int fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_MESSAGE_H
#define PERFMOND_PASS_MESSAGE_H

#include <perfmon/ext.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pass/offers.h"

/* What goes over a connection of the socket beside the node, see struct perfmon_taken. */

/*
 * A token, and the process that sends it: a socket may have been another's when it was connected.
 * Tells whether it is a token, and nothing along with it.
 */
bool message_hear(int socket, uint64_t *ret_token, pid_t *ret_process);

/*
 * What was offered, with its descriptors. Tells whether it is sent; why not is logged, unless who
 * asked went away.
 */
bool message_offer(int socket, const struct offer *offer);

/* error: an errno in place of an offer. */
bool message_refuse(int socket, int error);

#endif

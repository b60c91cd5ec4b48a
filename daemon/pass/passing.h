/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_PASSING_H
#define PERFMOND_PASS_PASSING_H

#include <stdint.h>
#include <sys/types.h>

#include "pass/offers.h"
#include "pass/server.h"
#include "rights.h"

/* How clients get descriptors: offers by tokens, and the socket beside the node that takes these.
 */
struct passing {
	struct holders holders;
	struct offers offers;
	struct server server;
};

/*
 * What a token is for, in its upper 16 bits. libperfmon knows its own signals by those of
 * sig_data, and perfmond's tokens by these.
 */
#define TOKEN_BRANCH UINT64_C(0x0ebd)
#define TOKEN_DIRECT UINT64_C(0x0d17)

/* Makes the socket beside the node. node: its path. Errors, logged: as server_open(). */
int passing_open(struct passing *passing, const char *node, gid_t group, mode_t mode);

/* Adds what the calls below take, and the clients' offers. */
void passing_add_rights(struct rights *rights);

/*
 * From here on the process has a second thread, so that what it forks calls nothing that
 * allocates. Errors, logged: as server_start().
 */
int passing_start(struct passing *passing);

/* Hangs up and closes every descriptor that is offered. */
void passing_close(struct passing *passing);

/* Takes the socket's name away. */
void passing_remove(const struct passing *passing);

/* A token that nobody guesses. Errors: -EIO. */
int passing_token(uint64_t mark, uint64_t *ret_token);

/* Offers descriptors and takes them over, from this moment on. Errors: as offers_add(). */
int passing_offer(struct passing *passing, const struct offer *offer);

#endif

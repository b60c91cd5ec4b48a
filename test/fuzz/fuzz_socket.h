/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_SOCKET_H
#define PERFMOND_TEST_FUZZ_SOCKET_H

#include <stdbool.h>
#include <time.h>

#include "fuzz.h"
#include "pass/offers.h"

/*
 * The clients of the socket beside the node, and what is known of the offers that they ask for.
 * ways: which client and offer, and how. now: the time, s. All but the last are called where the
 * server has nothing left to do.
 */

/* Gives the node's path, in a directory that goes with the process. */
const char *client_prepare(void);

/* table: of offers, which is empty. */
void client_begin(struct offers *table);

void client_connect(const char *path, uint8_t ways, time_t now);

/* Sends a token, or bytes, with descriptors or credentials beside them, as `ways` and `bytes` say.
 */
void client_say(struct bytes *bytes, uint8_t ways);

void client_close(uint8_t ways);

/* Offers descriptors to this process, or to another. */
void client_offer(uint8_t ways, time_t now);

/* Withdraws an offer. */
void client_drop(uint8_t ways);

/* Asks for the descriptor of an offer's leader. */
void client_lead(uint8_t ways);

/* The server looks for what waits too long. */
void client_late(time_t now);

/* Takes what the server has sent, and checks it. connections: how many the server says it has. */
void client_hear_all(int connections);

void client_close_all(void);

/* Beside a message: descriptors that nobody asked for, and the process in whose name it is. */
#define BESIDE_MAX 3

struct beside {
	int fd[BESIDE_MAX];
	unsigned descriptors;
	pid_t process; /* 0: none is named */
};

/* Tells whether it is sent: the kernel may turn it down, as it does with descriptors. */
bool message_send(int fd, void *data, size_t size, const struct beside *beside);

/*
 * Takes a message; tells whether there is one. Descriptors beside it, of eventfd(2), are closed,
 * and each of them holds `mark`.
 */
bool message_take(int fd, struct perfmon_taken *ret_taken, uint64_t mark,
		  unsigned *ret_descriptors);

#endif

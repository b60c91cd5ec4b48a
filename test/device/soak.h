/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_SOAK_H
#define PERFMOND_TEST_SOAK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The steady load that a perfmond is watched under. */

#define CLIENTS 5

/* Shared by the clients and who watches. */
struct load {
	const char *node;
	bool direct; /* the writer reads past perfmond as well */
	struct tally {
		uint64_t requests; /* answered, those that opened the node among them */
		uint64_t killed;   /* clients of this kind, in the midst */
		uint64_t passed;   /* values that were read past perfmond */
		uint64_t wrong;    /* answers that nothing asked for explains */
		char first[96];    /* the first of these, in words */
	} tally[CLIENTS];
	pid_t process[CLIENTS];
};

/* Starts the clients. Ends the program where it cannot. */
void load_start(struct load *load);

/* Starts those anew that ended, and kills one more in its requests: each in its turn. */
void load_tend(struct load *load);

/* Ends all clients. */
void load_stop(struct load *load);

/* Ends the program with a message and errno. */
void die(const char *what) __attribute__((noreturn));

#endif

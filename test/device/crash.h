/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_CRASH_H
#define PERFMOND_TEST_CRASH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A load that goes on whether a perfmond serves the node or none does. */

#define CLIENTS    7
#define ERRORS_MAX 256

/*
 * What a client may wait. An open has more: for a CUSE node whose server is gone the kernel runs
 * modprobe(8) first, as for any device number without a driver, and that is not perfmond's time.
 */
#define REQUEST_NS 1000000000ULL
#define OPEN_NS    5000000000ULL

struct longest {
	uint64_t time; /* ns */
	const char *what;
};

/* Of one client, shared with who watches it. */
struct client {
	pid_t process;
	_Atomic uint64_t begin;    /* of what it waits for, CLOCK_MONOTONIC in ns, or 0 */
	const char *_Atomic what;  /* that is */
	_Atomic uint64_t limit;    /* of that, ns */
	uint64_t requests;         /* opens and closes among them */
	uint64_t values;           /* that were read of a running counter and were not 0 */
	uint64_t passed;           /* and those read past perfmond */
	struct longest longest;    /* request that is no open */
	uint64_t longest_open;     /* ns */
	uint64_t seen[ERRORS_MAX]; /* by errno */
	uint64_t wrong;            /* what the end of a perfmond does not explain */
	char first[96];            /* the first of these, in words */
};

struct load {
	const char *node;
	unsigned char event;
	atomic_bool ends;
	struct client client[CLIENTS];
};

uint64_t now_ns(void);

/* What the client of that number does, until load->ends. */
void crash_client(struct load *load, int which);

/* A new client: it is to count within 10 s, in which it may have to wait for the writer's place. */
bool crash_once(const char *node, unsigned char event);

#endif

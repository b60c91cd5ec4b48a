/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_DIRECT_H
#define PERFMOND_TEST_DIRECT_H

#include <perfmon/direct.h>
#include <stdbool.h>
#include <stdint.h>

/* One thing to prove, in a process of its own. */
struct proof {
	const char *name;
	bool (*holds)(void);
};

extern const struct proof value_proofs[]; /* values.c; the last has no name */
extern const struct proof owner_proofs[]; /* owner.c; the last has no name */
extern const struct proof page_proofs[];  /* pages.c; the last has no name */
extern const struct proof death_proofs[]; /* owner.c; perfmond is killed meanwhile */

/* From the command line. */
extern const char *node;
extern int running_way; /* how the running counter of its own thread is read */

/* False, with the line and the words on standard error. */
bool wrong(int line, const char *what);

#define must(what)                                     \
	do {                                           \
		if (!(what))                           \
			return wrong(__LINE__, #what); \
	} while (0)

/* A writer's descriptor, with counter 0 set up to count clocks in user mode. */
int open_counter(void);

bool request(int fd, unsigned long number);

uint64_t device_value(int fd);

/* The reader's, or UINT64_MAX. */
uint64_t value_of(struct perfmon_reader *reader);

struct perfmon_reader *reader_of(int fd);

/* Some 10 ms of user mode. */
void work(void);

/* Runs something in a child, and tells whether it gave true. */
bool child_holds(bool (*what)(void *argument), void *argument);

#endif

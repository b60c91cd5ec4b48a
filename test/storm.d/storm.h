/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_STORM_H
#define PERFMOND_TEST_STORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A storm: PROCESSES at a time ask a node at random, fork, exec, pass descriptors, stop and kill
 * each other. All are children of one driver, which continues what was stopped and replaces what
 * ended.
 */

#define PROCESSES 16
#define PLACES    4  /* descriptors of the node that a process can have */
#define KINDS     16 /* of requests, at most */

/* Descriptors have fixed numbers, by which a program that was executed anew finds them. */
#define FD_STORM      100
#define FD_TO(slot)   (110 + 2 * (slot))
#define FD_FROM(slot) (111 + 2 * (slot))
#define FD_PLACE(i)   (200 + (i))

/* Shared by all. */
struct storm {
	char node[128];
	uint64_t seed;
	uint64_t limit; /* of requests; the processes end there */
	pid_t driver;
	/*
	 * Who stands there; 0: nobody; -N: N forks one for it. A number is taken out before its
	 * process is reaped, so that one that is still here is a process of the storm.
	 */
	_Atomic pid_t slot[PROCESSES];
	_Atomic uint64_t serial; /* of random sequences */
	_Atomic uint64_t requests;
	_Atomic uint64_t succeeded[KINDS];
	_Atomic uint64_t opens;
	_Atomic uint64_t claims; /* opens of a writer that succeeded */
	_Atomic uint64_t calls;  /* read, write, poll */
	_Atomic uint64_t forks;
	_Atomic uint64_t execs;
	_Atomic uint64_t passed;
	_Atomic uint64_t wrong; /* what no rule explains */
	char first[160];        /* the first of these, in words */
};

extern struct storm *storm;

/* Says what was wrong; `error` is an errno, or 0. */
void note_wrong(const char *what, int error);

/* Begins a random sequence that none before was. */
void random_begin(void);

/* 0 to below - 1. */
uint32_t chance(uint32_t below);

/* Maps what requests point to. */
void request_begin(void);

/* Asks anything of a descriptor, and checks the answer by what can be known about it. */
void request_ask(int fd);

/* Of a kind, or NULL where there are no more. */
const char *request_name(unsigned kind);

/*
 * What a process does, until the storm is over: it stands in `slot`, where `expected` was. Of the
 * program executed anew that is itself.
 */
void process_run(int slot, pid_t expected) __attribute__((noreturn));

/* Reaps children that ended, continues those that were stopped. */
struct reaped {
	uint64_t killed;
	uint64_t stopped;
};

/* False where there is no child. */
bool children_tend(struct reaped *reaped);

/* Prints where each child is, in the kernel and by its slot, and kills it. */
void children_report(void);

#endif

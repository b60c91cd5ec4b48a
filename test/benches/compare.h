/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_BENCHES_COMPARE_H
#define PERFMOND_TEST_BENCHES_COMPARE_H

#include <stdbool.h>

/*
 * Two ways to the same, each timed by itself, call by call: blocks of both alternate, each block by
 * a client process of its own.
 */
struct side {
	void (*call)(int fd);
	int fd;
};

/* Prints a line of the medians and one of the 99th percentiles. */
void compare(const char *name, struct side ours, struct side theirs);

/* Requests of a device, each of counter 0; a failure ends the program. */
void request_read(int fd);
void request_get(int fd);
void request_tstamp(int fd);
void request_snap(int fd);
void request_start(int fd);
void request_stop(int fd);
void request_reset(int fd);

/* Sets both counters up for what this machine counts: its clocks, or the kernel's interrupts. */
bool set_up(int fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_WORK_H
#define PERFMOND_TEST_WORK_H

#include <machine/perfmon.h>
#include <stdbool.h>
#include <stdint.h>

/* Work of a known size for the programs that prove counts, and a client's few calls. */

/* Whether this processor has the loop. */
extern const bool have_loop;

/* Executes exactly this number of instructions, even and 2 at least, beside those of the call. */
void loop(uint64_t instructions);

/* Uses the CPU for this long, by the thread's CPU clock, in ms. */
void burn(unsigned milliseconds);

/* From here on the caller runs on this CPU alone. Ends the program where it cannot. */
void pin(int cpu);

/* The requests of perfmon(4). They return 0 or the errno, but for node_open(), which ends the
 * program. */
int node_open(const char *path, int flags);
int set_up(int fd, int counter, unsigned char event, unsigned char flags);
int start(int fd, int counter);
int stop(int fd, int counter);
int reset(int fd, int counter);
int read_count(int fd, int counter, int64_t *ret_count);

/* Ends the program with a message. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif

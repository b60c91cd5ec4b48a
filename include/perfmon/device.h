/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DEVICE_H
#define PERFMON_DEVICE_H

/*
 * The requests of /dev/perfmon as functions, with their errors in words. Link with -lperfmon. See
 * perfmon_device(3), and perfmon(4) for what the requests do.
 *
 * Functions that return an int give 0, or a negative errno, as perfmon(4) has it for the request;
 * then perfmon_error() has the cause and what to do about it. Outputs stay as they were.
 *
 * A device may be used by one thread at a time; its descriptor lives on in a forked child.
 */

#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct perfmon;

#define PERFMON_READ  0 /* any number of programs at a time */
#define PERFMON_WRITE 1 /* one at a time, which sets counters up */

/*
 * Opens a node. node: its path, or NULL for /dev/perfmon; access: PERFMON_READ or PERFMON_WRITE.
 * Errors: -ENOENT, -ENODEV, -ENOTCONN, -ECONNABORTED perfmond does not run; -EACCES; -EBUSY there
 * is a writer; -ENXIO nothing can be counted; -ENOTTY it is another kind of file; -EMFILE; -ENOMEM.
 */
int perfmon_open(const char *node, int access, struct perfmon **ret_device);

/* The descriptor, which stays the device's: none of standard input, output and error. */
int perfmon_fd(const struct perfmon *device);

/*
 * Configures a counter, 0 or 1. value: pmc_val of <machine/perfmon.h>: event | unit << 8 |
 * flags << 16 | mask << 24. It is stopped, and 0.
 */
int perfmon_setup(struct perfmon *device, int counter, uint32_t value);

/* What it was configured as, with PMCF_EN in the flags while it runs. */
int perfmon_get(struct perfmon *device, int counter, uint32_t *ret_value);

int perfmon_start(struct perfmon *device, int counter);
int perfmon_stop(struct perfmon *device, int counter);
int perfmon_reset(struct perfmon *device, int counter);

/* Its count, 0 to 2^40 - 1. */
int perfmon_read(struct perfmon *device, int counter, uint64_t *ret_count);

/* The time stamp and its rate in MHz, truncated. */
int perfmon_stamp(struct perfmon *device, uint64_t *ret_stamp, unsigned *ret_mhz);

/* All counters and the time stamp at once; each counter has its own error. */
int perfmon_snap(struct perfmon *device, struct perfmon_snap *ret_snap);

/* What a counter was set up to count. */
int perfmon_event(struct perfmon *device, int counter, struct perfmon_event *ret_event);

/* What perfmon_setup() with this value would count. */
int perfmon_translate(struct perfmon *device, uint32_t value, struct perfmon_event *ret_event);

/* Who has it open for writing. */
struct perfmon_writer {
	int process;      /* that opened it; 0: it has ended, or is not seen from here */
	uint32_t user;    /* its user */
	char command[16]; /* its command, as ps(1) has it, "" where process is 0 */
};

/* Who has it open for writing, and so keeps others from it. Errors: -ESRCH nobody has. */
int perfmon_writer(struct perfmon *device, struct perfmon_writer *ret_writer);

/* Closes it; the counters that it set up are freed. NULL is none. */
void perfmon_close(struct perfmon *device);

/* The calling thread's latest error in words, and what to do about it; "" before any. */
const char *perfmon_error(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

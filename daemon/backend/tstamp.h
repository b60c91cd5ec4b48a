/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_TSTAMP_H
#define PERFMOND_BACKEND_TSTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/tstamp_counter.h"
#include "backend/tstamp_rate.h"

/*
 * The time stamp of PMIOTSTAMP: a counter that user space reads without a system call, and its
 * rate.
 *
 * A rate that the machine states is believed when it agrees with a measurement of 2 ms to 0.1 %.
 * Processors state a rounded one (CPUID 16H says 2100 MHz where 2095 is true), hypervisors hand out
 * the host's while they scale the guest's counter, firmware leaves CNTFRQ_EL0 wrong; crystals are
 * within 0.01 % of each other. Where no stated rate holds, it is measured against
 * CLOCK_MONOTONIC_RAW, which NTP does not slew, and which stands still while the machine is
 * suspended: a measurement that a suspension interrupted starts again.
 */
struct tstamp {
	const char *source;
	struct tstamp_rate rate;
	bool final;               /* the rate will not change */
	struct tstamp_pair first; /* where the measurement began */
};

/*
 * Finds the counter and, where one is stated, its rate; sleeps for 2 ms to check it. There is
 * nothing to close.
 * Errors: -ENOTTY on a machine without a counter that can be used: an x86 without a TSC or with the
 * TSC turned off for this process (prctl(2), PR_SET_TSC), or an architecture that is not known.
 */
int tstamp_open(struct tstamp *ret_ts);

/* The same with other claims about the rate, most trusted first, ended by a NULL source. */
int tstamp_open_claims(struct tstamp *ret_ts, const struct tstamp_claim *claims);

/* The stamp. It advances on all CPUs alike where the kernel calls the counter stable. */
uint64_t tstamp_read(const struct tstamp *ts);

/*
 * The rate in MHz, truncated, but a whole number within the error of a measured rate is taken: a
 * clock of 2600.0000 MHz that is measured as 2599.9999 is not one of 2599.
 *
 * A measured rate is final when 400 ms have passed since tstamp_open: measured by two clock
 * readings of 50 ns each it is good to 1.3e-7, 0.0003 MHz at 2600 MHz. Before that the answer is an
 * interim one (20 ms: 2.5e-6, 0.007 MHz), which may be 1 MHz from the final one where the true rate
 * is as near as that to a whole number. The call waits until 20 ms have passed. With a final or
 * stated rate it makes no system call; else it reads clocks.
 *
 * Call it before tstamp_read, lest the stamp be old by the wait.
 */
unsigned tstamp_mhz(struct tstamp *ts);

/* What the stamp is and where its rate comes from, for the start line: "tsc (CPUID 15H)". */
const char *tstamp_source(const struct tstamp *ts);

#endif

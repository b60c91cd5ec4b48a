/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_TSTAMP_COUNTER_H
#define PERFMOND_BACKEND_TSTAMP_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The counter of one architecture: tstamp_x86.c, tstamp_arm64.c, tstamp_ppc64.c; tstamp_none.c for
 * the others. One of them is linked.
 */

/* Somebody's word for the rate. */
struct tstamp_claim {
	const char *source;
	uint64_t (*hz)(void); /* 0: it does not say */
};

/* Whether user space can read it here. */
bool tstamp_counter_usable(void);

uint64_t tstamp_counter_read(void);

/* Most trusted first, ended by a NULL source. */
extern const struct tstamp_claim tstamp_counter_claims[];

/* The source's name where the rate is measured. */
extern const char tstamp_counter_calibrated[];

#endif

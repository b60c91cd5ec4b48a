/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_TSTAMP_RATE_H
#define PERFMOND_BACKEND_TSTAMP_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* The arithmetic of the time stamp's rate; nothing here reads a clock. */

/* A stamp and the time that it was taken at. */
struct tstamp_pair {
	uint64_t stamp;
	uint64_t time_ns;      /* CLOCK_MONOTONIC_RAW */
	uint64_t error_ns;     /* the true time is within time_ns +- error_ns */
	uint64_t suspended_ns; /* what the machine has slept since it booted */
};

/* A rate; the true one is within hz +- error_hz. */
struct tstamp_rate {
	double hz;
	double error_hz;
};

/*
 * Whether a rate can be taken between two pairs: no suspension lies between them, which stops the
 * clock and may clear or continue the counter, and neither went back.
 */
bool tstamp_pair_follows(const struct tstamp_pair *first, const struct tstamp_pair *last);

/* The rate between two pairs that follow each other, last->time_ns being the greater. */
struct tstamp_rate tstamp_rate_between(const struct tstamp_pair *first,
				       const struct tstamp_pair *last);

/* Whether a stated rate is within 0.1 % of a measured one, its error allowed for. */
bool tstamp_rate_agrees(const struct tstamp_rate *measured, uint64_t stated_hz);

/* In MHz as tstamp_mhz has it. */
unsigned tstamp_rate_mhz(const struct tstamp_rate *rate);

/*
 * The rate behind a perf_event_mmap_page's ns = stamp * time_mult >> time_shift
 * (perf_event_open(2), cap_user_time). The kernel keeps the rate in whole kHz and mult has 29 bits
 * or more, so the nearest kHz is exact. 0 where there is none.
 */
uint64_t tstamp_rate_of_perf(uint32_t time_mult, uint16_t time_shift);

#endif

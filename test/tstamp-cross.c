/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Prints what the time stamp is on the machine that it runs on: its source, its rate in MHz, the
 * rate in kHz that half a second of CLOCK_MONOTONIC shows, and whether each of many readings was
 * later than the one before.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "backend/tstamp.h"

#define READINGS 1000

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A stamp and its time, less than 0.1 ms apart however busy the machine is. */
static uint64_t read_at(const struct tstamp *ts, uint64_t *ret_ns)
{
	for (;;) {
		uint64_t before_ns = monotonic_ns();
		uint64_t stamp = tstamp_read(ts);

		*ret_ns = monotonic_ns();
		if (*ret_ns - before_ns < 100000)
			return stamp;
	}
}

static uint64_t measure_khz(const struct tstamp *ts)
{
	struct timespec half_a_second = { .tv_nsec = 500000000 };
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t start = read_at(ts, &start_ns);
	uint64_t end;

	nanosleep(&half_a_second, NULL);
	end = read_at(ts, &end_ns);
	return (end - start) * 1000000 / (end_ns - start_ns);
}

/* A counter may be slower than the loop that reads it. */
static bool advances(const struct tstamp *ts)
{
	struct timespec microsecond = { .tv_nsec = 1000 };
	uint64_t before = tstamp_read(ts);

	for (int i = 0; i < READINGS; i++) {
		uint64_t stamp;

		nanosleep(&microsecond, NULL);
		stamp = tstamp_read(ts);
		if (stamp <= before)
			return false;
		before = stamp;
	}
	return true;
}

int main(void)
{
	struct tstamp ts;
	int result = tstamp_open(&ts);
	unsigned interim_mhz;
	uint64_t khz;

	if (result < 0) {
		errno = -result;
		perror("tstamp_open");
		return 1;
	}
	interim_mhz = tstamp_mhz(&ts);
	khz = measure_khz(&ts);
	printf("%s|%u|%u|%" PRIu64 "|%s\n", tstamp_source(&ts), interim_mhz, tstamp_mhz(&ts), khz,
	       advances(&ts) ? "advances" : "stands still");
	return 0;
}

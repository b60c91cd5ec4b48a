/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/tstamp.h"

#include <errno.h>
#include <time.h>

#define CHECK_NS   2000000
#define INTERIM_NS 20000000
#define FINAL_NS   400000000

#define SECOND_NS 1000000000

/* An interrupt or another process in all of them is unlikely, and they take 2 us. */
#define BRACKETS 16

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void wait_ns(uint64_t ns)
{
	struct timespec rest = { .tv_nsec = (long)ns };

	nanosleep(&rest, NULL);
}

/* A stamp is as old as the clock readings around it; the tightest two say it best. */
static struct tstamp_pair take_pair(void)
{
	struct tstamp_pair pair = { .error_ns = UINT64_MAX };
	uint64_t monotonic;

	for (int i = 0; i < BRACKETS; i++) {
		uint64_t before = now_ns(CLOCK_MONOTONIC_RAW);
		uint64_t stamp = tstamp_counter_read();
		uint64_t width = now_ns(CLOCK_MONOTONIC_RAW) - before;

		if (width / 2 + 1 < pair.error_ns) {
			pair.stamp = stamp;
			pair.time_ns = before + width / 2;
			pair.error_ns = width / 2 + 1;
		}
	}
	monotonic = now_ns(CLOCK_MONOTONIC);
	pair.suspended_ns = now_ns(CLOCK_BOOTTIME) - monotonic;
	return pair;
}

/* Measures over least_ns, below a second, or more. Returns over how much. */
static uint64_t measure(struct tstamp *ts, uint64_t least_ns)
{
	for (;;) {
		struct tstamp_pair last = take_pair();
		uint64_t passed;

		if (!tstamp_pair_follows(&ts->first, &last))
			ts->first = last;
		passed = last.time_ns - ts->first.time_ns;
		if (passed >= least_ns) {
			ts->rate = tstamp_rate_between(&ts->first, &last);
			return passed;
		}
		wait_ns(least_ns - passed);
	}
}

static void adopt_claim(struct tstamp *ts, const struct tstamp_claim *claims)
{
	for (const struct tstamp_claim *claim = claims; claim->source; claim++) {
		uint64_t hz = claim->hz();

		if (hz == 0)
			continue;
		measure(ts, CHECK_NS);
		if (tstamp_rate_agrees(&ts->rate, hz)) {
			ts->source = claim->source;
			ts->rate = (struct tstamp_rate){ .hz = (double)hz };
			ts->final = true;
			return;
		}
	}
}

int tstamp_open_claims(struct tstamp *ret_ts, const struct tstamp_claim *claims)
{
	/* First: where the counter is turned off, the vDSO's clocks kill the process. */
	if (!tstamp_counter_usable())
		return -ENOTTY;
	*ret_ts = (struct tstamp){ .source = tstamp_counter_calibrated, .first = take_pair() };
	adopt_claim(ret_ts, claims);
	return 0;
}

int tstamp_open(struct tstamp *ret_ts)
{
	return tstamp_open_claims(ret_ts, tstamp_counter_claims);
}

uint64_t tstamp_read(const struct tstamp *ts)
{
	(void)ts;
	return tstamp_counter_read();
}

unsigned tstamp_mhz(struct tstamp *ts)
{
	if (!ts->final)
		ts->final = measure(ts, INTERIM_NS) >= FINAL_NS;
	return tstamp_rate_mhz(&ts->rate);
}

const char *tstamp_source(const struct tstamp *ts)
{
	return ts->source;
}

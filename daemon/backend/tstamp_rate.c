/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/tstamp_rate.h"

/* Shorter than any suspension, longer than it takes to read two clocks one after the other. */
#define SUSPENSION_NS 10000000

/* Two crystals differ by less, a figure rounded to 100 MHz by more. */
#define TOLERANCE 0.001

static double distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

bool tstamp_pair_follows(const struct tstamp_pair *first, const struct tstamp_pair *last)
{
	return last->stamp >= first->stamp && last->time_ns >= first->time_ns &&
	       distance((double)first->suspended_ns, (double)last->suspended_ns) < SUSPENSION_NS;
}

struct tstamp_rate tstamp_rate_between(const struct tstamp_pair *first,
				       const struct tstamp_pair *last)
{
	double ns = (double)(last->time_ns - first->time_ns);
	double hz = (double)(last->stamp - first->stamp) / ns * 1e9;

	return (struct tstamp_rate){
		.hz = hz,
		.error_hz = hz * (double)(first->error_ns + last->error_ns) / ns,
	};
}

bool tstamp_rate_agrees(const struct tstamp_rate *measured, uint64_t stated_hz)
{
	return distance((double)stated_hz, measured->hz) <=
	       measured->hz * TOLERANCE + measured->error_hz;
}

unsigned tstamp_rate_mhz(const struct tstamp_rate *rate)
{
	unsigned nearest = (unsigned)(rate->hz / 1e6 + 0.5);

	if (distance(nearest * 1e6, rate->hz) <= rate->error_hz)
		return nearest;
	return (unsigned)(rate->hz / 1e6);
}

uint64_t tstamp_rate_of_perf(uint32_t time_mult, uint16_t time_shift)
{
	uint64_t scaled;

	if (time_mult == 0 || time_shift > 31)
		return 0;
	scaled = UINT64_C(1000000) << time_shift;
	return (scaled + time_mult / 2) / time_mult * 1000;
}

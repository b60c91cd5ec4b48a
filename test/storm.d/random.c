/* SPDX-License-Identifier: BSD-2-Clause */
#include "storm.h"

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t mixed = state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

void random_begin(void)
{
	state = storm->seed;
	state = next() ^ atomic_fetch_add(&storm->serial, 1);
	state = next();
}

uint32_t chance(uint32_t below)
{
	return (uint32_t)((next() >> 32) * below >> 32);
}

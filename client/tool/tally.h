/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_TALLY_H
#define PERFMON_TALLY_H

#include <perfmon/device.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Counts that go on beyond the counters' 40 bits: a counter that is looked at every TALLY_SECONDS
 * has not gone round, at 10^12 events in a second.
 */
#define TALLY_SECONDS 1

struct tally {
	uint64_t latest; /* what the counter had at the latest look */
	uint64_t count;  /* since the beginning */
	bool partial;    /* from here on it is not known: why is in the error */
	char error[200];
};

/*
 * Looks at the counters, and adds what they counted since the latest look. used: which. A counter
 * that has an error stays as it was, and partial.
 */
void tally_look(struct perfmon *device, struct tally tallies[NPMC], const bool used[NPMC]);

#endif

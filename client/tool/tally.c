/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT_MASK ((UINT64_C(1) << 40) - 1)

static void lose(struct tally *tally, const char *error)
{
	if (tally->partial)
		return;
	tally->partial = true;
	snprintf(tally->error, sizeof tally->error, "%s", error);
}

static const char *reason(int error)
{
	switch (error) {
	case EIO:
		return "the event was not on the hardware all the time: perfmond's log says why";
	case EBUSY:
		return "the counter is not set up any more";
	default:
		return strerrordesc_np(error);
	}
}

void tally_look(struct perfmon *device, struct tally tallies[NPMC], const bool used[NPMC])
{
	struct perfmon_snap snap = { 0 };
	int result = perfmon_snap(device, &snap);

	for (int i = 0; i < NPMC; i++) {
		const struct perfmon_snap_counter *counter = &snap.pms_counter[i];

		if (!used[i])
			continue;
		if (result < 0 || counter->pmsc_error) {
			lose(&tallies[i],
			     result < 0 ? perfmon_error() : reason(counter->pmsc_error));
			continue;
		}
		tallies[i].count += (counter->pmsc_value - tallies[i].latest) & COUNT_MASK;
		tallies[i].latest = counter->pmsc_value;
	}
}

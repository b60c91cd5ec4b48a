/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <sys/platform/ppc.h>

#include "backend/tstamp_counter.h"

bool tstamp_counter_usable(void)
{
	return true;
}

uint64_t tstamp_counter_read(void)
{
	return __ppc_get_timebase();
}

const struct tstamp_claim tstamp_counter_claims[] = {
	/* The vDSO's word, or the timebase line of /proc/cpuinfo (glibc). */
	{ "timebase", __ppc_get_timebase_freq },
	{ NULL, NULL },
};

const char tstamp_counter_calibrated[] = "timebase (calibrated)";

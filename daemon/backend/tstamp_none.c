/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "backend/tstamp_counter.h"

bool tstamp_counter_usable(void)
{
	return false;
}

uint64_t tstamp_counter_read(void)
{
	return 0;
}

const struct tstamp_claim tstamp_counter_claims[] = {
	{ NULL, NULL },
};

const char tstamp_counter_calibrated[] = "none";

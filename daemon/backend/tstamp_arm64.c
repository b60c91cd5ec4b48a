/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "backend/tstamp_counter.h"

/* The generic timer: Arm ARM, CNTVCT_EL0 and CNTFRQ_EL0. Linux lets EL0 read both, or emulates it.
 */

static uint64_t frequency(void)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz & UINT32_MAX;
}

bool tstamp_counter_usable(void)
{
	return true;
}

uint64_t tstamp_counter_read(void)
{
	uint64_t stamp;

	/* Without the barrier the read may come before what the program has before it. */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(stamp) : : "memory");
	return stamp;
}

const struct tstamp_claim tstamp_counter_claims[] = {
	{ "cntvct_el0", frequency },
	{ NULL, NULL },
};

const char tstamp_counter_calibrated[] = "cntvct_el0 (calibrated)";

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/pmu.h"

/*
 * SDM volume 3B, 18.22. The enable bit exists in select 0 alone and gates both counters, so that
 * counter 1 has none of its own.
 */
#define ENABLE ((uint32_t)PMCF_EN << 16)

static uint64_t encode(unsigned counter, uint32_t select, bool run)
{
	return select | (run ? pmu_p6.counter[counter].enable : 0);
}

const struct pmu pmu_p6 = {
	.name = "p6",
	.cpu = CPU_P6,
	.width = 40,
	.counter = {
		{ .select = 0x186, .field = 0xffffffff, .enable = ENABLE, .value = 0xc1, .restore = 0xc1 },
		{ .select = 0x187, .field = 0xffffffff & ~ENABLE, .value = 0xc2, .restore = 0xc2 },
	},
	.gate = 0x186,
	.sign_extends = true,
	.bits = 0xff8fffff,
	.encode = encode,
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/pmu.h"

/* Both makers kept the P6's select, with an enable bit in each, and dropped the pin control. */
#define ENABLE ((uint32_t)PMCF_EN << 16)
#define BITS   0xff87ffffu

/*
 * All of the select is the counter's: what a client's 32 bits do not reach changes what is counted
 * (Intel's IN_TX 32 and 33, EQ 36, UMASK2 47:40, SDM volume 3B, 18.2; AMD's event 35:32, GuestOnly
 * 40, HostOnly 41, APM volume 2, 13.2), and is 0 in ours.
 */
#define FIELD UINT64_MAX

static uint64_t encode(unsigned counter, uint32_t select, bool run)
{
	(void)counter;
	return select | (run ? ENABLE : 0);
}

static const struct pmu modern = {
	.cpu = CPU_X86,
	.width = 48,
	.bits = BITS,
	.encode = encode,
};

struct pmu pmu_arch(unsigned version, unsigned width, uint32_t absent, bool full_width)
{
	struct pmu pmu = modern;

	pmu.name = "arch";
	pmu.width = width;
	pmu.absent = absent;
	pmu.sign_extends = !full_width;
	pmu.global_control = version >= 2 ? 0x38f : 0;
	pmu.global_status = version >= 2 ? 0x38e : 0;
	pmu.status_reset = version >= 2 ? 0x390 : 0;
	pmu.in_use = version >= 4 ? 0x392 : 0;
	for (unsigned i = 0; i < NPMC; i++)
		pmu.counter[i] = (struct pmu_counter){
			.select = 0x186 + i,
			.field = FIELD,
			.enable = ENABLE,
			.value = 0xc1 + i,
			.restore = (full_width ? 0x4c1 : 0xc1) + i,
		};
	return pmu;
}

struct pmu pmu_amd(enum amd_generation generation)
{
	struct pmu pmu = modern;

	pmu.name = "amd";
	pmu.global_control = generation == AMD_PERF_V2 ? 0xc0000301 : 0;
	pmu.global_status = generation == AMD_PERF_V2 ? 0xc0000300 : 0;
	pmu.status_reset = generation == AMD_PERF_V2 ? 0xc0000302 : 0;
	for (unsigned i = 0; i < NPMC; i++) {
		uint32_t select = generation == AMD_K7 ? 0xc0010000 + i : 0xc0010200 + 2 * i;
		uint32_t value = generation == AMD_K7 ? 0xc0010004 + i : 0xc0010201 + 2 * i;

		pmu.counter[i] = (struct pmu_counter){
			.select = select,
			.field = FIELD,
			.enable = ENABLE,
			.value = value,
			.restore = value,
		};
	}
	return pmu;
}

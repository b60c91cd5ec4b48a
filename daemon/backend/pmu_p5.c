/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/pmu.h"

/*
 * CESR, SDM volume 3B, figure 18-52: ten bits per counter, counter 1's shifted by 16. The counter
 * counts clocks in which the event lasts unless PMCF_E asks for occurrences: the sense that the
 * original driver gave the flag.
 */
#define EVENT    0x3fu
#define RING_0_2 (1u << 6)
#define RING_3   (1u << 7)
#define CLOCKS   (1u << 8)
#define PIN      (1u << 9)

static uint64_t encode(unsigned counter, uint32_t select, bool run)
{
	uint8_t flags = SELECT_FLAGS(select);
	uint64_t bits = SELECT_EVENT(select) & EVENT;

	if (run && (flags & PMCF_OS))
		bits |= RING_0_2;
	if (run && (flags & PMCF_USR))
		bits |= RING_3;
	if (!(flags & PMCF_E))
		bits |= CLOCKS;
	if (flags & PMCF_PC)
		bits |= PIN;
	return bits << (16 * counter);
}

const struct pmu pmu_p5 = {
	.name = "p5",
	.cpu = CPU_P5,
	.width = 40,
	.counter = {
		{ .select = 0x11, .field = 0x3ff, .enable = RING_0_2 | RING_3, .value = 0x12, .restore = 0x12 },
		{ .select = 0x11, .field = 0x3ff0000, .enable = (RING_0_2 | RING_3) << 16, .value = 0x13,
		  .restore = 0x13 },
	},
	.bits = EVENT | (PMCF_USR | PMCF_OS | PMCF_E | PMCF_PC) << 16,
	.encode = encode,
};

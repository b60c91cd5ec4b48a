/* SPDX-License-Identifier: BSD-2-Clause */
#include "ratio.h"

#include <machine/perfmon.h>
#include <stdio.h>

static const struct {
	bool p5;
	uint8_t over;
	uint8_t under;
	bool percent;
	const char *what;
} ratios[] = {
	{ false, PMC6_INST_RETIRED, PMC6_CPU_CLK_UNHALTED, false, "instructions per clock" },
	{ false, PMC6_UOPS_RETIRED, PMC6_INST_RETIRED, false, "micro-operations per instruction" },
	{ false, PMC6_BR_MISS_PRED_RETIRED, PMC6_BR_INST_RETIRED, true,
	  "of the branches mispredicted" },
	{ false, PMC6_BR_TAKEN_RETIRED, PMC6_BR_INST_RETIRED, true, "of the branches taken" },
	{ false, PMC6_BR_INST_RETIRED, PMC6_INST_RETIRED, true, "of the instructions branches" },
	{ false, PMC6_DCU_LINES_IN, PMC6_DATA_MEM_REFS, true,
	  "of the memory accesses brought a line into the L1 data cache" },
	{ false, PMC6_IFU_IFETCH_MISS, PMC6_IFU_IFETCH, true,
	  "of the instruction fetches missed the L1" },
	{ false, PMC6_L2_LINES_IN, PMC6_L2_RQSTS, true, "of the L2's requests brought a line in" },
	{ false, PMC6_RESOURCE_STALLS, PMC6_CPU_CLK_UNHALTED, true, "of the clocks stalled" },
	{ true, PMC5_DATA_READ_MISS, PMC5_DATA_READ, true, "of the loads missed the data cache" },
	{ true, PMC5_DATA_WRITE_MISS, PMC5_DATA_WRITE, true,
	  "of the stores missed the data cache" },
	{ true, PMC5_DATA_RW_MISS, PMC5_DATA_RW, true,
	  "of the loads and stores missed the data cache" },
	{ true, PMC5_INST_CACHE_MISS, PMC5_INST_READ, true,
	  "of the instruction reads missed the cache" },
	{ true, PMC5_BTB_HITS, PMC5_BRANCHES, true,
	  "of the branches were in the branch target buffer" },
	{ true, PMC5_INST_EXECUTED_V, PMC5_INST_EXECUTED, true,
	  "of the instructions went through the V pipe" },
};

#define RATIOS (sizeof ratios / sizeof *ratios)

/* Unit masks, counter masks, edges and modes alike: all but the code. */
static bool alike(const struct spec *over, const struct spec *under)
{
	return over->event && under->event && over->event->p5 == under->event->p5 &&
	       over->value >> 16 == under->value >> 16 && over->counted.pme_class != PME_NATIVE &&
	       under->counted.pme_class != PME_NATIVE;
}

bool ratio_text(const struct spec *over, double over_count, const struct spec *under,
		double under_count, char *text, size_t size)
{
	if (!alike(over, under) || under_count == 0)
		return false;
	for (size_t i = 0; i < RATIOS; i++) {
		if (ratios[i].p5 != over->event->p5 || ratios[i].over != over->event->code ||
		    ratios[i].under != under->event->code)
			continue;
		if (ratios[i].percent)
			snprintf(text, size, "%.2f %% %s", 100 * over_count / under_count,
				 ratios[i].what);
		else
			snprintf(text, size, "%.2f %s", over_count / under_count, ratios[i].what);
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

/* SDM volume 3B, 18.22. */
#define ENABLE MODEL_SELECT_FLAG(PMCF_EN)
#define TAKEN  (PMC6_CPU_CLK_UNHALTED | MODEL_SELECT_FLAG(PMCF_USR | PMCF_OS | PMCF_INT))

static const struct model_register registers[] = {
	{ 0x186, MODEL_SELECT_OFFSET(0), MODEL_MASK(32), WRITE_WHOLE },
	{ 0x187, MODEL_SELECT_OFFSET(1), MODEL_MASK(32) & ~ENABLE, WRITE_WHOLE },
	{ 0xc1, MODEL_COUNTER_OFFSET(0), MODEL_MASK(40), WRITE_SIGNED },
	{ 0xc2, MODEL_COUNTER_OFFSET(1), MODEL_MASK(40), WRITE_SIGNED },
	{ 0 },
};

static struct model_rate rate(const struct model_cpu *cpu, unsigned counter)
{
	struct model_rate rate = model_rate_of_select(cpu->select[counter], PMC6_CPU_CLK_UNHALTED);

	rate.runs = cpu->select[0] & ENABLE;
	rate.bit = counter;
	return rate;
}

/* Select 0 is all that can enable counter 1, whoever has counter 0. */
static void take(struct model_cpu *cpu, unsigned counter)
{
	cpu->select[counter] = TAKEN;
	cpu->select[0] |= ENABLE;
}

static void release(struct model_cpu *cpu, unsigned counter)
{
	(void)counter;
	cpu->select[0] &= ~ENABLE;
}

const struct model_rules model_p6 = {
	.name = "p6",
	.registers = registers,
	.counters = 2,
	.width = 40,
	.rate = rate,
	.take = take,
	.release = release,
};

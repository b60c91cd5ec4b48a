/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

/* SDM volume 3B, 18.2. */
#define COUNTERS   4
#define FIXED      3
#define EVENT      0xffu
#define CLOCKS     0x3cu
#define ABSENT     0x4f2eu
#define ENABLE     MODEL_SELECT_FLAG(PMCF_EN)
#define INTERRUPT  MODEL_SELECT_FLAG(PMCF_INT)
#define PIN        MODEL_SELECT_FLAG(PMCF_PC)
#define IN_TX      (UINT64_C(1) << 32)
#define TAKEN      (CLOCKS | MODEL_SELECT_FLAG(PMCF_USR | PMCF_OS) | INTERRUPT | ENABLE)
#define GLOBAL     UINT64_C(0x70000000f)
#define FULL_WIDTH UINT64_C(0x2000)

/* IA32_FIXED_CTR_CTRL, four bits per counter. */
#define FIXED_KERNEL    1u
#define FIXED_USER      2u
#define FIXED_INTERRUPT 8u

#define SELECT(n)                                                                         \
	{                                                                                 \
		0x186 + (n), MODEL_SELECT_OFFSET(n), MODEL_MASK(34) & ~PIN, WRITE_CHECKED \
	}
#define COUNTER(n)                                                                \
	{                                                                         \
		0xc1 + (n), MODEL_COUNTER_OFFSET(n), MODEL_MASK(48), WRITE_SIGNED \
	}
#define ALIAS(n)                                                                 \
	{                                                                        \
		0x4c1 + (n), MODEL_COUNTER_OFFSET(n), MODEL_MASK(48), WRITE_FULL \
	}
#define FIXED_COUNTER(n)                                                                         \
	{                                                                                        \
		0x309 + (n), MODEL_COUNTER_OFFSET(COUNTERS + (n)), MODEL_MASK(48), WRITE_CHECKED \
	}

static const struct model_register registers[] = {
	SELECT(0),
	SELECT(1),
	SELECT(2),
	SELECT(3),
	COUNTER(0),
	COUNTER(1),
	COUNTER(2),
	COUNTER(3),
	ALIAS(0),
	ALIAS(1),
	ALIAS(2),
	ALIAS(3),
	FIXED_COUNTER(0),
	FIXED_COUNTER(1),
	FIXED_COUNTER(2),
	{ 0x38d, MODEL_OFFSET(fixed_control), MODEL_MASK(12), WRITE_CHECKED },
	{ 0x38e, MODEL_OFFSET(global_status), GLOBAL, WRITE_NEVER },
	{ 0x38f, MODEL_OFFSET(global_control), GLOBAL, WRITE_CHECKED },
	{ 0x390, MODEL_OFFSET(nothing), GLOBAL, WRITE_CLEARS },
	{ 0x392, MODEL_OFFSET(in_use), 0, WRITE_NEVER },
	{ 0x345, MODEL_OFFSET(capabilities), FULL_WIDTH, WRITE_NEVER },
	{ 0 },
};

static void reset(struct model_cpu *cpu)
{
	cpu->global_control = MODEL_MASK(COUNTERS);
	cpu->capabilities = FULL_WIDTH;
}

static unsigned fixed_control(const struct model_cpu *cpu, unsigned number)
{
	return cpu->fixed_control >> (4 * number) & 0xf;
}

/* Retired instructions, and unhalted clocks twice. */
static struct model_rate fixed_rate(const struct model_cpu *cpu, unsigned number)
{
	unsigned control = fixed_control(cpu, number);

	return (struct model_rate){
		.runs = control & (FIXED_KERNEL | FIXED_USER),
		.bit = 32 + number,
		.period = number == 0 ? PMC6_INST_RETIRED + 1 : 1,
		.user = control & FIXED_USER,
		.kernel = control & FIXED_KERNEL,
	};
}

static struct model_rate rate(const struct model_cpu *cpu, unsigned counter)
{
	struct model_rate rate;

	if (counter < COUNTERS) {
		uint64_t select = cpu->select[counter];

		rate = model_rate_of_select(select & MODEL_MASK(32), CLOCKS);
		rate.bit = counter;
		rate.runs = rate.runs && (select & 0xffff) != ABSENT && !(select & IN_TX);
	} else {
		rate = fixed_rate(cpu, counter - COUNTERS);
	}
	rate.runs = rate.runs && (cpu->global_control >> rate.bit & 1);
	return rate;
}

/* Bit 63: some counter may interrupt. */
static uint64_t in_use(const struct model_cpu *cpu)
{
	uint64_t bits = 0;
	bool interrupts = false;

	for (unsigned i = 0; i < COUNTERS; i++) {
		bits |= cpu->select[i] & EVENT ? UINT64_C(1) << i : 0;
		interrupts |= cpu->select[i] & INTERRUPT;
	}
	for (unsigned i = 0; i < FIXED; i++) {
		bits |= fixed_control(cpu, i) & (FIXED_KERNEL | FIXED_USER)
				? UINT64_C(1) << (32 + i)
				: 0;
		interrupts |= fixed_control(cpu, i) & FIXED_INTERRUPT;
	}
	return bits | (interrupts ? UINT64_C(1) << 63 : 0);
}

static void take(struct model_cpu *cpu, unsigned counter)
{
	cpu->select[counter] = TAKEN;
	cpu->global_control |= UINT64_C(1) << counter;
}

static void release(struct model_cpu *cpu, unsigned counter)
{
	cpu->select[counter] &= ~ENABLE;
}

const struct model_rules model_arch = {
	.name = "arch",
	.registers = registers,
	.counters = COUNTERS + FIXED,
	.width = 48,
	.reset = reset,
	.rate = rate,
	.take = take,
	.release = release,
	.in_use = in_use,
};

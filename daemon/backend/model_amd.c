/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

/* APM volume 2, 13.2; Linux 6.1, amd/core.c. */
#define COUNTERS 6
#define CLOCKS   0x76u
#define ENABLE   MODEL_SELECT_FLAG(PMCF_EN)
#define TAKEN    (CLOCKS | MODEL_SELECT_FLAG(PMCF_USR | PMCF_OS | PMCF_INT) | ENABLE)
#define GLOBAL   MODEL_MASK(COUNTERS)

#define GUEST_ONLY (UINT64_C(1) << 40)
#define HOST_ONLY  (UINT64_C(1) << 41)

/* Of the reserved bits 19 and 42 can be set, the others stay 0; none refuses the write (Zen 3). */
#define SELECT_BITS UINT64_C(0x70fffdfffff)

#define SELECT_AT(address, n)                                             \
	{                                                                 \
		address, MODEL_SELECT_OFFSET(n), SELECT_BITS, WRITE_WHOLE \
	}
#define COUNTER_AT(address, n)                                                \
	{                                                                     \
		address, MODEL_COUNTER_OFFSET(n), MODEL_MASK(48), WRITE_WHOLE \
	}
#define SELECT(n)      SELECT_AT(0xc0010200 + 2 * (n), n)
#define COUNTER(n)     COUNTER_AT(0xc0010201 + 2 * (n), n)
#define OLD_SELECT(n)  SELECT_AT(0xc0010000 + (n), n)
#define OLD_COUNTER(n) COUNTER_AT(0xc0010004 + (n), n)

static const struct model_register registers[] = {
	SELECT(0),
	SELECT(1),
	SELECT(2),
	SELECT(3),
	SELECT(4),
	SELECT(5),
	COUNTER(0),
	COUNTER(1),
	COUNTER(2),
	COUNTER(3),
	COUNTER(4),
	COUNTER(5),
	OLD_SELECT(0),
	OLD_SELECT(1),
	OLD_SELECT(2),
	OLD_SELECT(3),
	OLD_COUNTER(0),
	OLD_COUNTER(1),
	OLD_COUNTER(2),
	OLD_COUNTER(3),
	{ 0xc0000300, MODEL_OFFSET(global_status), GLOBAL, WRITE_NEVER },
	{ 0xc0000301, MODEL_OFFSET(global_control), GLOBAL, WRITE_CHECKED },
	{ 0xc0000302, MODEL_OFFSET(nothing), GLOBAL, WRITE_CLEARS },
	{ 0 },
};

static void reset(struct model_cpu *cpu)
{
	cpu->global_control = GLOBAL;
}

static struct model_rate rate(const struct model_cpu *cpu, unsigned counter)
{
	uint64_t select = cpu->select[counter];
	struct model_rate rate = model_rate_of_select(select, CLOCKS);

	rate.bit = counter;
	rate.runs = rate.runs && (cpu->global_control >> counter & 1) &&
		    (select & (GUEST_ONLY | HOST_ONLY)) != GUEST_ONLY;
	return rate;
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

const struct model_rules model_amd = {
	.name = "amd",
	.registers = registers,
	.counters = COUNTERS,
	.width = 48,
	.reset = reset,
	.rate = rate,
	.take = take,
	.release = release,
};

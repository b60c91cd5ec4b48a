/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

/* SDM volume 3B, 18.26: ten bits per counter in CESR, counter 1's shifted by 16. */
#define EVENT          0x3fu
#define RING_0_2       (1u << 6)
#define RING_3         (1u << 7)
#define CLOCKS         (1u << 8)
#define SHIFT(counter) (16 * (counter))

static const struct model_register registers[] = {
	{ 0x11, MODEL_SELECT_OFFSET(0), 0x03ff03ff, WRITE_CESR },
	{ 0x12, MODEL_COUNTER_OFFSET(0), MODEL_MASK(40), WRITE_WHOLE },
	{ 0x13, MODEL_COUNTER_OFFSET(1), MODEL_MASK(40), WRITE_WHOLE },
	{ 0 },
};

static struct model_rate rate(const struct model_cpu *cpu, unsigned counter)
{
	uint64_t half = cpu->select[0] >> SHIFT(counter);

	return (struct model_rate){
		.runs = half & (RING_0_2 | RING_3),
		.bit = counter,
		.period = (unsigned)(half & EVENT) + 1,
		.lasts = half & CLOCKS,
		.user = half & RING_3,
		.kernel = half & RING_0_2,
	};
}

static void take(struct model_cpu *cpu, unsigned counter)
{
	uint64_t half = PMC5_DATA_RW | RING_0_2 | RING_3 | CLOCKS;

	cpu->select[0] &= ~(UINT64_C(0x3ff) << SHIFT(counter));
	cpu->select[0] |= half << SHIFT(counter);
}

static void release(struct model_cpu *cpu, unsigned counter)
{
	cpu->select[0] &= ~((uint64_t)(RING_0_2 | RING_3) << SHIFT(counter));
}

const struct model_rules model_p5 = {
	.name = "p5",
	.registers = registers,
	.counters = 2,
	.width = 40,
	.rate = rate,
	.take = take,
	.release = release,
};

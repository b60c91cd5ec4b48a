/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

#define CESR_EVENT UINT64_C(0x3f)
#define CESR_RINGS UINT64_C(0xc0)

#define FULL_WIDTH (UINT64_C(1) << 13)

static void write_cesr(struct model_cpu *cpu, uint64_t *cesr, uint64_t value)
{
	for (unsigned counter = 0; counter < 2; counter++) {
		unsigned shift = 16 * counter;
		bool counts = *cesr >> shift & CESR_RINGS;

		if (counts && ((*cesr ^ value) >> shift & CESR_EVENT))
			cpu->counter[counter] = 0;
	}
	*cesr = value;
}

int model_write_register(struct model_cpu *cpu, const struct model_register *at, uint64_t value)
{
	uint64_t *place = model_place(cpu, at);
	bool refused = value & ~at->bits;

	switch (at->write) {
	case WRITE_WHOLE:
		*place = value & at->bits;
		return 0;
	case WRITE_SIGNED:
		*place = (uint64_t)(int64_t)(int32_t)value & at->bits;
		return 0;
	case WRITE_CHECKED:
		if (refused)
			return -EIO;
		*place = value;
		return 0;
	case WRITE_FULL:
		if (refused || !(cpu->capabilities & FULL_WIDTH))
			return -EIO;
		*place = value;
		return 0;
	case WRITE_CESR:
		if (refused)
			return -EIO;
		write_cesr(cpu, place, value);
		return 0;
	case WRITE_CLEARS:
		if (refused)
			return -EIO;
		cpu->global_status &= ~value;
		return 0;
	default:
		return -EIO;
	}
}

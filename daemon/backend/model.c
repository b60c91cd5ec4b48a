/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdlib.h>

#include "event/event.h"

#define EVNTSEL_0    0x186u
#define PERFCTR_0    0xc1u
#define COUNTERS     2
#define COUNTER_MASK ((UINT64_C(1) << 40) - 1)

enum mode {
	USER,
	KERNEL,
	MODES,
};

struct model_cpu {
	uint64_t clock;
	uint32_t select[COUNTERS];
	uint64_t counter[COUNTERS];
};

struct model {
	struct registers registers;
	struct model_cpu cpu[];
};

/* The clocks that a CPU has spent in a mode once its clock shows `clock`. */
static uint64_t mode_clocks(uint64_t clock, enum mode mode)
{
	uint64_t user = clock / 4 * 3 + (clock % 4 < 3 ? clock % 4 : 3);

	return mode == USER ? user : clock - user;
}

/* How often a counter would have counted in a mode's first `clocks`. */
static uint64_t mode_count(uint32_t select, uint64_t clocks)
{
	uint64_t period =
		SELECT_EVENT(select) == PMC6_CPU_CLK_UNHALTED ? 1 : SELECT_EVENT(select) + 1u;
	uint64_t happened = clocks / period;
	bool edge = SELECT_FLAGS(select) & PMCF_E;
	bool inverted = (SELECT_FLAGS(select) & PMCF_INV) && SELECT_MASK(select) > 0;

	/* A condition that holds always, or never, has no edge. */
	if (SELECT_MASK(select) > 1)
		return inverted && !edge ? clocks : 0;
	if (period == 1)
		return inverted || edge ? 0 : clocks;
	/* Between two events lies one stretch without; the first stretch begins with the clock. */
	if (inverted && edge)
		return happened + (clocks % period ? 1 : 0);
	return inverted ? clocks - happened : happened;
}

static uint64_t count_until(uint32_t select, uint64_t clock)
{
	uint8_t flags = SELECT_FLAGS(select);
	uint64_t count = 0;

	if (flags & PMCF_USR)
		count += mode_count(select, mode_clocks(clock, USER));
	if (flags & PMCF_OS)
		count += mode_count(select, mode_clocks(clock, KERNEL));
	return count;
}

static void run(struct model_cpu *cpu, uint64_t clocks)
{
	uint64_t until = cpu->clock + clocks;

	if (SELECT_FLAGS(cpu->select[0]) & PMCF_EN)
		for (unsigned i = 0; i < COUNTERS; i++)
			cpu->counter[i] = (cpu->counter[i] + count_until(cpu->select[i], until) -
					   count_until(cpu->select[i], cpu->clock)) &
					  COUNTER_MASK;
	cpu->clock = until;
}

void model_step(struct registers *registers, unsigned cpu, uint64_t clocks)
{
	run(&((struct model *)registers)->cpu[cpu], clocks);
}

static int model_read(struct registers *registers, unsigned cpu, uint32_t address,
		      uint64_t *ret_value)
{
	struct model_cpu *at = &((struct model *)registers)->cpu[cpu];

	run(at, MODEL_ACCESS_CLOCKS);
	if (address - EVNTSEL_0 < COUNTERS)
		*ret_value = at->select[address - EVNTSEL_0];
	else if (address - PERFCTR_0 < COUNTERS)
		*ret_value = at->counter[address - PERFCTR_0];
	else
		return -EIO;
	return 0;
}

static int model_write(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value)
{
	struct model_cpu *at = &((struct model *)registers)->cpu[cpu];

	run(at, MODEL_ACCESS_CLOCKS);
	/* A write takes 32 bits; bits 32 to 39 of a counter copy bit 31, SDM 18.22. */
	if (address - EVNTSEL_0 < COUNTERS)
		at->select[address - EVNTSEL_0] = (uint32_t)value;
	else if (address - PERFCTR_0 < COUNTERS)
		at->counter[address - PERFCTR_0] = (uint64_t)(int64_t)(int32_t)value & COUNTER_MASK;
	else
		return -EIO;
	return 0;
}

static void model_close(struct registers *registers)
{
	free(registers);
}

static const struct register_operations model_operations = {
	.read = model_read,
	.write = model_write,
	.close = model_close,
};

int model_open(unsigned cpus, struct registers **ret_registers)
{
	struct model *model = calloc(1, sizeof *model + cpus * sizeof *model->cpu);

	if (!model)
		return -ENOMEM;
	model->registers.operations = &model_operations;
	model->registers.cpus = cpus;
	*ret_registers = &model->registers;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model.h"

#include <stdlib.h>
#include <string.h>

#include "backend/model_internal.h"

#define KINDS         4
#define REGISTERS_MAX 32

struct model {
	struct registers registers;
	const struct model_rules *rules;
	unsigned long accesses;
	bool hollow;
	long fail_after; /* < 0: no fault */
	int fail_error;
	bool fail_lasting;
	struct model_cpu cpu[];
};

static const struct model_rules *const all_rules[KINDS] = {
	[MODEL_P5] = &model_p5,
	[MODEL_P6] = &model_p6,
	[MODEL_ARCH] = &model_arch,
	[MODEL_AMD] = &model_amd,
};

static struct model *model_of(struct registers *registers)
{
	return (struct model *)registers;
}

static const struct model_register *find(const struct model *model, uint32_t address)
{
	for (const struct model_register *at = model->rules->registers; at->address; at++)
		if (at->address == address)
			return at;
	return NULL;
}

static void run(const struct model *model, struct model_cpu *cpu, uint64_t clocks)
{
	uint64_t until = cpu->clock + clocks;
	unsigned width = model->rules->width;

	for (unsigned i = 0; i < model->rules->counters; i++) {
		struct model_rate rate = model->rules->rate(cpu, i);
		uint64_t sum;

		if (!rate.runs)
			continue;
		sum = cpu->counter[i] + model_rate_count(&rate, until) -
		      model_rate_count(&rate, cpu->clock);
		if (sum >> width)
			cpu->global_status |= UINT64_C(1) << rate.bit;
		cpu->counter[i] = sum & MODEL_MASK(width);
	}
	cpu->clock = until;
}

static void update_in_use(const struct model *model, struct model_cpu *cpu)
{
	if (model->rules->in_use)
		cpu->in_use = model->rules->in_use(cpu);
}

static void reset(const struct model *model, struct model_cpu *cpu)
{
	uint64_t clock = cpu->clock;

	*cpu = (struct model_cpu){ .online = true, .clock = clock };
	if (model->rules->reset)
		model->rules->reset(cpu);
}

static int fault(struct model *model)
{
	if (model->fail_after < 0)
		return 0;
	if (model->fail_after > 0) {
		model->fail_after--;
		return 0;
	}
	if (!model->fail_lasting)
		model->fail_after = -1;
	return model->fail_error;
}

/* What each access begins with: the CPU runs, and then it may fail. */
static int begin_access(struct model *model, unsigned cpu)
{
	model->accesses++;
	if (!model->cpu[cpu].online)
		return -ENXIO;
	run(model, &model->cpu[cpu], MODEL_ACCESS_CLOCKS);
	return fault(model);
}

static int model_read(struct registers *registers, unsigned cpu, uint32_t address,
		      uint64_t *ret_value)
{
	int result = begin_access(model_of(registers), cpu);

	return result < 0 ? result : model_peek(registers, cpu, address, ret_value);
}

static int model_write(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value)
{
	struct model *model = model_of(registers);
	const struct model_register *at = find(model, address);
	int result = begin_access(model, cpu);

	if (result < 0 || model->hollow)
		return result;
	if (!at)
		return -EIO;
	result = model_write_register(&model->cpu[cpu], at, value);
	update_in_use(model, &model->cpu[cpu]);
	return result;
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

int model_kind_by_name(const char *name, enum model_kind *ret_kind)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		if (strcmp(all_rules[kind]->name, name) == 0) {
			*ret_kind = (enum model_kind)kind;
			return 0;
		}
	return -EINVAL;
}

int model_open(enum model_kind kind, unsigned cpus, struct registers **ret_registers)
{
	struct model *model = calloc(1, sizeof *model + cpus * sizeof *model->cpu);

	if (!model)
		return -ENOMEM;
	model->registers.operations = &model_operations;
	model->registers.cpus = cpus;
	model->rules = all_rules[kind];
	model->fail_after = -1;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		reset(model, &model->cpu[cpu]);
	*ret_registers = &model->registers;
	return 0;
}

void model_step(struct registers *registers, unsigned cpu, uint64_t clocks)
{
	struct model *model = model_of(registers);

	if (model->cpu[cpu].online)
		run(model, &model->cpu[cpu], clocks);
}

int model_peek(struct registers *registers, unsigned cpu, uint32_t address, uint64_t *ret_value)
{
	struct model *model = model_of(registers);
	const struct model_register *at = find(model, address);

	if (!at && !model->hollow)
		return -EIO;
	*ret_value = model->hollow ? 0 : *model_place(&model->cpu[cpu], at);
	return 0;
}

int model_poke(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value)
{
	struct model *model = model_of(registers);
	const struct model_register *at = find(model, address);

	if (!at || at->bits == 0 || at->write == WRITE_CLEARS)
		return -EIO;
	*model_place(&model->cpu[cpu], at) = value & at->bits;
	update_in_use(model, &model->cpu[cpu]);
	return 0;
}

const uint32_t *model_addresses(enum model_kind kind)
{
	static uint32_t addresses[KINDS][REGISTERS_MAX];
	const struct model_register *at = all_rules[kind]->registers;

	for (unsigned i = 0; at[i].address; i++)
		addresses[kind][i] = at[i].address;
	return addresses[kind];
}

unsigned long model_accesses(const struct registers *registers)
{
	return ((const struct model *)registers)->accesses;
}

void model_fail(struct registers *registers, long after, int error, bool lasting)
{
	struct model *model = model_of(registers);

	model->fail_after = after;
	model->fail_error = error;
	model->fail_lasting = lasting;
}

void model_set_online(struct registers *registers, unsigned cpu, bool online)
{
	model_of(registers)->cpu[cpu].online = online;
}

void model_take(struct registers *registers, unsigned cpu, unsigned counter)
{
	struct model *model = model_of(registers);

	model->rules->take(&model->cpu[cpu], counter);
	update_in_use(model, &model->cpu[cpu]);
}

void model_release(struct registers *registers, unsigned cpu, unsigned counter)
{
	struct model *model = model_of(registers);

	model->rules->release(&model->cpu[cpu], counter);
	update_in_use(model, &model->cpu[cpu]);
}

void model_hollow(struct registers *registers)
{
	model_of(registers)->hollow = true;
}

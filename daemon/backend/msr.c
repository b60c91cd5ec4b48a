/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/msr.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define P6_EVNTSEL(counter) (0x186u + (counter))
#define P6_PERFCTR(counter) (0xc1u + (counter))
#define P6_COUNTER_MASK     ((UINT64_C(1) << 40) - 1)
#define P6_ENABLE           (1u << 22)

struct msr_counter {
	uint32_t select;
	uint64_t *begin; /* each CPU's counter at START */
};

struct msr_backend {
	struct backend backend;
	struct registers *registers;
	struct msr_counter counter[NPMC];
};

static struct msr_backend *msr(struct backend *backend)
{
	return (struct msr_backend *)backend;
}

static int write_register(struct registers *registers, unsigned cpu, uint32_t address,
			  uint64_t value)
{
	int result = registers->operations->write(registers, cpu, address, value);

	if (result < 0)
		log_error("register 0x%x of CPU %u cannot be written: %s", address, cpu,
			  strerror(-result));
	return result;
}

static int read_register(struct registers *registers, unsigned cpu, uint32_t address,
			 uint64_t *ret_value)
{
	int result = registers->operations->read(registers, cpu, address, ret_value);

	if (result < 0)
		log_error("register 0x%x of CPU %u cannot be read: %s", address, cpu,
			  strerror(-result));
	return result;
}

/* Writes a select on every CPU. On failure the CPUs that had taken it get `before` again. */
static int write_selects(struct registers *registers, unsigned counter, uint64_t select,
			 uint64_t before)
{
	for (unsigned cpu = 0; cpu < registers->cpus; cpu++) {
		int result = write_register(registers, cpu, P6_EVNTSEL(counter), select);

		if (result < 0) {
			while (cpu-- > 0)
				write_register(registers, cpu, P6_EVNTSEL(counter), before);
			return result;
		}
	}
	return 0;
}

int msr_open(struct registers *registers, const struct backend_operations *operations,
	     const char *description, struct backend **ret_backend)
{
	struct msr_backend *made = calloc(1, sizeof *made);
	int result = made ? 0 : -ENOMEM;

	for (unsigned i = 0; made && i < NPMC; i++) {
		made->counter[i].begin = calloc(registers->cpus, sizeof *made->counter[i].begin);
		if (!made->counter[i].begin)
			result = -ENOMEM;
	}
	if (result < 0)
		goto cleanup;
	made->registers = registers;
	made->backend = (struct backend){
		.operations = operations,
		.native = true,
		.cpu = CPU_P6,
		.description = description,
	};
	*ret_backend = &made->backend;
	made = NULL;
cleanup:
	for (unsigned i = 0; made && i < NPMC; i++)
		free(made->counter[i].begin);
	free(made);
	return result;
}

void msr_close(struct backend *backend)
{
	struct msr_backend *self = msr(backend);

	self->registers->operations->close(self->registers);
	for (unsigned i = 0; i < NPMC; i++)
		free(self->counter[i].begin);
	free(self);
}

int msr_setup(struct backend *backend, unsigned counter, const struct event *event)
{
	struct msr_backend *self = msr(backend);
	int result = write_selects(self->registers, counter, event->select,
				   self->counter[counter].select);

	if (result < 0)
		return result;
	self->counter[counter].select = event->select;
	return 0;
}

/* Reads every CPU's counter before it enables any, so that a failure leaves all as they were. */
int msr_start(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);
	uint32_t select = self->counter[counter].select;
	int result;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		result = read_register(self->registers, cpu, P6_PERFCTR(counter),
				       &self->counter[counter].begin[cpu]);
		if (result < 0)
			return result;
	}
	result = write_selects(self->registers, counter, select | P6_ENABLE, select);
	if (result < 0)
		return result;
	self->counter[counter].select = select | P6_ENABLE;
	return 0;
}

int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	uint64_t count = 0;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		uint64_t value;
		int result = read_register(self->registers, cpu, P6_PERFCTR(counter), &value);

		if (result < 0)
			return -EIO;
		count += (value - self->counter[counter].begin[cpu]) & P6_COUNTER_MASK;
	}
	*ret_count = count;
	return 0;
}

int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	uint32_t select = self->counter[counter].select & ~P6_ENABLE;
	bool stopped = true;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		if (write_register(self->registers, cpu, P6_EVNTSEL(counter), select) < 0)
			stopped = false;
	self->counter[counter].select = select;
	return stopped ? msr_read(backend, counter, ret_count) : -EIO;
}

void msr_release(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		write_register(self->registers, cpu, P6_EVNTSEL(counter), 0);
	self->counter[counter].select = 0;
}

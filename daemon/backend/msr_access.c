/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "backend/msr_state.h"
#include "log.h"

static int failed(struct msr_backend *self, unsigned cpu, uint32_t address, const char *what,
		  int result)
{
	if (result == -ENXIO)
		return result;
	log_error("register 0x%x of CPU %u cannot be %s: %s%s", address,
		  registers_number(self->registers, cpu), what, strerror(-result),
		  result == -EPERM ? "; the kernel is locked down, or has msr.allow_writes=off"
				   : "");
	return result == -EPERM ? -EACCES : result;
}

int msr_access_read(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t *ret_value)
{
	struct registers *registers = self->registers;
	int result = registers->operations->read(registers, cpu, address, ret_value);

	return result < 0 ? failed(self, cpu, address, "read", result) : 0;
}

int msr_access_write(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t value)
{
	struct registers *registers = self->registers;
	int result;

	assert(pmu_may_write(&self->pmu, address));
	if (self->options.taints && !self->told_taint) {
		log_warning("backend msr: writing MSRs taints the kernel from here on (S)");
		self->told_taint = true;
	}
	result = registers->operations->write(registers, cpu, address, value);
	return result < 0 ? failed(self, cpu, address, "written", result) : 0;
}

int msr_check_cpus(struct msr_backend *self)
{
	struct registers *registers = self->registers;

	if (!registers->operations->check_cpus)
		return 0;
	return registers->operations->check_cpus(registers) < 0 ? -EIO : 0;
}

int msr_select_read(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t *ret_bits)
{
	uint64_t *whole = &self->counter[counter].cpu[cpu].whole;
	int result = msr_access_read(self, cpu, self->pmu.counter[counter].select, whole);

	if (result == 0)
		*ret_bits = *whole & self->pmu.counter[counter].field;
	return result;
}

int msr_select_write(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t bits)
{
	const struct pmu_counter *at = &self->pmu.counter[counter];
	uint64_t whole = self->counter[counter].cpu[cpu].whole;

	return msr_access_write(self, cpu, at->select, (whole & ~at->field) | bits);
}

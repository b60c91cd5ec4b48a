/* SPDX-License-Identifier: BSD-2-Clause */
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

	if (!pmu_may_write(&self->pmu, address)) {
		log_error("register 0x%x is none that perfmond writes: it is not written; that is "
			  "a fault of perfmond",
			  address);
		return -EIO;
	}
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

int msr_setup_error(const struct msr_backend *self, unsigned cpu, unsigned counter, int error)
{
	if (error != -ENXIO)
		return error;
	log_info("PMIOSETUP: counter %u: CPU %u went offline", counter,
		 registers_number(self->registers, cpu));
	return -EAGAIN;
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
	struct msr_cpu *on = &self->counter[counter].cpu[cpu];
	int result = msr_access_write(self, cpu, at->select, (on->whole & ~at->field) | bits);

	if (result == 0)
		on->written = bits;
	return result;
}

int msr_select_look(struct msr_backend *self, unsigned cpu, unsigned counter, bool global,
		    const char **ret_cause)
{
	const struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	uint64_t enabled = UINT64_MAX;
	uint64_t bits = 0;
	int result = msr_select_read(self, cpu, counter, &bits);

	if (at->absent && result == -ENXIO)
		return 0;
	if (result == 0 && !at->absent && global && self->pmu.global_control)
		result = msr_access_read(self, cpu, self->pmu.global_control, &enabled);
	if (result < 0 && result != -ENXIO)
		return result;
	if (result == -ENXIO)
		*ret_cause = "the CPU went offline";
	else if (at->absent)
		*ret_cause = "it came online after SETUP";
	else if (bits != at->written)
		*ret_cause = "somebody else took it";
	else if (!((enabled >> counter) & 1))
		*ret_cause = "somebody else stopped it in the global control";
	else
		return 0;
	return -ESTALE;
}

int msr_select_write_back(struct msr_backend *self, unsigned counter, bool *ret_changed)
{
	int first = 0;

	*ret_changed = false;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		struct msr_cpu *at = &self->counter[counter].cpu[cpu];
		uint64_t bits;
		int result;

		if (!msr_is_counted(at) || at->written == at->before)
			continue;
		*ret_changed = true;
		result = msr_select_read(self, cpu, counter, &bits);
		if (result == 0)
			result = bits == at->written
					 ? msr_select_write(self, cpu, counter, at->before)
					 : -EBUSY;
		if (result < 0)
			first = first ? first : result;
	}
	return first;
}

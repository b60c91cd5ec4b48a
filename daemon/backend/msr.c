/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/msr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/msr_state.h"
#include "log.h"

static struct msr_backend *msr(struct backend *backend)
{
	return (struct msr_backend *)backend;
}

void msr_close(struct backend *backend)
{
	struct msr_backend *self = msr(backend);

	for (unsigned counter = 0; counter < NPMC; counter++)
		msr_release(backend, counter);
	self->registers->operations->close(self->registers);
	for (unsigned counter = 0; counter < NPMC; counter++)
		free(self->counter[counter].cpu);
	free(self->journal);
	free(self);
}

int msr_open(struct registers *registers, const struct pmu *pmu, const struct msr_options *options,
	     const struct backend_operations *operations, struct backend **ret_backend)
{
	struct msr_backend *self = calloc(1, sizeof *self);
	int result = self ? 0 : -ENOMEM;

	for (unsigned i = 0; self && i < NPMC; i++) {
		self->counter[i].cpu = calloc(registers->cpus, sizeof *self->counter[i].cpu);
		if (!self->counter[i].cpu)
			result = -ENOMEM;
	}
	if (result < 0)
		goto cleanup;
	self->registers = registers;
	self->pmu = *pmu;
	self->options = *options;
	if (options->journal) {
		self->journal = strdup(options->journal);
		self->options.journal = self->journal;
		if (!self->journal) {
			result = -ENOMEM;
			goto cleanup;
		}
	}
	self->backend = (struct backend){
		.operations = operations,
		.native = true,
		.cpu = pmu->cpu,
		.description = options->description,
	};
	result = msr_claim_recover(self);
	if (result < 0)
		goto cleanup;
	*ret_backend = &self->backend;
	self = NULL;
cleanup:
	for (unsigned i = 0; self && i < NPMC; i++)
		free(self->counter[i].cpu);
	if (self)
		free(self->journal);
	free(self);
	return result;
}

static int check_event(const struct msr_backend *self, const struct event *event)
{
	uint32_t missing = event->select & ~self->pmu.bits;

	if (missing) {
		log_info("PMIOSETUP: event select 0x%08x: a %s CPU has no such bits: 0x%08x",
			 event->select, self->pmu.name, missing);
		return -EOPNOTSUPP;
	}
	if (pmu_lacks_event(&self->pmu, event->select)) {
		log_info("PMIOSETUP: event 0x%02x, unit mask 0x%02x: CPUID.0AH:EBX says that this "
			 "CPU lacks "
			 "it",
			 SELECT_EVENT(event->select), SELECT_UNIT(event->select));
		return -EOPNOTSUPP;
	}
	return 0;
}

/* The first select that is not zero tells whether there is a register behind the address at all. */
static int check_held(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	uint64_t bits;
	int result;

	if (self->holds_writes || self->counter[counter].ours == 0)
		return 0;
	result = msr_select_read(self, cpu, counter, &bits);
	if (result < 0)
		return result;
	if (bits != self->counter[counter].ours) {
		log_error("no PMU: event select 0x%x of CPU %u does not hold what is written to "
			  "it; a "
			  "hypervisor or emulator takes writes in silence",
			  self->pmu.counter[counter].select,
			  registers_number(self->registers, cpu));
		return -EOPNOTSUPP;
	}
	self->holds_writes = true;
	return 0;
}

static int enable_global(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	uint64_t global;
	int result = msr_access_read(self, cpu, self->pmu.global_control, &global);

	if (result < 0)
		return result;
	return msr_access_write(self, cpu, self->pmu.global_control,
				global | UINT64_C(1) << counter);
}

static int configure(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result;

		if (at->cpu[cpu].absent)
			continue;
		result = msr_select_write(self, cpu, counter, at->ours);
		if (result == 0)
			result = check_held(self, cpu, counter);
		if (result == 0 && at->cpu[cpu].global_set)
			result = enable_global(self, cpu, counter);
		if (result < 0)
			return result == -ENXIO ? -EIO : result;
	}
	return 0;
}

/* A counter without an enable bit of its own, before which counter 0's is the gate: the P6's
 * second. */
static bool is_gated(const struct msr_backend *self, unsigned counter)
{
	return self->pmu.counter[counter].enable == 0;
}

static int claim(struct msr_backend *self, unsigned counter, bool again)
{
	int result = msr_claim_examine(self, counter, again);

	if (result == 0)
		self->counter[counter].claimed = true;
	return result;
}

/* Behind counter 0's gate it was claimed with that, and what was found first is kept. */
static int claim_parked(struct msr_backend *self, unsigned counter)
{
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		uint64_t bits = 0;
		int result = msr_select_read(self, cpu, counter, &bits);

		if (result < 0 && result != -ENXIO)
			return result;
		if (bits != 0) {
			log_error("PMIOSETUP: counter %u of CPU %u was taken by somebody else",
				  counter, registers_number(self->registers, cpu));
			return -EBUSY;
		}
	}
	return 0;
}

/*
 * Claims the counter, and with counter 0 of a P6 the other one as well: a stale select there would
 * begin to count when the gate opens.
 */
static int claim_all(struct msr_backend *self, unsigned counter, bool again)
{
	int result = self->counter[counter].parked ? claim_parked(self, counter)
						   : claim(self, counter, again);

	for (unsigned other = 1; result == 0 && counter == 0 && other < NPMC; other++)
		if (is_gated(self, other) && !self->counter[other].claimed) {
			result = claim(self, other, false);
			self->counter[other].parked = result == 0;
		}
	return result;
}

/* Nothing of what was claimed has been written. */
static void forget(struct msr_backend *self, unsigned counter)
{
	if (is_gated(self, counter) && self->counter[0].claimed) {
		self->counter[counter].parked = true;
		return;
	}
	self->counter[counter].claimed = false;
	for (unsigned other = 1; counter == 0 && other < NPMC; other++)
		if (self->counter[other].parked) {
			self->counter[other].claimed = false;
			self->counter[other].parked = false;
		}
}

static int park_others(struct msr_backend *self, unsigned counter)
{
	int result = 0;

	for (unsigned other = 1; counter == 0 && result == 0 && other < NPMC; other++)
		if (self->counter[other].parked)
			result = msr_claim_park(self, other);
	return result == -ENXIO ? -EIO : result;
}

int msr_setup(struct backend *backend, unsigned counter, const struct event *event)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	bool again;
	int result = check_event(self, event);

	if (result < 0)
		return result;
	again = at->claimed;
	msr_release(backend, counter);
	if (at->claimed && !at->parked)
		return -EIO;
	result = claim_all(self, counter, again);
	if (result < 0) {
		forget(self, counter);
		return result;
	}
	at->parked = false;
	at->ours = self->pmu.encode(counter, event->select, false);
	at->run = self->pmu.encode(counter, event->select, true);
	at->written = at->ours;
	result = msr_claim_journal(self);
	if (result < 0) {
		forget(self, counter);
		return result;
	}
	result = park_others(self, counter);
	if (result == 0)
		result = configure(self, counter);
	if (result < 0) {
		msr_release(backend, counter);
		return result;
	}
	at->set_up = true;
	return 0;
}

/* The count is lost: said once, because the counter is not looked at again. */
static int lose(struct msr_backend *self, unsigned cpu, unsigned counter, const char *cause)
{
	log_error("counter %u: %s on CPU %u: what it counted is lost; set it up anew", counter,
		  cause, registers_number(self->registers, cpu));
	self->counter[counter].set_up = false;
	return -EIO;
}

/* The select still is what was written, and the CPU still takes part, or stays away. */
static int verify_select(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	uint64_t bits;
	int result = msr_select_read(self, cpu, counter, &bits);

	if (at->cpu[cpu].absent)
		return result == -ENXIO ? 0
					: lose(self, cpu, counter, "it came online after SETUP");
	if (result == -ENXIO)
		return lose(self, cpu, counter, "the CPU went offline");
	if (result < 0)
		return lose(self, cpu, counter, "its registers cannot be read");
	if (bits != at->written)
		return lose(self, cpu, counter, "somebody else took it");
	return 0;
}

static int verify_global(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	uint64_t global;

	if (!self->pmu.global_control || self->counter[counter].cpu[cpu].absent)
		return 0;
	if (msr_access_read(self, cpu, self->pmu.global_control, &global) < 0)
		return lose(self, cpu, counter, "its registers cannot be read");
	if (!((global >> counter) & 1))
		return lose(self, cpu, counter, "somebody else stopped it in the global control");
	return 0;
}

/* In a pass of its own, before anything is changed. */
static int verify(struct msr_backend *self, unsigned counter, bool global)
{
	int result = self->counter[counter].set_up ? msr_check_cpus(self) : -EIO;

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++) {
		result = verify_select(self, cpu, counter);
		if (result == 0 && global)
			result = verify_global(self, cpu, counter);
	}
	return result;
}

static int read_value(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t *ret_value)
{
	int result = msr_access_read(self, cpu, self->pmu.counter[counter].value, ret_value);

	return result < 0 ? lose(self, cpu, counter, "it cannot be read") : 0;
}

/* Writes a select on all CPUs; on failure those that had taken it get `before` again. */
static int switch_select(struct msr_backend *self, unsigned counter, uint64_t bits, uint64_t before)
{
	struct msr_counter *at = &self->counter[counter];

	if (bits == before)
		return 0;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result = at->cpu[cpu].absent ? 0 : msr_select_write(self, cpu, counter, bits);

		if (result < 0) {
			while (cpu-- > 0)
				if (!at->cpu[cpu].absent)
					(void)msr_select_write(self, cpu, counter, before);
			return result == -ENXIO ? -EIO : result;
		}
	}
	at->written = bits;
	return 0;
}

int msr_start(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	int result = verify(self, counter, false);

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++)
		if (!at->cpu[cpu].absent)
			result = read_value(self, cpu, counter, &at->cpu[cpu].begin);
	if (result < 0)
		return result;
	return switch_select(self, counter, at->run, at->ours);
}

static int sum(struct msr_backend *self, unsigned counter, uint64_t *ret_count)
{
	struct msr_counter *at = &self->counter[counter];
	uint64_t mask = (UINT64_C(1) << self->pmu.width) - 1;
	uint64_t count = 0;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		uint64_t value;
		int result;

		if (at->cpu[cpu].absent)
			continue;
		result = read_value(self, cpu, counter, &value);
		if (result < 0)
			return result;
		count += (value - at->cpu[cpu].begin) & mask;
	}
	*ret_count = count;
	return 0;
}

int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	int result = verify(self, counter, true);

	return result < 0 ? result : sum(self, counter, ret_count);
}

/* A counter whose count is lost is given back at once, so that nothing of it goes on counting. */
int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	int result = verify(self, counter, true);

	if (result == 0)
		result = switch_select(self, counter, at->ours, at->run);
	if (result == 0)
		result = sum(self, counter, ret_count);
	if (result < 0)
		msr_release(backend, counter);
	return result;
}

void msr_release(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);

	self->counter[counter].set_up = false;
	if (is_gated(self, counter) && self->counter[0].claimed && self->counter[counter].claimed) {
		(void)msr_claim_park(self, counter);
		return;
	}
	if (self->counter[counter].claimed)
		msr_claim_release(self, counter);
	for (unsigned other = 1; counter == 0 && !self->counter[0].claimed && other < NPMC; other++)
		if (self->counter[other].parked)
			msr_claim_release(self, other);
}

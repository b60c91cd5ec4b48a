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
	free(self->away);
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
		.source.native = true,
		.source.pmu = true,
		.source.cpu.class = pmu->cpu,
		.description = options->description,
	};
	result = msr_restore_recover(self);
	if (result < 0)
		goto cleanup;
	*ret_backend = &self->backend;
	self = NULL;
cleanup:
	for (unsigned i = 0; self && i < NPMC; i++)
		free(self->counter[i].cpu);
	if (self) {
		free(self->away);
		free(self->journal);
	}
	free(self);
	return result;
}

/* The count is lost: said once, because the counter is not looked at again. */
static int lose(struct msr_backend *self, unsigned cpu, unsigned counter, const char *cause)
{
	log_error("counter %u: %s on CPU %u: what it counted is lost; set it up anew", counter,
		  cause, registers_number(self->registers, cpu));
	self->counter[counter].set_up = false;
	return -EIO;
}

/* A CPU that went offline takes the count with it; another error of a write does not. */
static int write_select(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t bits)
{
	int result = 0;

	if (self->counter[counter].cpu[cpu].written != bits)
		result = msr_select_write(self, cpu, counter, bits);
	return result == -ENXIO ? lose(self, cpu, counter, "the CPU went offline") : result;
}

/* The counter's value, and then whether it still is perfmond's: one that is was that before. */
static int read_value(struct msr_backend *self, unsigned cpu, unsigned counter, bool global,
		      uint64_t *ret_value, const char **ret_cause)
{
	int result = 0;

	if (!self->counter[counter].cpu[cpu].absent)
		result = msr_access_read(self, cpu, self->pmu.counter[counter].value, ret_value);
	if (result == -ENXIO) {
		*ret_cause = "the CPU went offline";
		return -ESTALE;
	}
	return result < 0 ? result : msr_select_look(self, cpu, counter, global, ret_cause);
}

static int start_cpu(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	const char *cause = "its registers cannot be read";
	int result = read_value(self, cpu, counter, false, &at->cpu[cpu].begin, &cause);

	if (result == -ESTALE)
		return lose(self, cpu, counter, cause);
	if (result < 0 || at->cpu[cpu].absent)
		return result;
	return write_select(self, cpu, counter, at->run);
}

int msr_start(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	int result = at->set_up ? msr_check_cpus(self) : -EIO;
	bool changed;

	if (result < 0)
		return result;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		at->cpu[cpu].before = at->ours;
	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++)
		result = start_cpu(self, cpu, counter);
	at->running = result == 0;
	if (result < 0 && msr_select_write_back(self, counter, &changed) < 0)
		log_error("counter %u: PMIOSTART failed, and on some CPU it cannot be stopped "
			  "again: it counts there until it is stopped, set up or freed",
			  counter);
	return result;
}

/* Adds what a CPU has counted. */
static int add_count(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t *count)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	uint64_t mask = (UINT64_C(1) << self->pmu.width) - 1;
	uint64_t value = at->begin;
	const char *cause = "its registers cannot be read";

	if (read_value(self, cpu, counter, true, &value, &cause) < 0)
		return lose(self, cpu, counter, cause);
	if (!at->absent)
		*count += (value - at->begin) & mask;
	return 0;
}

int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	uint64_t count = 0;
	int result = self->counter[counter].set_up ? msr_check_cpus(self) : -EIO;

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++)
		result = add_count(self, cpu, counter, &count);
	if (result == 0)
		*ret_count = count;
	return result;
}

/*
 * Each CPU is stopped once it has been read. A counter whose count is lost is given back at once,
 * so that nothing of it goes on counting.
 */
int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	uint64_t count = 0;
	int result = at->set_up ? msr_check_cpus(self) : -EIO;

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++) {
		result = add_count(self, cpu, counter, &count);
		if (result == 0 && !at->cpu[cpu].absent)
			result = write_select(self, cpu, counter, at->ours);
	}
	at->running = false;
	if (result == 0)
		*ret_count = count;
	else
		msr_release(backend, counter);
	return result;
}

void msr_release(struct backend *backend, unsigned counter)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];

	at->set_up = false;
	at->running = false;
	if (msr_is_gated(self, counter) && self->counter[0].claimed && at->claimed) {
		(void)msr_claim_park(self, counter);
		return;
	}
	msr_restore_counter(self, counter);
	for (unsigned other = 1; counter == 0 && !at->claimed && other < NPMC; other++)
		if (self->counter[other].parked)
			msr_restore_counter(self, other);
	/* What waits in another counter, which may have no release of its own. */
	for (unsigned other = 0; other < NPMC; other++)
		if (other != counter)
			(void)msr_restore_waiting(self, other);
}

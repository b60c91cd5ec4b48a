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

/*
 * The counter on every CPU, in one tight pass. Whether it still is perfmond's is looked at after
 * that: one that is was that before. lost: the CPU that failed.
 */
static int read_values(struct msr_backend *self, unsigned counter, struct backend_pass *pass,
		       unsigned *ret_lost)
{
	struct msr_counter *at = &self->counter[counter];
	size_t done = 0;
	int result = 0;

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++) {
		*ret_lost = cpu;
		if (at->cpu[cpu].absent)
			continue;
		result = msr_access_read(self, cpu, self->pmu.counter[counter].value,
					 &at->cpu[cpu].value);
		backend_pass_step(pass, done++);
	}
	return result;
}

/* Values of a counter that perfmond still has, everywhere. -ESTALE where it has not. */
static int take_values(struct msr_backend *self, unsigned counter, bool global,
		       struct backend_pass *pass, unsigned *ret_lost, const char **ret_cause)
{
	int result = read_values(self, counter, pass, ret_lost);

	if (result == -ENXIO) {
		*ret_cause = "the CPU went offline";
		return -ESTALE;
	}
	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++) {
		result = msr_select_look(self, cpu, counter, global, ret_cause);
		*ret_lost = cpu;
	}
	return result;
}

/* A select for every CPU that is counted, in one tight pass. */
static int write_selects(struct msr_backend *self, unsigned counter, uint64_t bits,
			 struct backend_pass *pass)
{
	const struct msr_counter *at = &self->counter[counter];
	size_t done = 0;
	int result = 0;

	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++) {
		if (at->cpu[cpu].absent)
			continue;
		result = write_select(self, cpu, counter, bits);
		backend_pass_step(pass, done++);
	}
	return result;
}

static int begin(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	const char *cause = "its registers cannot be read";
	struct backend_pass before = { 0 };
	unsigned cpu = 0;
	int result = take_values(self, counter, false, &before, &cpu, &cause);

	if (result == -ESTALE)
		return lose(self, cpu, counter, cause);
	if (result < 0)
		return result;
	for (cpu = 0; cpu < self->registers->cpus; cpu++)
		at->cpu[cpu].begin = at->cpu[cpu].value;
	return write_selects(self, counter, at->run, &self->backend.pass);
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
	result = begin(self, counter);
	at->running = result == 0;
	if (result < 0 && msr_select_write_back(self, counter, &changed) < 0)
		log_error("counter %u: PMIOSTART failed, and on some CPU it cannot be stopped "
			  "again: it counts there until it is stopped, set up or freed",
			  counter);
	return result;
}

static int take_count(struct msr_backend *self, unsigned counter, struct backend_pass *pass,
		      uint64_t *ret_count)
{
	const struct msr_counter *at = &self->counter[counter];
	uint64_t mask = (UINT64_C(1) << self->pmu.width) - 1;
	const char *cause = "its registers cannot be read";
	uint64_t count = 0;
	unsigned cpu = 0;
	int result = at->set_up ? msr_check_cpus(self) : -EIO;

	if (result < 0)
		return result;
	if (take_values(self, counter, true, pass, &cpu, &cause) < 0)
		return lose(self, cpu, counter, cause);
	for (cpu = 0; cpu < self->registers->cpus; cpu++)
		if (!at->cpu[cpu].absent)
			count += (at->cpu[cpu].value - at->cpu[cpu].begin) & mask;
	*ret_count = count;
	return 0;
}

int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct backend_pass pass = { 0 };

	return take_count(msr(backend), counter, &pass, ret_count);
}

/*
 * All CPUs are stopped once they have been read: the pass that reads is the one that counts. A
 * counter whose count is lost is given back at once, so that nothing of it goes on counting.
 */
int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count)
{
	struct msr_backend *self = msr(backend);
	struct msr_counter *at = &self->counter[counter];
	struct backend_pass after = { 0 };
	uint64_t count = 0;
	int result = take_count(self, counter, &backend->pass, &count);

	if (result == 0)
		result = write_selects(self, counter, at->ours, &after);
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

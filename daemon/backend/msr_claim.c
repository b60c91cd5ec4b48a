/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/msr_state.h"
#include "log.h"
#include "probe.h"

/* IA32_PERF_GLOBAL_INUSE bit 63: somebody uses the counters' interrupt (SDM volume 3B, 18.2.4). */
#define IN_USE_INTERRUPT (UINT64_C(1) << 63)

#define GATE_ENABLE ((uint64_t)PMCF_EN << 16)

static bool watchdog_runs(const struct msr_backend *self)
{
	char state[8];

	if (!self->options.nmi_watchdog)
		return false;
	probe_setting(self->options.nmi_watchdog, state, sizeof state);
	return state[0] == '1';
}

/* As far as it can be told: the kernel's own reservation cannot be seen from user space. */
static int owned(struct msr_backend *self, unsigned cpu, unsigned counter, const char *sign)
{
	unsigned number = registers_number(self->registers, cpu);
	uint64_t in_use = 0;

	if (self->pmu.in_use)
		(void)msr_access_read(self, cpu, self->pmu.in_use, &in_use);
	if (watchdog_runs(self))
		log_error("PMIOSETUP: counter %u of CPU %u is in use (%s), it seems by the NMI "
			  "watchdog: "
			  "sysctl kernel.nmi_watchdog=0 frees it",
			  counter, number, sign);
	else
		log_error("PMIOSETUP: counter %u of CPU %u is in use (%s), by %s; end it first "
			  "(ls -l /proc/[0-9]*/fd | grep perf_event shows who has perf events)",
			  counter, number, sign,
			  in_use & IN_USE_INTERRUPT
				  ? "somebody who takes its interrupts, as perf does"
				  : "perf or another program that writes MSRs");
	return -EBUSY;
}

/*
 * Whether a select that is not ours lets the counter count. One that is not zero but not enabled,
 * in itself or in the global control, is what perf leaves behind: stale.
 */
static int examine_select(struct msr_backend *self, unsigned cpu, struct journal_entry *found,
			  bool *ret_counts)
{
	const struct pmu *pmu = &self->pmu;
	uint64_t enabled = found->select_found & pmu->counter[found->counter].enable;
	uint64_t global = UINT64_MAX;
	int result = 0;

	if (!pmu->counter[found->counter].enable && !self->counter[0].claimed) {
		result = msr_access_read(self, cpu, pmu->gate, &enabled);
		enabled &= found->select_found ? GATE_ENABLE : 0;
	}
	if (result == 0 && pmu->global_control)
		result = msr_access_read(self, cpu, pmu->global_control, &global);
	found->global_found = (global >> found->counter) & 1;
	*ret_counts = enabled && found->global_found;
	return result;
}

static int examine_status(struct msr_backend *self, unsigned cpu, struct journal_entry *found)
{
	uint64_t status = 0;
	int result = 0;

	if (self->pmu.global_status)
		result = msr_access_read(self, cpu, self->pmu.global_status, &status);
	found->status_found = (status >> found->counter) & 1;
	return result;
}

static int examine_value(struct msr_backend *self, unsigned cpu, struct journal_entry *found,
			 bool *ret_moves)
{
	uint32_t address = self->pmu.counter[found->counter].value;
	uint64_t later = 0;
	int result = msr_access_read(self, cpu, address, &found->value_found);

	if (result == 0)
		result = msr_access_read(self, cpu, address, &later);
	*ret_moves = later != found->value_found;
	return result;
}

static int examine_cpu(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	struct journal_entry found = { .cpu = registers_number(self->registers, cpu),
				       .counter = counter };
	bool counts = false;
	bool moves = false;
	int result = msr_select_read(self, cpu, counter, &found.select_found);

	at->absent = result == -ENXIO;
	if (at->absent)
		return 0;
	if (result == 0)
		result = examine_select(self, cpu, &found, &counts);
	if (result == 0)
		result = examine_status(self, cpu, &found);
	if (result == 0)
		result = examine_value(self, cpu, &found, &moves);
	if (result < 0)
		return msr_setup_error(self, cpu, counter, result);
	if (counts)
		return owned(self, cpu, counter, "its event select is enabled");
	if (moves)
		return owned(self, cpu, counter, "it moves");
	at->held = true;
	at->fresh = true;
	at->told = false;
	at->entry = found;
	at->written = found.select_found;
	return 0;
}

int msr_claim_cpus(struct msr_backend *self, unsigned counter)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		struct msr_cpu *at = &self->counter[counter].cpu[cpu];
		int result = at->held ? 0 : examine_cpu(self, cpu, counter);

		if (result < 0)
			return result;
		any |= !at->absent;
	}
	if (!any) {
		log_error("PMIOSETUP: none of the CPUs that were online at the start is online");
		return -EIO;
	}
	return 0;
}

void msr_claim_forget(struct msr_backend *self, unsigned counter)
{
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		struct msr_cpu *at = &self->counter[counter].cpu[cpu];

		if (at->fresh)
			at->held = false;
		at->fresh = false;
	}
}

static size_t add_entries(const struct msr_backend *self, unsigned counter,
			  struct journal_entry *entry)
{
	const struct msr_cpu *at = self->counter[counter].cpu;
	size_t count = 0;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		if (at[cpu].held)
			entry[count++] = at[cpu].entry;
	return count;
}

int msr_claim_journal(struct msr_backend *self)
{
	struct journal journal = { 0 };
	int result;

	if (!self->options.journal)
		return 0;
	strncpy(journal.model, self->pmu.name, sizeof journal.model - 1);
	journal.entry = calloc((size_t)NPMC * self->registers->cpus + self->away_count + 1,
			       sizeof *journal.entry);
	if (!journal.entry) {
		log_error("no memory for a journal");
		return -ENOMEM;
	}
	for (unsigned counter = 0; counter < NPMC; counter++)
		journal.count += add_entries(self, counter, journal.entry + journal.count);
	for (size_t i = 0; i < self->away_count; i++)
		journal.entry[journal.count++] = self->away[i];
	if (journal.count == 0) {
		journal_remove(self->options.journal);
		result = 0;
	} else {
		result = journal_write(self->options.journal, &journal);
	}
	free(journal.entry);
	return result;
}

static int park_cpu(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	uint64_t bits;
	int result = msr_select_read(self, cpu, counter, &bits);

	if (result < 0)
		return result;
	if (!msr_restore_may(&at->entry, bits)) {
		log_error("counter %u of CPU %u was taken by somebody else: it is left as it is",
			  counter, registers_number(self->registers, cpu));
		return -EBUSY;
	}
	at->fresh = false;
	at->written = bits;
	if (bits != 0)
		result = msr_select_write(self, cpu, counter, 0);
	if (result < 0)
		return result;
	at->entry.select_ours = 0;
	at->entry.select_run = 0;
	at->entry.select_ours_before = 0;
	at->entry.select_run_before = 0;
	return 0;
}

int msr_claim_park(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	int first = 0;

	at->parked = true;
	at->ours = 0;
	at->run = 0;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result;

		if (!at->cpu[cpu].held || at->cpu[cpu].absent)
			continue;
		result = park_cpu(self, cpu, counter);
		if (at->cpu[cpu].fresh)
			result = msr_setup_error(self, cpu, counter, result);
		else if (result == -ENXIO)
			msr_restore_later(self, cpu, counter);
		if (result < 0 && first == 0)
			first = result;
	}
	return first;
}

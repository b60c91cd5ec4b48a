/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/msr_state.h"
#include "log.h"

/* A counter whose writes take 32 bits cannot be given any value: bit 31 is copied to those above.
 */
static bool can_hold(const struct pmu *pmu, uint64_t value)
{
	uint64_t mask = (UINT64_C(1) << pmu->width) - 1;

	return !pmu->sign_extends || ((uint64_t)(int64_t)(int32_t)value & mask) == value;
}

static int restore_value(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint32_t address = self->pmu.counter[entry->counter].restore;

	if (!can_hold(&self->pmu, entry->value_found)) {
		log_warning("counter %u of CPU %u held 0x%llx, which cannot be written to it: it "
			    "is left as "
			    "it is",
			    entry->counter, entry->cpu, (unsigned long long)entry->value_found);
		return 0;
	}
	return msr_access_write(self, cpu, address, entry->value_found);
}

static int restore_global(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint64_t global;
	int result;

	if (!self->pmu.global_control || entry->global_found)
		return 0;
	result = msr_access_read(self, cpu, self->pmu.global_control, &global);
	if (result < 0)
		return result;
	return msr_access_write(self, cpu, self->pmu.global_control,
				global & ~(UINT64_C(1) << entry->counter));
}

/* A counter that wrapped set its bit of the global status, which nobody was to see. */
static int restore_status(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint64_t status;
	int result;

	if (!self->pmu.global_status)
		return 0;
	result = msr_access_read(self, cpu, self->pmu.global_status, &status);
	if (result < 0 || entry->status_found || !((status >> entry->counter) & 1))
		return result;
	return msr_access_write(self, cpu, self->pmu.status_reset, UINT64_C(1) << entry->counter);
}

bool msr_restore_may(const struct journal_entry *entry, uint64_t bits)
{
	return bits == 0 || bits == entry->select_ours || bits == entry->select_run ||
	       bits == entry->select_ours_before || bits == entry->select_run_before ||
	       bits == entry->select_found;
}

/*
 * So that nothing counts, or interrupts, while the rest is put back: a select that was found
 * enabled was held by a clear bit of the global control, which is cleared before it; where the bit
 * was set, the select found stops the counter.
 */
static int restore_cpu(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint64_t bits;
	int result = msr_select_read(self, cpu, entry->counter, &bits);

	if (result < 0)
		return result;
	if (!msr_restore_may(entry, bits)) {
		log_info("counter %u of CPU %u is somebody else's: it is left as it is",
			 entry->counter, entry->cpu);
		return 0;
	}
	result = restore_global(self, cpu, entry);
	if (result == 0)
		result = msr_select_write(self, cpu, entry->counter, entry->select_found);
	if (result == 0)
		result = restore_status(self, cpu, entry);
	if (result == 0)
		result = restore_value(self, cpu, entry);
	return result;
}

void msr_restore_later(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];

	at->absent = true;
	if (!at->told)
		log_warning("CPU %u went offline: its counter %u is put back when it is online "
			    "again, at the next PMIOSETUP or start of perfmond",
			    at->entry.cpu, counter);
	at->told = true;
}

/* Errors: as register_operations; -ENXIO: it waits. */
static int restore_held(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	int result = restore_cpu(self, cpu, &at->entry);

	if (result == 0)
		at->held = false;
	else if (result == -ENXIO)
		msr_restore_later(self, cpu, counter);
	return result;
}

void msr_restore_counter(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	bool changed = at->claimed;
	bool whole = true;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result = at->cpu[cpu].held ? restore_held(self, cpu, counter) : -ENXIO;

		changed |= result == 0;
		whole &= result == 0 || result == -ENXIO;
	}
	if (!whole)
		return;
	at->claimed = false;
	at->parked = false;
	if (changed)
		(void)msr_claim_journal(self);
}

int msr_restore_waiting(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	bool changed = false;
	int first = 0;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result = -ENXIO;

		if (at->cpu[cpu].held && (at->cpu[cpu].absent || !at->claimed))
			result = restore_held(self, cpu, counter);
		changed |= result == 0;
		if (result < 0 && result != -ENXIO && first == 0)
			first = result;
	}
	if (changed)
		(void)msr_claim_journal(self);
	return first;
}

static void take_entry(struct msr_backend *self, const struct journal_entry *entry)
{
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		if (registers_number(self->registers, cpu) == entry->cpu) {
			struct msr_cpu *at = &self->counter[entry->counter].cpu[cpu];

			at->held = true;
			at->entry = *entry;
			return;
		}
	log_warning("CPU %u is offline: its counter %u is put back when perfmond is started with "
		    "it online",
		    entry->cpu, entry->counter);
	self->away[self->away_count++] = *entry;
}

static bool anything_held(const struct msr_backend *self)
{
	for (unsigned counter = 0; counter < NPMC; counter++)
		for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
			if (self->counter[counter].cpu[cpu].held)
				return true;
	return self->away_count > 0;
}

/* Counter 0 first: it is the gate before the others. */
static int restore_all(struct msr_backend *self)
{
	const char *path = self->options.journal;
	int result = 0;

	for (unsigned counter = 0; counter < NPMC; counter++)
		if (msr_restore_waiting(self, counter) < 0)
			result = -EIO;
	if (result < 0)
		log_error("%s: not every register could be put back; it is kept, and each start "
			  "tries again: reboot, which resets them, or remove the file, which "
			  "leaves them as they are",
			  path);
	else
		log_info("%s: put back the registers that a killed perfmond had changed%s", path,
			 anything_held(self) ? ", but for CPUs that are offline" : "");
	return result;
}

/*
 * NULL, or what of a journal is not this CPU's. The bits of a select beside the counter's are
 * another's: no journal that perfmond wrote has any.
 */
static const char *find_foreign(const struct pmu *pmu, const struct journal *journal)
{
	if (strcmp(journal->model, pmu->name) != 0)
		return journal->model;
	for (size_t i = 0; i < journal->count; i++)
		if (journal->entry[i].select_found & ~pmu->counter[journal->entry[i].counter].field)
			return "with other bits in its event selects";
	return NULL;
}

int msr_restore_recover(struct msr_backend *self)
{
	const char *path = self->options.journal;
	struct journal journal;
	const char *foreign;
	int result = path ? journal_take(path, &journal) : -ENOENT;

	if (result == -ENOENT)
		return 0;
	if (result < 0)
		return result;
	foreign = find_foreign(&self->pmu, &journal);
	if (foreign) {
		log_error("%s: it is of a CPU of the kind %s, and this one is %s: remove it", path,
			  foreign, self->pmu.name);
		free(journal.entry);
		return -EBADMSG;
	}
	self->away = calloc(journal.count + 1, sizeof *self->away);
	if (!self->away) {
		free(journal.entry);
		return -ENOMEM;
	}
	for (size_t i = 0; i < journal.count; i++)
		take_entry(self, &journal.entry[i]);
	free(journal.entry);
	result = restore_all(self);
	if (!anything_held(self))
		journal_remove(path);
	return result;
}

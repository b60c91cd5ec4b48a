/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/journal.h"
#include "backend/msr_state.h"
#include "log.h"

/* IA32_PERF_GLOBAL_INUSE bit 63: somebody uses the counters' interrupt (SDM volume 3B, 18.2.4). */
#define IN_USE_INTERRUPT (UINT64_C(1) << 63)

#define GATE_ENABLE ((uint64_t)PMCF_EN << 16)

static bool watchdog_runs(const struct msr_backend *self)
{
	char state = '0';
	int fd = self->options.nmi_watchdog ? open(self->options.nmi_watchdog, O_RDONLY | O_CLOEXEC)
					    : -1;

	if (fd < 0)
		return false;
	if (read(fd, &state, 1) != 1)
		state = '0';
	close(fd);
	return state == '1';
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
static int examine_select(struct msr_backend *self, unsigned cpu, unsigned counter,
			  bool *ret_counts)
{
	const struct pmu *pmu = &self->pmu;
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	uint64_t enabled = at->select_found & pmu->counter[counter].enable;
	uint64_t global = UINT64_MAX;
	int result = 0;

	if (!pmu->counter[counter].enable && !self->counter[0].claimed) {
		result = msr_access_read(self, cpu, pmu->gate, &enabled);
		enabled &= at->select_found ? GATE_ENABLE : 0;
	}
	if (result == 0 && pmu->global_control)
		result = msr_access_read(self, cpu, pmu->global_control, &global);
	at->global_set = !((global >> counter) & 1);
	*ret_counts = enabled && !at->global_set;
	return result;
}

static int examine_cpu(struct msr_backend *self, unsigned cpu, unsigned counter, bool again)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	uint64_t value = 0;
	uint64_t later = 0;
	bool counts = false;
	int result = msr_select_read(self, cpu, counter, &at->select_found);

	again = again && !at->absent;
	at->absent = result == -ENXIO;
	if (at->absent)
		return 0;
	if (result == 0)
		result = examine_select(self, cpu, counter, &counts);
	if (result == 0)
		result = msr_access_read(self, cpu, self->pmu.counter[counter].value, &value);
	if (result == 0)
		result = msr_access_read(self, cpu, self->pmu.counter[counter].value, &later);
	if (result < 0)
		return result == -ENXIO ? -EIO : result;
	if (counts)
		return owned(self, cpu, counter, "its event select is enabled");
	if (later != value)
		return owned(self, cpu, counter, "it moves");
	if (!again)
		at->value_found = value;
	return 0;
}

int msr_claim_examine(struct msr_backend *self, unsigned counter, bool again)
{
	bool any = false;
	int checked = msr_check_cpus(self);

	if (checked < 0)
		return checked;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		int result = examine_cpu(self, cpu, counter, again);

		if (result < 0)
			return result;
		any |= !self->counter[counter].cpu[cpu].absent;
	}
	if (!any) {
		log_error("PMIOSETUP: none of the CPUs that were online at the start is online");
		return -EIO;
	}
	return 0;
}

static size_t add_entries(const struct msr_backend *self, unsigned counter,
			  struct journal_entry *entry)
{
	const struct msr_counter *at = &self->counter[counter];
	size_t count = 0;

	for (unsigned cpu = 0; at->claimed && cpu < self->registers->cpus; cpu++)
		if (!at->cpu[cpu].absent)
			entry[count++] = (struct journal_entry){
				.cpu = registers_number(self->registers, cpu),
				.counter = counter,
				.select_found = at->cpu[cpu].select_found,
				.select_ours = at->ours,
				.select_run = at->run,
				.value_found = at->cpu[cpu].value_found,
				.global_found = !at->cpu[cpu].global_set,
			};
	return count;
}

int msr_claim_journal(struct msr_backend *self)
{
	struct journal journal = { 0 };
	int result;

	if (!self->options.journal)
		return 0;
	assert(self->registers->cpus > 0);
	strncpy(journal.model, self->pmu.name, sizeof journal.model - 1);
	journal.entry = calloc((size_t)NPMC * self->registers->cpus, sizeof *journal.entry);
	if (!journal.entry)
		return -ENOMEM;
	for (unsigned counter = 0; counter < NPMC; counter++)
		journal.count += add_entries(self, counter, journal.entry + journal.count);
	if (journal.count == 0) {
		journal_remove(self->options.journal);
		result = 0;
	} else {
		result = journal_write(self->options.journal, &journal);
	}
	free(journal.entry);
	return result;
}

/* A counter whose writes take 32 bits cannot be given any value: bit 31 is copied to those above.
 */
static bool can_hold(const struct pmu *pmu, uint64_t value)
{
	uint64_t mask = (UINT64_C(1) << pmu->width) - 1;

	return !pmu->sign_extends || ((uint64_t)(int64_t)(int32_t)value & mask) == value;
}

static int restore_value(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t value)
{
	if (!can_hold(&self->pmu, value)) {
		log_warning("counter %u of CPU %u held 0x%llx, which cannot be written to it: it "
			    "is left as "
			    "it is",
			    counter, registers_number(self->registers, cpu),
			    (unsigned long long)value);
		return 0;
	}
	return msr_access_write(self, cpu, self->pmu.counter[counter].restore, value);
}

static int restore_global(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	uint64_t global;
	int result = msr_access_read(self, cpu, self->pmu.global_control, &global);

	if (result < 0)
		return result;
	return msr_access_write(self, cpu, self->pmu.global_control,
				global & ~(UINT64_C(1) << counter));
}

/* A counter that wrapped set its bit of the global status, which nobody was to see. */
static int clear_overflow(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint64_t value;
	int result;

	if (!self->pmu.status_reset)
		return 0;
	result = msr_access_read(self, cpu, self->pmu.counter[entry->counter].value, &value);
	if (result < 0 || value >= entry->value_found)
		return result;
	return msr_access_write(self, cpu, self->pmu.status_reset, UINT64_C(1) << entry->counter);
}

/* The select first, so that nothing counts while the counter is written. */
static int restore_cpu(struct msr_backend *self, unsigned cpu, const struct journal_entry *entry)
{
	uint64_t bits;
	int result = msr_select_read(self, cpu, entry->counter, &bits);

	/* A CPU that went offline lost its registers. */
	if (result == -ENXIO)
		return 0;
	if (result < 0)
		return result;
	/* 0 is nobody's, and what stands there between two of ours. */
	if (bits != 0 && bits != entry->select_ours && bits != entry->select_run &&
	    bits != entry->select_found) {
		log_info("counter %u of CPU %u is somebody else's: it is left as it is",
			 entry->counter, registers_number(self->registers, cpu));
		return 0;
	}
	result = msr_select_write(self, cpu, entry->counter, entry->select_found);
	if (result == 0)
		result = clear_overflow(self, cpu, entry);
	if (result == 0)
		result = restore_value(self, cpu, entry->counter, entry->value_found);
	if (result == 0 && !entry->global_found)
		result = restore_global(self, cpu, entry->counter);
	return result == -ENXIO ? 0 : result;
}

int msr_claim_park(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];

	at->set_up = false;
	at->parked = true;
	at->ours = 0;
	at->run = 0;
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		uint64_t bits;
		int result =
			at->cpu[cpu].absent ? -ENXIO : msr_select_read(self, cpu, counter, &bits);

		if (result == 0 && bits != 0)
			result = msr_select_write(self, cpu, counter, 0);
		if (result < 0 && result != -ENXIO)
			return result;
	}
	at->written = 0;
	return 0;
}

void msr_claim_release(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	bool whole = true;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		const struct journal_entry entry = {
			.counter = counter,
			.select_found = at->cpu[cpu].select_found,
			.select_ours = at->ours,
			.select_run = at->run,
			.value_found = at->cpu[cpu].value_found,
			.global_found = !at->cpu[cpu].global_set,
		};

		if (!at->cpu[cpu].absent && restore_cpu(self, cpu, &entry) < 0)
			whole = false;
	}
	if (!whole)
		return;
	at->claimed = false;
	at->parked = false;
	(void)msr_claim_journal(self);
}

static void recover_entry(struct msr_backend *self, const struct journal_entry *entry, bool *whole)
{
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		if (registers_number(self->registers, cpu) == entry->cpu) {
			if (restore_cpu(self, cpu, entry) < 0)
				*whole = false;
			return;
		}
}

int msr_claim_recover(struct msr_backend *self)
{
	const char *path = self->options.journal;
	struct journal journal;
	bool whole = true;
	int result = path ? journal_read(path, &journal) : -ENOENT;

	if (result == -ENOENT)
		return 0;
	if (result < 0)
		return result;
	if (strcmp(journal.model, self->pmu.name) != 0) {
		log_error("%s: it is of a CPU of the kind %s, and this one is %s: remove it", path,
			  journal.model, self->pmu.name);
		free(journal.entry);
		return -EBADMSG;
	}
	for (size_t i = 0; i < journal.count; i++)
		recover_entry(self, &journal.entry[i], &whole);
	free(journal.entry);
	if (!whole) {
		log_error("%s: not every register could be put back; it is kept for the next start",
			  path);
		return -EIO;
	}
	log_info("%s: put back the registers that a killed perfmond had changed", path);
	journal_remove(path);
	return 0;
}

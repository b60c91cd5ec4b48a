/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "backend/msr_state.h"
#include "log.h"

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

static int refuse_taken(const struct msr_backend *self, unsigned cpu, unsigned counter)
{
	log_error("PMIOSETUP: counter %u of CPU %u was taken by somebody else", counter,
		  registers_number(self->registers, cpu));
	return -EBUSY;
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
	/* What is written does not enable it: somebody else does. */
	if (bits & self->pmu.counter[counter].enable)
		return refuse_taken(self, cpu, counter);
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

/* The look just before the write: the journal took its time, and a new owner may have come. */
static int configure_cpu(struct msr_backend *self, unsigned cpu, unsigned counter)
{
	struct msr_cpu *at = &self->counter[counter].cpu[cpu];
	bool enable = at->fresh && !at->entry.global_found;
	uint64_t bits;
	int result = msr_select_read(self, cpu, counter, &bits);

	if (result < 0)
		return result;
	if (bits != at->written)
		return refuse_taken(self, cpu, counter);
	at->fresh = false;
	result = msr_select_write(self, cpu, counter, self->counter[counter].ours);
	if (result == 0)
		result = check_held(self, cpu, counter);
	if (result == 0 && enable)
		result = enable_global(self, cpu, counter);
	return result;
}

static int configure(struct msr_backend *self, unsigned counter)
{
	struct msr_cpu *at = self->counter[counter].cpu;
	int result = 0;

	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++)
		at[cpu].before = at[cpu].written;
	for (unsigned cpu = 0; result == 0 && cpu < self->registers->cpus; cpu++)
		if (msr_is_counted(&at[cpu]))
			result = msr_setup_error(self, cpu, counter,
						 configure_cpu(self, cpu, counter));
	return result;
}

/* Behind counter 0's gate it was claimed with that, and what was found first is kept. */
static int check_parked(struct msr_backend *self, unsigned counter)
{
	for (unsigned cpu = 0; cpu < self->registers->cpus; cpu++) {
		struct msr_cpu *at = &self->counter[counter].cpu[cpu];
		uint64_t bits = 0;
		int result =
			msr_is_counted(at) ? msr_select_read(self, cpu, counter, &bits) : -ENXIO;

		if (result == -ENXIO && msr_is_counted(at))
			msr_restore_later(self, cpu, counter);
		if (result < 0 && result != -ENXIO)
			return result;
		if (result == 0 && bits != at->written)
			return refuse_taken(self, cpu, counter);
	}
	return 0;
}

/*
 * Claims the counter, and with counter 0 of a P6 the other one as well: a stale select there would
 * begin to count when the gate opens.
 */
static int claim(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	int result = at->parked ? check_parked(self, counter) : 0;

	if (result == 0 && !at->set_up)
		result = msr_claim_cpus(self, counter);
	at->claimed |= result == 0;
	for (unsigned other = 1; result == 0 && counter == 0 && other < NPMC; other++)
		if (msr_is_gated(self, other) && !self->counter[other].claimed) {
			result = msr_claim_cpus(self, other);
			self->counter[other].claimed = result == 0;
			self->counter[other].parked = result == 0;
		}
	return result;
}

/* From here on perfmond writes these; what it wrote before may stand there until they do. */
static void choose(struct msr_counter *at, uint64_t ours, uint64_t run, unsigned cpus)
{
	at->ours = ours;
	at->run = run;
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct journal_entry *entry = &at->cpu[cpu].entry;
		bool fresh = at->cpu[cpu].fresh;

		if (!msr_is_counted(&at->cpu[cpu]))
			continue;
		entry->select_ours_before = fresh ? ours : entry->select_ours;
		entry->select_run_before = fresh ? run : entry->select_run;
		entry->select_ours = ours;
		entry->select_run = run;
	}
}

/* The other way round: what was chosen may stand there where it cannot be taken back. */
static void choose_again(struct msr_counter *at, const struct msr_counter *old, unsigned cpus)
{
	at->ours = old->ours;
	at->run = old->run;
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct journal_entry *entry = &at->cpu[cpu].entry;
		struct journal_entry chosen = *entry;

		if (!msr_is_counted(&at->cpu[cpu]))
			continue;
		entry->select_ours = chosen.select_ours_before;
		entry->select_run = chosen.select_run_before;
		entry->select_ours_before = chosen.select_ours;
		entry->select_run_before = chosen.select_run;
	}
}

/* Nothing of what this SETUP claimed has been written. */
static void forget(struct msr_backend *self, unsigned counter, const struct msr_counter *old)
{
	for (unsigned other = 0; other < NPMC; other++) {
		bool with_it = counter == 0 && self->counter[other].parked;

		msr_claim_forget(self, other);
		if (old->claimed || (other != counter && !with_it))
			continue;
		self->counter[other].claimed = false;
		self->counter[other].parked = false;
	}
}

/*
 * What was set up before goes on. If it ran, and was stopped on some CPU in between, its count
 * would be partial: it is lost.
 */
static void return_to(struct msr_backend *self, unsigned counter, const struct msr_counter *old)
{
	struct msr_counter *at = &self->counter[counter];
	bool changed;
	int result = msr_select_write_back(self, counter, &changed);

	choose_again(at, old, self->registers->cpus);
	if (old->set_up && (result < 0 || (changed && old->running))) {
		log_error("counter %u: the PMIOSETUP that failed had stopped it on some CPU: what "
			  "it counted is lost; set it up anew",
			  counter);
		at->set_up = false;
	}
}

/* Some CPUs have been written, and the journal tells of all. */
static void undo(struct msr_backend *self, unsigned counter, const struct msr_counter *old)
{
	for (unsigned other = 0; other < NPMC; other++)
		msr_claim_forget(self, other);
	if (old->claimed)
		return_to(self, counter, old);
	else
		msr_release(&self->backend, counter);
}

static int park_others(struct msr_backend *self, unsigned counter)
{
	int result = 0;

	for (unsigned other = 1; counter == 0 && result == 0 && other < NPMC; other++)
		if (self->counter[other].parked)
			result = msr_claim_park(self, other);
	return result;
}

/* The select that perfmond had before it is forgotten. */
static void finish(struct msr_counter *at, unsigned cpus)
{
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct journal_entry *entry = &at->cpu[cpu].entry;

		if (!msr_is_counted(&at->cpu[cpu]))
			continue;
		entry->select_ours_before = entry->select_ours;
		entry->select_run_before = entry->select_run;
	}
	at->parked = false;
	at->running = false;
	at->set_up = true;
}

/* What waits before the counter, and before its gate. */
static int restore_waiting(struct msr_backend *self, unsigned counter)
{
	int result = 0;

	for (unsigned other = 0; result == 0 && other < NPMC; other++)
		if (other == counter || msr_is_gated(self, other) || msr_is_gated(self, counter))
			result = msr_restore_waiting(self, other);
	return result;
}

/*
 * Afterwards the counter is set up, and counts as before; or it is parked, or free. One whose count
 * is lost is freed, whatever comes of this SETUP.
 */
static int prepare(struct msr_backend *self, unsigned counter)
{
	struct msr_counter *at = &self->counter[counter];
	const char *cause;
	int result = msr_check_cpus(self);

	if (result == 0)
		result = restore_waiting(self, counter);
	for (unsigned cpu = 0; at->set_up && result == 0 && cpu < self->registers->cpus; cpu++)
		result = msr_select_look(self, cpu, counter, true, &cause);
	if (result < 0 && result != -ESTALE)
		return result;
	if (!at->parked && (!at->set_up || result == -ESTALE))
		msr_release(&self->backend, counter);
	return at->claimed && !at->parked && !at->set_up ? -EIO : 0;
}

int msr_setup(struct backend *backend, unsigned counter, const struct event *event, int client)
{
	struct msr_backend *self = (struct msr_backend *)backend;
	struct msr_counter *at = &self->counter[counter];
	struct msr_counter old;
	int result = check_event(self, event);

	(void)client;
	if (result == 0)
		result = prepare(self, counter);
	if (result < 0)
		return result;
	old = *at;
	result = claim(self, counter);
	if (result == 0) {
		choose(at, self->pmu.encode(counter, event->select, false),
		       self->pmu.encode(counter, event->select, true), self->registers->cpus);
		result = msr_claim_journal(self);
		if (result < 0)
			choose_again(at, &old, self->registers->cpus);
	}
	if (result < 0) {
		forget(self, counter, &old);
		return result;
	}
	if (!old.claimed)
		result = park_others(self, counter);
	if (result == 0)
		result = configure(self, counter);
	if (result < 0)
		undo(self, counter, &old);
	else
		finish(at, self->registers->cpus);
	return result;
}

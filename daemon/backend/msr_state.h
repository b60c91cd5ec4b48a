/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MSR_STATE_H
#define PERFMOND_BACKEND_MSR_STATE_H

#include <machine/perfmon.h>

#include "backend/journal.h"
#include "backend/msr.h"

/*
 * What msr.c and its parts share: msr_setup.c, msr_claim.c (who owns a counter, the journal),
 * msr_restore.c (putting back) and msr_access.c.
 */

/*
 * One counter on one CPU. One that is held and absent, or held while its counter is not claimed,
 * waits: its CPU went offline, where registers keep what they hold, before they could be put back.
 */
struct msr_cpu {
	bool absent; /* the CPU is not counted: it was offline at SETUP */
	bool held;   /* its registers may hold other than what was found, and `entry` tells what */
	bool fresh;  /* held, and nothing has been written yet */
	bool told;   /* the log says that it waits */
	struct journal_entry entry;
	uint64_t written; /* the counter's bits of its select: what was found or written last */
	uint64_t before;  /* and what they become if the request fails */
	uint64_t whole;   /* its select register as it was read last */
	uint64_t begin;   /* the counter at START */
	uint64_t value;   /* the counter as it was read last */
};

struct msr_counter {
	bool claimed;  /* from SETUP until its registers are put back, or wait */
	bool parked;   /* claimed with a select of 0, because counter 0 opens the gate before it */
	bool set_up;   /* its count means something: claimed, and neither stolen nor cut short */
	bool running;  /* set up, and started */
	uint64_t ours; /* its bits of the select, stopped */
	uint64_t run;  /* and running */
	struct msr_cpu *cpu; /* registers->cpus of them */
};

struct msr_backend {
	struct backend backend;
	struct registers *registers;
	struct pmu pmu;
	struct msr_options options;
	char *journal;     /* options.journal, of our own */
	bool holds_writes; /* registers were seen to hold what was written */
	bool told_taint;
	struct msr_counter counter[NPMC];
	struct journal_entry *away; /* of CPUs that were offline at the start, for the next one */
	size_t away_count;
};

/* A counter without an enable bit of its own, before which counter 0's is the gate: the P6's
 * second. */
static inline bool msr_is_gated(const struct msr_backend *self, unsigned counter)
{
	return self->pmu.counter[counter].enable == 0;
}

static inline bool msr_is_counted(const struct msr_cpu *at)
{
	return at->held && !at->absent;
}

/*
 * Accesses that log a failure; -ENXIO, a CPU that is offline, is logged by whoever knows what it
 * means. Errors: as struct register_operations has them, -EPERM becoming -EACCES: for a client,
 * EPERM is an open file without write access. A write to a register that is not pmu_may_write()'s
 * is not done: -EIO.
 */
int msr_access_read(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t *ret_value);
int msr_access_write(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t value);

/* Reads a counter's select, and gives the bits of it that are the counter's. */
int msr_select_read(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t *ret_bits);

/* Writes the counter's bits; the others stay as msr_select_read() found them last. */
int msr_select_write(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t bits);

/*
 * Whether the counter still is on a CPU as perfmond left it there; global: enabled in the global
 * control as well. Errors: -ESTALE where it is not, and *ret_cause, a literal, says how; others as
 * register_operations.
 */
int msr_select_look(struct msr_backend *self, unsigned cpu, unsigned counter, bool global,
		    const char **ret_cause);

/*
 * Gives every select that was changed what `before` says; one that somebody else wrote meanwhile
 * stays. Goes on after an error, and gives the first one: -EBUSY for somebody else's, others as
 * register_operations. *ret_changed is set in any case.
 */
int msr_select_write_back(struct msr_backend *self, unsigned counter, bool *ret_changed);

/* The count would not be the machine's where a CPU does not take part. Errors: -EIO, logged. */
int msr_check_cpus(struct msr_backend *self);

/* SETUP's answer to an error of an access: -EAGAIN, logged, for a CPU that went offline. */
int msr_setup_error(const struct msr_backend *self, unsigned cpu, unsigned counter, int error);

/*
 * Finds out, on every CPU on which it is not held already, what the counter's registers hold, and
 * that nobody uses them. Errors: -EBUSY, logged with the owner as far as it can be told; others as
 * msr_setup_error(). Then some CPUs may be held, fresh.
 */
int msr_claim_cpus(struct msr_backend *self, unsigned counter);

/* Nothing of what is fresh was written: it is not held. */
void msr_claim_forget(struct msr_backend *self, unsigned counter);

/* Writes the journal for all that is held. Errors: as journal_write(). */
int msr_claim_journal(struct msr_backend *self);

/*
 * Holds a counter behind the gate still while counter 0 opens it: its select is 0, and what was
 * found there is put back when counter 0 is released. One that somebody else took is left alone.
 * Goes on with the other CPUs after an error, and gives the first one: -EBUSY, logged, where it is
 * somebody else's; what is fresh on a CPU that went offline as msr_setup_error(), what is not
 * waits.
 */
int msr_claim_park(struct msr_backend *self, unsigned counter);

/* Whether perfmond wrote these bits of a select, or found them, or they are 0, which is nobody's.
 */
bool msr_restore_may(const struct journal_entry *entry, uint64_t bits);

/* The CPU is offline: what is held there waits, and the log says so once. */
void msr_restore_later(struct msr_backend *self, unsigned cpu, unsigned counter);

/*
 * Puts the counter's registers back on every CPU on which they are held, as long as the select
 * still is perfmond's. What cannot be put back is logged, stays held, and stays in the journal;
 * then the counter stays claimed too, unless all of that is on CPUs that are offline.
 */
void msr_restore_counter(struct msr_backend *self, unsigned counter);

/* Puts back what waits, where its CPU is online. Errors: as register_operations. */
int msr_restore_waiting(struct msr_backend *self, unsigned counter);

/*
 * Puts back what the journal tells of. What is on CPUs that are offline waits. Errors: -EBADMSG,
 * -ENOMEM and others as journal_read(); -EIO, logged, where something cannot be put back.
 */
int msr_restore_recover(struct msr_backend *self);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MSR_STATE_H
#define PERFMOND_BACKEND_MSR_STATE_H

#include <machine/perfmon.h>

#include "backend/msr.h"

/* What msr.c and its parts msr_claim.c (ownership, putting back) and msr_access.c share. */

/* One counter on one CPU. */
struct msr_cpu {
	bool absent;           /* the CPU was offline at SETUP: it is not counted */
	bool global_set;       /* its bit of the global control was clear, and is set */
	uint64_t select_found; /* the counter's bits of its select */
	uint64_t value_found;
	uint64_t whole; /* its select register as it was read last */
	uint64_t begin; /* the counter at START */
};

struct msr_counter {
	bool claimed;  /* its registers may hold other than what was found */
	bool parked;   /* claimed with a select of 0, because counter 0 opens the gate before it */
	bool set_up;   /* its count means something: claimed, and neither stolen nor cut short */
	uint64_t ours; /* its bits of the select, stopped */
	uint64_t run;  /* and running */
	uint64_t written;    /* which of the two is there */
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
};

/*
 * Accesses that log a failure; -ENXIO, a CPU that is offline, is logged by whoever knows what it
 * means. Errors: as struct register_operations has them, -EPERM becoming -EACCES: for a client,
 * EPERM is an open file without write access.
 */
int msr_access_read(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t *ret_value);
int msr_access_write(struct msr_backend *self, unsigned cpu, uint32_t address, uint64_t value);

/* Reads a counter's select, and gives the bits of it that are the counter's. */
int msr_select_read(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t *ret_bits);

/* Writes the counter's bits; the others stay as msr_select_read() found them last. */
int msr_select_write(struct msr_backend *self, unsigned cpu, unsigned counter, uint64_t bits);

/* The count would not be the machine's where a CPU does not take part. Errors: -EIO, logged. */
int msr_check_cpus(struct msr_backend *self);

/*
 * Finds out what the counter's registers hold on every CPU, and that nobody uses them. again: they
 * were put back just before, and what was found first is kept: behind a gate that counter 0 holds
 * open, a stale select lets the counter move as soon as it is back. Errors: -EBUSY, logged with the
 * owner as far as it can be told.
 */
int msr_claim_examine(struct msr_backend *self, unsigned counter, bool again);

/* Writes the journal for all counters that are claimed. Errors: as journal_write(). */
int msr_claim_journal(struct msr_backend *self);

/*
 * Puts the counter's registers back on every CPU, as long as the select still is perfmond's. What
 * cannot be put back is logged, and stays in the journal for the next start.
 */
void msr_claim_release(struct msr_backend *self, unsigned counter);

/*
 * Holds a counter behind the gate still while counter 0 opens it: its select is 0, and what was
 * found there is put back when counter 0 is released. Errors: as registers have them.
 */
int msr_claim_park(struct msr_backend *self, unsigned counter);

/* Puts back what the journal tells of. Errors: -EBADMSG, -ENOMEM and others as journal_read(). */
int msr_claim_recover(struct msr_backend *self);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MSR_H
#define PERFMOND_BACKEND_MSR_H

#include "backend/backend.h"
#include "backend/pmu.h"
#include "backend/registers.h"

/*
 * The backend that programs counters through registers, as the original driver did, on every CPU of
 * `registers` at once; a count is the sum over them.
 *
 * On a P6 the enable bit of select 0 gates both counters: a START of counter 1 alone counts
 * nothing, and a STOP of counter 0 stops both. That is the hardware's rule, and the driver does not
 * hide it.
 *
 * Counters are read, and written only to put them back: a count is the difference of two readings,
 * modulo their width.
 *
 * It takes no counter that somebody else uses (SETUP: -EBUSY), checks at START, STOP and READ that
 * the select still is what it wrote (else -EIO, and from then on it leaves the counter alone), and
 * puts every register back when a counter is released. READ and STOP read the value before the
 * select: what is seen to be ours was ours when it was read.
 *
 * A SETUP that fails leaves what was set up before: the select is rewritten in place, and what was
 * found first is kept. Only where the counter ran, and had been stopped on some CPU when another
 * one failed, is the count lost. SETUP: -EAGAIN where a CPU goes offline while it lasts.
 *
 * A CPU keeps its registers while it is offline (an INIT leaves them, SDM volume 3A, 9.1): what
 * perfmond changed there waits, in the journal too, and is put back at the next SETUP, release or
 * msr_open() that finds it online.
 *
 * On a P6 it claims both counters with counter 0, and holds the other one still: a stale select
 * there would begin to count with the gate.
 *
 * Accesses per CPU; G is 1 where there is a global control and status, and 0 elsewhere:
 *
 *   request     reads    writes
 *   SETUP       4 + 2 G  1       1 read more for the first select of all that is not 0: does it
 *                                hold?
 *   SETUP anew  2 + G    1       of a counter that is set up
 *   START       2        1
 *   READ        2 + G    0       RESET of a running counter is a READ
 *   STOP        2 + G    1
 *   release     1 + G    2       at the close of the node, and where a count was lost
 *
 * Where the global control lacks the counter's bit: SETUP 1 and 1 more, release 1 and 1 more.
 * Where the counter overflowed: release 1 write more, which clears its bit of the global status.
 * P6: SETUP of counter 0 has 4 reads more, and 1 write where counter 1's select is stale; its
 * release 1 read and 2 writes more; SETUP of counter 1 has 2 reads and 1 write meanwhile, its
 * release 1 and 1, and on its own SETUP has 1 read more; START and STOP of counter 1, which has no
 * enable bit, write nothing.
 */
struct msr_options {
	const char *journal;      /* where the journal is; NULL: none is kept */
	const char *nmi_watchdog; /* the file that tells of the NMI watchdog; NULL: there is none */
	const char *description;  /* becomes the backend's */
	bool taints;              /* a write taints the kernel, and the log says so once */
};

/*
 * Takes `registers` over: msr_close() closes them. Puts back what an earlier perfmond left in the
 * journal; what it tells of CPUs that are offline stays in it. Errors, logged: -ENOMEM; -EBADMSG
 * where the journal cannot be trusted; -EIO where a register cannot be put back. Then `registers`
 * is the caller's still.
 */
int msr_open(struct registers *registers, const struct pmu *pmu, const struct msr_options *options,
	     const struct backend_operations *operations, struct backend **ret_backend);

/* The operations of struct backend_operations, for the tables of the backends that are built on
 * this. */
void msr_add_rights(const struct backend *backend, struct rights *rights);
void msr_close(struct backend *backend);
int msr_setup(struct backend *backend, unsigned counter, const struct event *event, int client);
int msr_start(struct backend *backend, unsigned counter);
int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count);
int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count);
void msr_release(struct backend *backend, unsigned counter);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MSR_H
#define PERFMOND_BACKEND_MSR_H

#include "backend/backend.h"
#include "backend/registers.h"

/*
 * The backend that programs counters through registers, as the original driver did, on every CPU of
 * `registers` at once; a count is the sum over them.
 *
 * The programming model is the P6's (SDM volume 3B, 18.22): event selects 0x186 and 0x187, counters
 * 0xc1 and 0xc2 of 40 bits. The enable bit exists in select 0 alone and gates both counters: a
 * START of counter 1 alone counts nothing, and a STOP of counter 0 stops both. The driver does not
 * hide that.
 *
 * Counter registers are read, never written: a count is the difference of two readings, modulo
 * their width. Accesses per CPU: SETUP and release write the select once; START and STOP write it
 * once and read the counter once; READ reads the counter once.
 */
struct msr_backend;

/*
 * Takes `registers` over: msr_close() closes them. operations and description become the backend's.
 * Errors: -ENOMEM, and then `registers` is the caller's still.
 */
int msr_open(struct registers *registers, const struct backend_operations *operations,
	     const char *description, struct backend **ret_backend);

/* The operations of struct backend_operations, for the tables of the backends that are built on
 * this. */
void msr_close(struct backend *backend);
int msr_setup(struct backend *backend, unsigned counter, const struct event *event);
int msr_start(struct backend *backend, unsigned counter);
int msr_stop(struct backend *backend, unsigned counter, uint64_t *ret_count);
int msr_read(struct backend *backend, unsigned counter, uint64_t *ret_count);
void msr_release(struct backend *backend, unsigned counter);

#endif

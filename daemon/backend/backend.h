/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_H
#define PERFMOND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"

/*
 * Where a count comes from. A backend embeds one struct backend as its first member and exports one
 * const table of operations.
 *
 * Counters are numbered from 0 to NPMC - 1. The device calls each operation only in a
 * state that allows it: start, stop, read and release of a counter that is set up; stop and read of
 * a counter that was started and not stopped. setup may come in any state.
 *
 * A count is the number of events since the latest start, modulo 2^64 or modulo the width of the
 * hardware's counter, at least 40 bits.
 *
 * Operations return 0 or a negative errno, and log the cause of a failure. On failure nothing has
 * changed, on any CPU, unless the operation says otherwise.
 */
struct backend;
struct report;
struct rights;
struct tstamp;

/* What the command line says to backends; each takes what it needs. */
struct backend_options {
	const char *state_directory; /* where a journal goes */
	uid_t user;                  /* who writes it */
	gid_t group;
	const char *sim_cpu;    /* the kind of CPU that is simulated: p5, p6, arch, amd */
	enum event_scope scope; /* msr and sim take SCOPE_SYSTEM alone */
	unsigned scope_cpu;     /* SCOPE_CPU: which */
	struct tstamp *stamp;   /* for clocks out of time, or NULL */
};

/* The perf events of a counter, which its owner may read himself. */
struct backend_direct {
	int fd[EVENT_TERMS]; /* the backend's own */
	unsigned count;      /* how many of them are added, 1 to EVENT_TERMS */
	uint64_t hz;         /* 0; else they count ns, and the counter clocks of this rate */
};

struct backend_operations {
	/* The name by which --backend chooses it. */
	const char *name;

	/* Whether it takes another scope than SCOPE_SYSTEM. */
	bool scopes;

	/*
	 * Makes a backend for the machine. *ret_backend is valid until close.
	 * Errors, logged: -ENOMEM, -ENODEV where the machine lacks what it needs, others as the
	 * system has them.
	 */
	int (*open)(const struct backend_options *options, struct backend **ret_backend);

	/* Adds what the operations below take. */
	void (*add_rights)(const struct backend *backend, struct rights *rights);

	/* Frees the backend, whose counters have all been released. */
	void (*close)(struct backend *backend);

	/*
	 * Configures a counter for an event. It is stopped and reads 0; what it was set up for
	 * before is replaced. client: the kernel thread id of who asks, or 0 where it is not known.
	 * Errors: -EOPNOTSUPP where the machine has no such event, -EBUSY where somebody else holds
	 * the counter, -ESRCH where the scope is the client's process and that is not to be seen,
	 * -EMFILE, -ENOMEM and others as the system has them.
	 */
	int (*setup)(struct backend *backend, unsigned counter, const struct event *event,
		     int client);

	/* Counts from 0. Errors: -EBUSY where the event cannot be on the hardware all the time. */
	int (*start)(struct backend *backend, unsigned counter);

	/*
	 * Stops counting and gives the count. On failure the counter is stopped all the same, and
	 * its count is lost: -EIO where it may be partial.
	 */
	int (*stop)(struct backend *backend, unsigned counter, uint64_t *ret_count);

	/* Gives the count and goes on. Errors: -EIO where the count may be partial. */
	int (*read)(struct backend *backend, unsigned counter, uint64_t *ret_count);

	/*
	 * Opens events that count the client's thread alone and may be given to it, beside those of
	 * a counter that is set up. NULL: no counter of this backend can be read past it. Errors:
	 * -EOPNOTSUPP where this one cannot, -EPERM where another thread set it up, others as
	 * setup.
	 */
	int (*direct)(struct backend *backend, unsigned counter, int client,
		      struct backend_direct *ret_direct);

	/* A stopped counter counts by them from here on; or, where not adopted, they are closed. */
	void (*adopt)(struct backend *backend, unsigned counter, bool adopted);

	/* What the events of a direct counter, added, were at its latest start. */
	uint64_t (*origin)(struct backend *backend, unsigned counter);

	/* Gives the counter back to the machine. */
	void (*release)(struct backend *backend, unsigned counter);

	/*
	 * Adds the finding whether open() would succeed, and says in the report what it would
	 * count. Writes no register and keeps nothing open. Returns 0 or the error of open(). More
	 * findings may come with it.
	 */
	int (*check)(const struct backend_options *options, struct report *report);
};

/* The pass over the CPUs, or threads, by which the latest start or stop took effect; no read's. */
struct backend_pass {
	uint64_t (*clock)(void); /* ns, for --trace; NULL: it is not measured */
	uint64_t first;          /* when the first was done */
	uint64_t skew;           /* from then until the last was, ns */
};

struct backend {
	const struct backend_operations *operations;
	struct event_source source;
	const char *description; /* for the start line */
	struct backend_pass pass;
};

/* One of a pass is done, the index'th. */
static inline void backend_pass_step(struct backend_pass *pass, size_t index)
{
	if (!pass->clock)
		return;
	if (index == 0)
		pass->first = pass->clock();
	else
		pass->skew = pass->clock() - pass->first;
}

/* perf.c: the kernel's perf_event_open(2) and its interrupt total. */
extern const struct backend_operations perf_backend;

/* msr_files.c: the registers of this machine's CPUs, through msr(4). Chosen by name only. */
extern const struct backend_operations msr_backend;

/*
 * Puts back what a killed perfmond with the backend msr left changed, where STATE_DIR/msr/journal
 * tells of any: the registers are the machine's, whichever backend and node is chosen next. For a
 * start with another backend; that of msr does it when it opens. What cannot be put back is logged
 * with what to do, and stays in the journal.
 */
void msr_recover(const struct backend_options *options);

/* sim.c: the register programming of msr.c on a modelled CPU. Chosen by name only. */
extern const struct backend_operations sim_backend;

#endif

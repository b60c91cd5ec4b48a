/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_H
#define PERFMOND_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From what a client asks for (an event code of 1996, a unit mask, flags) to what a backend counts.
 */

/* Whose event codes the clients use: --events. */
enum event_set {
	EVENT_SET_AUTO,
	EVENT_SET_P5,
	EVENT_SET_P6,
	EVENT_SET_NATIVE,
};

/* Whose codes a backend's `native` codes are. */
enum cpu_class {
	CPU_OTHER, /* not x86: it has no event select of this kind */
	CPU_X86,   /* an x86 CPU that came after the P6 */
	CPU_P5,
	CPU_P6,
};

enum event_kind {
	EVENT_NONE,
	EVENT_NATIVE,     /* an event select of the CPU at hand */
	EVENT_PERF,       /* a perf_event_open(2) type and configuration */
	EVENT_INTERRUPTS, /* the interrupts that the kernel served, on all CPUs */
};

/* An event select's bytes in pmc_val: event, unit mask, flags, counter mask. */
#define SELECT_EVENT(select) ((uint8_t)(select))
#define SELECT_UNIT(select)  ((uint8_t)((select) >> 8))
#define SELECT_FLAGS(select) ((uint8_t)((select) >> 16))
#define SELECT_MASK(select)  ((uint8_t)((select) >> 24))

struct event {
	const char *name; /* the legacy name, or NULL */
	enum event_kind kind;
	bool user;          /* count what happens in user mode */
	bool kernel;        /* count what happens in kernel mode */
	uint32_t select;    /* pmc_val of the request */
	uint32_t perf_type; /* EVENT_PERF, and EVENT_NATIVE on x86 */
	uint64_t perf_config;
};

/* Whether a backend takes a set: one that takes no legacy events has its own CPU's codes alone. */
bool event_set_fits(enum event_set asked, enum cpu_class cpu, bool legacy);

/*
 * The set that --events means on a CPU: auto is native on a P5 or P6, else p6. Returns 0, or
 * -EOPNOTSUPP with the cause logged where it does not fit.
 */
int event_set_choose(enum event_set asked, enum cpu_class cpu, bool legacy,
		     enum event_set *ret_set);

/*
 * Finds what counts a request's event.
 * select: pmc_val without PMCF_SYS_FLAGS.
 * Returns 0, or -EOPNOTSUPP with the cause logged: the event, or a flag or counter mask that goes
 * with it, has no exact counterpart here. The legacy events that have one know no unit mask; one
 * that is set means nothing, as it did.
 */
int event_resolve(enum event_set set, enum cpu_class cpu, uint32_t select, struct event *ret_event);

/* The original header's name of an event code, or NULL where the set's code has none. */
const char *event_name(enum event_set set, enum cpu_class cpu, uint8_t code);

/* The option word of a set. */
const char *event_set_name(enum event_set set);

/* The class of the CPU that this program runs on, by CPUID. */
enum cpu_class event_cpu_class(void);

#endif

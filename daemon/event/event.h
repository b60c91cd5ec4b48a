/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_H
#define PERFMOND_EVENT_H

#include <stdbool.h>
#include <stddef.h>
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

/* Who made a CPU, as far as the meaning of the kernel's generic events goes. */
#define MAKER_INTEL 0x01u
#define MAKER_AMD   0x02u
#define MAKER_ARM   0x04u
#define MAKER_POWER 0x08u
#define MAKER_OTHER 0x10u
#define MAKER_ANY   0x1fu

/* The CPU families whose own events are known. */
enum cpu_family {
	FAMILY_SKL,
	FAMILY_ICL,
	FAMILY_ZEN2,
	FAMILY_ZEN3,
	FAMILY_ZEN4,
	FAMILY_N1,
	FAMILY_N2,
	FAMILY_POWER9,
	FAMILIES,
};

/* A CPU, as far as it matters to events. */
struct event_cpu {
	enum cpu_class class;
	unsigned maker;         /* one of MAKER_ */
	enum cpu_family family; /* FAMILIES: none of them */
	char pmu[32];           /* libpfm4's name of its PMU, "" where it knows none */
};

/* Whose events are counted: --scope. */
enum event_scope {
	SCOPE_SYSTEM, /* all programs' and the kernel's, on all CPUs */
	SCOPE_CPU,    /* the same on one CPU */
	SCOPE_OPENER, /* those of the process that set the counter up, and of what it starts */
};

/* How an event is counted. */
enum event_kind {
	EVENT_NONE,
	EVENT_NATIVE,     /* an event select of the CPU at hand */
	EVENT_PERF,       /* one to EVENT_TERMS perf_event_open(2) events, added */
	EVENT_INTERRUPTS, /* the interrupts that the kernel served, on all CPUs */
	EVENT_TASK_CLOCK, /* the time that a program ran, in clocks of the time stamp counter */
};

/* How what is counted relates to what was asked for. */
enum event_class {
	EVENT_CLASS_NONE,
	EVENT_CLASS_EXACT,
	EVENT_CLASS_NEAR,  /* the kernel's generic event, or sum of two, differs a little */
	EVENT_CLASS_MODEL, /* events of this CPU model's own, which differ as their fidelity says */
	EVENT_CLASS_SOFTWARE, /* the kernel's own count, not the hardware's */
	EVENT_CLASS_NATIVE,   /* the code is the CPU's own */
};

/* How near a model's own events come. */
enum event_fidelity {
	FIDELITY_NONE,
	FIDELITY_LOW, /* something else that moves with it: by --approximate only */
	FIDELITY_MEDIUM,
	FIDELITY_HIGH,
};

/* An event select's bytes in pmc_val: event, unit mask, flags, counter mask. */
#define SELECT_EVENT(select) ((uint8_t)(select))
#define SELECT_UNIT(select)  ((uint8_t)((select) >> 8))
#define SELECT_FLAGS(select) ((uint8_t)((select) >> 16))
#define SELECT_MASK(select)  ((uint8_t)((select) >> 24))

/* perf_event_open(2)'s attr.type and attr.config. */
struct event_term {
	uint32_t type;
	uint64_t config;
};

/* The most events that a legacy event is the sum of, and room for their names. */
#define EVENT_TERMS   4
#define EVENT_COUNTED 400

struct event {
	const char *name; /* the legacy name, or NULL */
	enum event_kind kind;
	enum event_class class;
	enum event_fidelity fidelity; /* FIDELITY_NONE but for EVENT_CLASS_MODEL */
	bool user;                    /* count what happens in user mode */
	bool kernel;                  /* count what happens in kernel mode */
	int counter;                  /* the one that the old CPU counted it on, or -1 */
	uint32_t select;              /* pmc_val of the request */
	unsigned terms;
	struct event_term term[EVENT_TERMS]; /* EVENT_PERF, and EVENT_NATIVE for perf */
	char counted[EVENT_COUNTED];         /* what counts it, by its name today */
	const char *note;                    /* how that differs, "" where it does not */
};

/* What a backend can be given. */
struct event_source {
	bool native;          /* EVENT_NATIVE */
	bool legacy;          /* EVENT_PERF, and EVENT_INTERRUPTS in SCOPE_SYSTEM */
	bool clock;           /* EVENT_TASK_CLOCK */
	bool pmu;             /* it counts hardware events */
	struct event_cpu cpu; /* whose codes EVENT_NATIVE has, and whose events EVENT_PERF */
	const char *note;     /* of every EVENT_NATIVE: how its counts differ, NULL: they do not */
};

/* By which rules requests are resolved, for all the life of a device. */
struct event_rules {
	enum event_set set; /* never EVENT_SET_AUTO */
	enum event_scope scope;
	bool approximate; /* FIDELITY_LOW will do */
	struct event_source source;
};

/* Whether a backend takes a set: one that takes no legacy events has its own CPU's codes alone. */
bool event_set_fits(enum event_set asked, const struct event_source *source);

/*
 * The set that --events means: auto is native on a P5 or P6 whose counters can be had, else p6.
 * Returns 0, or -EOPNOTSUPP with the cause logged where it does not fit.
 */
int event_set_choose(enum event_set asked, const struct event_source *source,
		     enum event_set *ret_set);

/*
 * Finds what counts a request's event.
 * select: pmc_val without PMCF_SYS_FLAGS.
 * Returns 0, or an error with the cause in why: -EOPNOTSUPP where nothing on this CPU, in this
 * scope, counts the event with the flags and masks that go with it; -ENOMEM. Edge, invert and
 * counter mask are carried to an event that is one event select of an x86 CPU, and refused
 * elsewhere. A unit mask that the old CPU ignored is ignored.
 */
int event_translate(const struct event_rules *rules, uint32_t select, struct event *ret_event,
		    char *why, size_t size);

/* The same for a PMIOSETUP: the cause is logged. */
int event_resolve(const struct event_rules *rules, uint32_t select, struct event *ret_event);

/* In a line: what counts the event, its class, and how it differs. */
const char *event_describe(const struct event *event, char *text, size_t size);

/* The original header's name of an event code, or NULL where the set's code has none. */
const char *event_name(enum event_set set, enum cpu_class cpu, uint8_t code);

/* The option word of a set, and of a class. */
const char *event_set_name(enum event_set set);
const char *event_class_name(enum event_class class);

/* The class of an Intel CPU by its signature, EAX of CPUID leaf 1. */
enum cpu_class event_class_of(uint32_t signature);

/* The class of the CPU that this program runs on, by CPUID. */
enum cpu_class event_cpu_class(void);

/*
 * The CPU that this program runs on: by CPUID, and libpfm4 for its family. Where libpfm4 cannot
 * tell, or tells of several kinds of core, the family is none, said in the log.
 */
void event_cpu_detect(struct event_cpu *ret_cpu);

#endif

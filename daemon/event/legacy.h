/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_LEGACY_H
#define PERFMOND_EVENT_LEGACY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

/*
 * What counts a legacy event on today's machines. The tables are generated from p5.tsv and p6.tsv;
 * generate.py says what their columns are. A row with no name ends each.
 */

/* An event of a CPU family: libpfm4's name, and the attr.config that the name makes there. */
struct legacy_model {
	const char *name;
	uint64_t config;
};

#define UNIT_ANY (-1)

struct legacy_event {
	uint8_t code;
	const char *name;
	int unit;    /* the unit mask that the row is for, or UNIT_ANY */
	unsigned on; /* makers */
	enum event_class class;
	enum event_fidelity fidelity; /* of the model's events */
	bool duration;                /* the old CPU counted clocks, or a sum over clocks */
	int counter;                  /* the one that the old CPU counted it on, or -1 */
	struct event_term generic[EVENT_TERMS];
	unsigned generic_terms;
	const char *generic_name;
	unsigned generic_on; /* makers */
	enum event_kind software;
	const struct legacy_model *model[FAMILIES]; /* ended by a NULL name */
	const char *note;                           /* how the count differs, or NULL */
};

extern const struct legacy_event legacy_p5[];
extern const struct legacy_event legacy_p6[];

#endif

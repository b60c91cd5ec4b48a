/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_EVENTS_H
#define PERFMON_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The events of <machine/perfmon.h>, by name. */

struct event {
	const char *name; /* with PMC6_ or PMC5_ */
	uint8_t code;
	uint8_t unit; /* what pmc_unit must not be 0 for: all its bits, or 0 */
	bool p5;
	bool clocks; /* it is a number of clocks, by which PMCF_E would be edges */
	const char *meaning;
};

#define EVENTS 106

extern const struct event event_table[EVENTS];

/* The event of a code, or NULL. */
const struct event *events_by_code(bool p5, unsigned code);

/*
 * The event of a name: in any case, with PMC6_ or PMC5_ or without. A name that both have is the
 * Pentium Pro's, unless p5. NULL where there is none.
 */
const struct event *events_by_name(const char *name, size_t length, bool p5);

/*
 * The event whose name is the least changes away from what somebody wrote; NULL where that is more
 * than one in three letters.
 */
const struct event *events_nearest(const char *name, size_t length, bool p5);

#endif

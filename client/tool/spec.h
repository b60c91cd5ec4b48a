/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_SPEC_H
#define PERFMON_SPEC_H

#include <perfmon/device.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"
#include "tool.h"

/*
 * What -e asks for, EVENT[:u][:k][:e][:i][:c=N][:m=N],... An event is a name or a code; u counts in
 * user mode, k in the kernel, with neither both; e edges, i inverted, c the counter mask, m the
 * unit mask.
 */

#define SPECS_MAX 64

/* Which codes perfmond takes, by its --events. */
enum codes { CODES_P6, CODES_P5, CODES_NATIVE };

struct spec {
	char label[64];               /* the event's name, or its code, with its flags */
	const struct event *event;    /* NULL: a code that has no name, or the CPU's own */
	uint32_t value;               /* pmc_val */
	struct perfmon_event counted; /* what perfmond counts for it */
	unsigned group;               /* those of a group are counted together, at most NPMC */
	int counter;                  /* on which */
};

/* A code, 0 to 255 in decimal or with 0x before it, of a text of this length. */
bool spec_code(const char *text, size_t length, unsigned *ret_code);

/*
 * What perfmond takes: found by asking what it counts. Returns 0 or a negative errno: -EOPNOTSUPP
 * it counts none of the known events.
 */
int spec_find_codes(struct perfmon *device, enum codes *ret_codes);

/* The same, and an error is said. */
int spec_codes(struct perfmon *device, enum codes *ret_codes);

/*
 * Takes a list of events apart, and asks perfmond for each, so that specs[i].counted is set.
 * Returns 0, or an exit status, said: STATUS_USAGE what was written is no event, STATUS_FAILURE
 * this machine cannot count it.
 */
int spec_parse(const struct subcommand *subcommand, struct perfmon *device, const char *list,
	       struct spec *specs, size_t *ret_count);

/* The events that tell most, of those that the machine can count: two at the most. As above. */
int spec_default(const struct subcommand *subcommand, struct perfmon *device, struct spec *specs,
		 size_t *ret_count);

/*
 * Gives each its group and counter: the one that the old CPU had it on, where the CPU's own
 * counters are used. Returns the number of groups.
 */
unsigned spec_group(struct spec *specs, size_t count);

/* "exact", "near", "model (high)", "software", "native". */
const char *spec_class(const struct perfmon_event *counted);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_LEGACY_NAMES_H
#define PERFMOND_TEST_UNIT_LEGACY_NAMES_H

#include <stdint.h>

#include "event/event.h"

/* The names and codes of <machine/perfmon.h>, as a second opinion. */
struct legacy_name {
	uint8_t code;
	const char *name;
};

/* The name of a code of EVENT_SET_P5 or EVENT_SET_P6, or NULL. */
const char *legacy_name(enum event_set set, unsigned code);

/* pmc_val's flags, in their place. */
#define USR  0x010000u
#define OS   0x020000u
#define EDGE 0x040000u
#define PIN  0x080000u
#define INV  0x800000u
#define BOTH (USR | OS)

#endif

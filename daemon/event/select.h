/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_SELECT_H
#define PERFMOND_EVENT_SELECT_H

#include <machine/perfmon.h>
#include <stdint.h>

#include "event/event.h"

/* Bits of an x86 event select, SDM volume 3B, figure 19-1; perf's attr.config takes them as they
 * are. */
#define X86_EDGE      (1u << 18)
#define X86_INVERT    (1u << 23)
#define X86_MASK      0xff000000u
#define X86_MODIFIERS (X86_EDGE | X86_INVERT | X86_MASK)

/* Edge, invert and counter mask of pmc_val. */
static inline uint32_t select_modifiers(uint32_t select)
{
	return (select & X86_MASK) | (SELECT_FLAGS(select) & PMCF_E ? X86_EDGE : 0) |
	       (SELECT_FLAGS(select) & PMCF_INV ? X86_INVERT : 0);
}

#endif

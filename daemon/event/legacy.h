/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_LEGACY_H
#define PERFMOND_EVENT_LEGACY_H

#include <stdint.h>

#include "event/event.h"

/*
 * What counts a legacy event exactly on today's machines. The tables are generated from p5.tsv and
 * p6.tsv and indexed by the event code of the original header; a code that names no event has no
 * name.
 */
struct legacy_event {
	const char *name;
	enum event_kind kind;
	uint32_t perf_type;
	uint64_t perf_config;
};

extern const struct legacy_event legacy_p5[256];
extern const struct legacy_event legacy_p6[256];

#endif

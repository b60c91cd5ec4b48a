/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_RESOLVE_H
#define PERFMOND_TEST_UNIT_RESOLVE_H

#include <stdint.h>

#include "event/event.h"

/* event_resolve() by rules, with what it must do on success and on failure. */

/* The rules of a set in SCOPE_SYSTEM on a CPU with a PMU, of a maker and of a family or none. */
struct event_rules rules_of(enum event_set set, unsigned maker, enum cpu_family family,
			    const char *pmu);

/* Resolves without a word. */
struct event must_resolve(const struct event_rules *rules, uint32_t select);

/* Refuses with one line that names the code and the cause, and leaves the event alone. */
void must_refuse(const struct event_rules *rules, uint32_t select, const char *cause);

/* Is counted by one event of perf_event_open(2). */
void check_term(const struct event *event, uint32_t type, uint64_t config);

#endif

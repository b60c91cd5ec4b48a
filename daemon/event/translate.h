/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_TRANSLATE_H
#define PERFMOND_EVENT_TRANSLATE_H

#include "event/event.h"
#include "event/legacy.h"

/* The rows of a set on a CPU, or NULL where its codes have no legacy names. */
const struct legacy_event *translate_table(enum event_set set, enum cpu_class cpu);

/*
 * Finds what counts a legacy event. *event has select, user and kernel; the rest is filled in.
 * Returns 0, or -EOPNOTSUPP with the cause in why.
 */
int translate_legacy(const struct event_rules *rules, struct event *event, char *why, size_t size);

#endif

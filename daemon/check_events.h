/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_CHECK_EVENTS_H
#define PERFMOND_CHECK_EVENTS_H

struct backend_operations;
struct options;
struct report;

/*
 * Of --check: a finding for each set of events, of what the backend counts of it. backend: the one
 * that the options choose, whose check() came last to the report, or NULL where it cannot be used.
 * Returns the name of the set that a start with the options would take, or NULL.
 */
const char *check_events(const struct options *options, const struct backend_operations *backend,
			 struct report *report);

#endif

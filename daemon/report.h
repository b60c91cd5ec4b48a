/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_REPORT_H
#define PERFMOND_REPORT_H

#include <stdbool.h>

#include "event/event.h"

/*
 * What --check finds out: one finding per transport, backend and event source. It goes to the
 * caller's function at once; strings live until that returns.
 */
struct finding {
	const char *kind; /* "transport", "backend", "events", "time stamp", ...: check.h has them
			     all */
	const char *name; /* "cuse", "perf", ... */
	bool usable;
	const char *reason; /* what was seen */
	const char *remedy; /* what to do about it, or NULL */
};

struct report {
	void (*add)(struct report *report, const struct finding *finding);

	/*
	 * Set by the check of a backend that can be used: what it takes, and whether the machine
	 * counts an event. NULL: it does not ask the machine.
	 */
	struct event_source source;
	bool (*counts)(const struct event *event);
};

/* Adds a finding with a reason of up to 511 bytes, printed. */
void report_add(struct report *report, const char *kind, const char *name, bool usable,
		const char *remedy, const char *reason, ...) __attribute__((format(printf, 6, 7)));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "seed.h"

#include <stddef.h>

#include "tap.h"

static void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
}

/* no_pmu: NULL where there is one. */
static void check(const struct statement *statements, const char *no_pmu)
{
	for (const struct statement *statement = statements; statement->name; statement++)
		if (no_pmu)
			skip(statement->name, no_pmu);
		else if (!statement->holds)
			skip(statement->name, statement->absent);
		else
			result(statement->holds(), statement->name);
}

int main(void)
{
	static const struct statement *const sections[] = { seed_creating, seed_enabling,
							    seed_beside, seed_closing,
							    seed_others };
	struct perf_event_attr attr = seed_attr();
	struct ebb_event *event = NULL;
	const char *no_pmu = NULL;

	if (ebb_event_open(&attr, SEED_PERIOD, NULL, 0, &event) < 0)
		no_pmu = ebb_error();
	else
		seed_close(event);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		check(sections[i], no_pmu);
	return tap_end();
}

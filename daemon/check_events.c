/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_events.h"

#include <machine/perfmon.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"
#include "event/translate.h"
#include "options.h"
#include "report.h"

/* What of a set's events this machine counts. */
struct tally {
	size_t events;
	size_t counted;
	size_t of_class[EVENT_CLASS_NATIVE + 1];
	char names[160]; /* as many as there is room for */
};

/* An event as a client asks for it that wants all of it: everywhere, with every unit mask. */
static uint32_t whole_select(enum event_set set, const struct legacy_event *row)
{
	uint32_t flags = PMCF_USR | PMCF_OS;

	if (set == EVENT_SET_P5 && !row->duration)
		flags |= PMCF_E;
	return row->code | (row->unit == UNIT_ANY ? 0 : (uint32_t)row->unit << 8) | flags << 16;
}

static bool is_counted(const struct report *report, const struct event *event)
{
	return event->kind == EVENT_INTERRUPTS || report->counts(event);
}

static void add_name(struct tally *tally, const char *name)
{
	static const char more[] = ", ...";
	size_t length = strlen(tally->names);

	if (length + strlen(name) + 2 + sizeof more <= sizeof tally->names)
		sprintf(tally->names + length, "%s%s", length ? ", " : "", name);
	else if (length < sizeof more || strcmp(tally->names + length - sizeof more + 1, more) != 0)
		strcat(tally->names, more);
}

/* A row for one unit mask or maker more is the same event. */
static void tally_set(const struct report *report, const struct event_rules *rules,
		      struct tally *tally)
{
	const struct legacy_event *table = translate_table(rules->set, CPU_OTHER);

	for (const struct legacy_event *row = table; row->name; row++) {
		struct event event;
		char why[256];

		if (row > table && row[-1].code == row->code)
			continue;
		tally->events++;
		if (event_translate(rules, whole_select(rules->set, row), &event, why, sizeof why) <
			    0 ||
		    !is_counted(report, &event))
			continue;
		tally->counted++;
		tally->of_class[event.class]++;
		add_name(tally, event.name);
	}
}

static void report_legacy(const struct options *options, struct report *report, enum event_set set,
			  const char *name)
{
	const struct event_rules rules = { .set = set,
					   .scope = options->scope,
					   .approximate = options->approximate,
					   .source = report->source };
	struct tally tally = { 0 };
	const char *remedy = NULL;

	tally_set(report, &rules, &tally);
	if (rules.source.pmu && rules.source.cpu.family == FAMILIES)
		remedy =
			"none for a CPU model whose own events are not known: the kernel's generic "
			"events are counted";
	else if (tally.counted < tally.events && !rules.source.pmu)
		remedy = "see the backend above for the others";
	report_add(
		report, "events", name, tally.counted > 0, remedy,
		"counts %zu of %zu (%zu exact, %zu near, %zu by the model's own, %zu software)%s%s",
		tally.counted, tally.events, tally.of_class[EVENT_CLASS_EXACT],
		tally.of_class[EVENT_CLASS_NEAR], tally.of_class[EVENT_CLASS_MODEL],
		tally.of_class[EVENT_CLASS_SOFTWARE], *tally.names ? ": " : "", tally.names);
}

static void report_set(const struct options *options, const struct backend_operations *backend,
		       struct report *report, enum event_set asked)
{
	const char *name = event_set_name(asked);
	enum event_set set = asked;

	if (!backend) {
		report_add(report, "events", name, false,
			   "see the backend above, or choose another (--backend)",
			   "backend %s cannot be used", options->backend->name);
		return;
	}
	if (!event_set_fits(asked, &report->source)) {
		report_add(report, "events", name, false, "use --events native",
			   "backend %s takes the codes of its own CPU only", backend->name);
		return;
	}
	(void)event_set_choose(asked, &report->source, &set);
	if (set != EVENT_SET_NATIVE)
		report_legacy(options, report, set, name);
	else if (report->source.native)
		report_add(report, "events", name, true, NULL,
			   "counts the event codes of the CPU that backend %s has", backend->name);
	else
		report_add(report, "events", name, false,
			   "see the backend above; other events may do (--events)",
			   "this machine has no counters for them: every open would answer ENXIO");
}

const char *check_events(const struct options *options, const struct backend_operations *backend,
			 struct report *report)
{
	enum event_set set;

	for (int asked = EVENT_SET_P5; asked <= EVENT_SET_NATIVE; asked++)
		report_set(options, backend, report, (enum event_set)asked);
	if (!backend || !event_set_fits(options->events, &report->source) ||
	    event_set_choose(options->events, &report->source, &set) < 0)
		return NULL;
	return event_set_name(set);
}

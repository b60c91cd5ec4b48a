/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>

#include "event/legacy.h"
#include "event/select.h"
#include "event/translate.h"
#include "log.h"

/* The one bit of pmc_flags that the original header gives no name: a P6 reserves it. */
#define FLAG_RESERVED 0x20

const char *event_set_name(enum event_set set)
{
	static const char *const names[] = {
		[EVENT_SET_AUTO] = "auto",
		[EVENT_SET_P5] = "p5",
		[EVENT_SET_P6] = "p6",
		[EVENT_SET_NATIVE] = "native",
	};

	return names[set];
}

const char *event_class_name(enum event_class class)
{
	static const char *const names[] = {
		[EVENT_CLASS_NONE] = "none",         [EVENT_CLASS_EXACT] = "exact",
		[EVENT_CLASS_NEAR] = "near",         [EVENT_CLASS_MODEL] = "model",
		[EVENT_CLASS_SOFTWARE] = "software", [EVENT_CLASS_NATIVE] = "native",
	};

	return names[class];
}

static const char *fidelity_name(enum event_fidelity fidelity)
{
	static const char *const names[] = {
		[FIDELITY_NONE] = "",
		[FIDELITY_LOW] = ", low fidelity",
		[FIDELITY_MEDIUM] = ", medium fidelity",
		[FIDELITY_HIGH] = ", high fidelity",
	};

	return names[fidelity];
}

/*
 * Whether the set is that of the CPU itself. A P5 or P6 whose counters cannot be had is as any
 * other CPU.
 */
static bool is_own(enum event_set asked, const struct event_source *source)
{
	enum cpu_class cpu = source->native ? source->cpu.class : CPU_OTHER;

	if (asked == EVENT_SET_AUTO)
		return !source->legacy || cpu == CPU_P5 || cpu == CPU_P6;
	return asked == EVENT_SET_NATIVE || (asked == EVENT_SET_P5 && cpu == CPU_P5) ||
	       (asked == EVENT_SET_P6 && cpu == CPU_P6);
}

bool event_set_fits(enum event_set asked, const struct event_source *source)
{
	return source->legacy || is_own(asked, source);
}

int event_set_choose(enum event_set asked, const struct event_source *source,
		     enum event_set *ret_set)
{
	if (!event_set_fits(asked, source)) {
		log_error("--events %s: a backend that programs registers takes the codes of its "
			  "own CPU "
			  "only; use --events native",
			  event_set_name(asked));
		return -EOPNOTSUPP;
	}
	if (is_own(asked, source))
		*ret_set = EVENT_SET_NATIVE;
	else
		*ret_set = asked == EVENT_SET_AUTO ? EVENT_SET_P6 : asked;
	return 0;
}

const char *event_name(enum event_set set, enum cpu_class cpu, uint8_t code)
{
	const struct legacy_event *table = translate_table(set, cpu);

	for (const struct legacy_event *row = table; row && row->name; row++)
		if (row->code == code)
			return row->name;
	return NULL;
}

static int translate_native(const struct event_rules *rules, struct event *event, char *why,
			    size_t size)
{
	uint32_t select = event->select;

	event->name = event_name(EVENT_SET_NATIVE, rules->source.cpu.class, SELECT_EVENT(select));
	event->kind = EVENT_NATIVE;
	event->class = EVENT_CLASS_NATIVE;
	event->note = rules->source.note ? rules->source.note : "";
	event->terms = 1;
	/* USR and OS go by the attributes. PC drives a pin that counts nothing, and perf refuses
	 * it. */
	event->term[0] =
		(struct event_term){ PERF_TYPE_RAW, (select & 0xffff) | select_modifiers(select) };
	if (rules->source.cpu.class == CPU_OTHER && (event->term[0].config & X86_MODIFIERS)) {
		snprintf(why, size,
			 "this CPU's event selects have no edge, invert and counter mask");
		return -EOPNOTSUPP;
	}
	snprintf(event->counted, sizeof event->counted, "event select 0x%08x", select);
	return 0;
}

int event_translate(const struct event_rules *rules, uint32_t select, struct event *ret_event,
		    char *why, size_t size)
{
	struct event event = {
		.user = SELECT_FLAGS(select) & PMCF_USR,
		.kernel = SELECT_FLAGS(select) & PMCF_OS,
		.counter = -1,
		.select = select,
		.note = "",
	};
	int result;

	if (SELECT_FLAGS(select) & FLAG_RESERVED) {
		snprintf(why, size, "flag 0x%02x is reserved", FLAG_RESERVED);
		return -EOPNOTSUPP;
	}
	result = rules->set == EVENT_SET_NATIVE ? translate_native(rules, &event, why, size)
						: translate_legacy(rules, &event, why, size);
	if (result == 0)
		*ret_event = event;
	return result;
}

int event_resolve(const struct event_rules *rules, uint32_t select, struct event *ret_event)
{
	char why[256];
	int result = event_translate(rules, select, ret_event, why, sizeof why);

	if (result < 0) {
		const char *name =
			event_name(rules->set, rules->source.cpu.class, SELECT_EVENT(select));

		log_info("PMIOSETUP: event 0x%02x%s%s: %s", SELECT_EVENT(select), name ? " " : "",
			 name ? name : "", why);
	}
	return result;
}

const char *event_describe(const struct event *event, char *text, size_t size)
{
	snprintf(text, size, "%s (%s%s)%s%s", event->counted, event_class_name(event->class),
		 fidelity_name(event->fidelity), *event->note ? ": " : "", event->note);
	return text;
}

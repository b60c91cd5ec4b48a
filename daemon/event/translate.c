/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/translate.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <string.h>

#include "event/model.h"
#include "event/select.h"

const struct legacy_event *translate_table(enum event_set set, enum cpu_class cpu)
{
	if (set == EVENT_SET_P5 || (set == EVENT_SET_NATIVE && cpu == CPU_P5))
		return legacy_p5;
	if (set == EVENT_SET_P6 || (set == EVENT_SET_NATIVE && cpu == CPU_P6))
		return legacy_p6;
	return NULL;
}

static bool matches(const struct legacy_event *row, const struct event *event,
		    const struct event_rules *rules)
{
	return row->code == SELECT_EVENT(event->select) && (row->on & rules->source.cpu.maker) &&
	       (row->unit == UNIT_ANY || row->unit == SELECT_UNIT(event->select));
}

/* Why no row matches: the code is none, or its unit mask is not among those of the rows. */
static void explain_no_row(const struct legacy_event *table, uint32_t select, char *why,
			   size_t size)
{
	const char *before = "the original header has no event of this code";
	size_t length = 0;

	for (const struct legacy_event *row = table; row->name; row++)
		if (row->code == SELECT_EVENT(select)) {
			before = length ? " or" : "its unit mask can be carried as";
			length += (size_t)snprintf(why + length, size - length, "%s 0x%02x", before,
						   (unsigned)row->unit);
		}
	if (length == 0)
		snprintf(why, size, "%s", before);
	else
		snprintf(why + length, size - length, ", not as 0x%02x", SELECT_UNIT(select));
}

static const struct legacy_event *find_row(const struct event_rules *rules,
					   const struct event *event, char *why, size_t size)
{
	const struct legacy_event *table = translate_table(rules->set, rules->source.cpu.class);

	for (const struct legacy_event *row = table; row->name; row++)
		if (matches(row, event, rules))
			return row;
	explain_no_row(table, event->select, why, size);
	return NULL;
}

/*
 * The edge flag as it is to be carried. A P5 counts clocks unless told to count edges, a P6 the
 * other way round: an event that happens, and lasts not, is counted by its edges there.
 */
static bool wants_edge(const struct event_rules *rules, const struct legacy_event *row,
		       uint32_t select)
{
	return (SELECT_FLAGS(select) & PMCF_E) && (rules->set != EVENT_SET_P5 || row->duration);
}

static bool wants_modifier(const struct event_rules *rules, const struct legacy_event *row,
			   uint32_t select)
{
	return wants_edge(rules, row, select) || SELECT_MASK(select);
}

static int refuse(char *why, size_t size, const char *cause)
{
	snprintf(why, size, "%s", cause);
	return -EOPNOTSUPP;
}

static int use_software(const struct legacy_event *row, struct event *event, char *why, size_t size)
{
	if (event->user != event->kernel)
		return refuse(why, size,
			      row->software == EVENT_INTERRUPTS
				      ? "the kernel's total cannot tell user from kernel: set both "
					"PMCF_USR and PMCF_OS"
				      : "the kernel's clock cannot tell user from kernel: set both "
					"PMCF_USR and PMCF_OS");
	event->kind = row->software;
	if (row->software == EVENT_INTERRUPTS) {
		event->class = EVENT_CLASS_SOFTWARE;
		event->note = "the kernel's total for all CPUs; machine checks and retried "
			      "interprocessor interrupts count on x86";
		snprintf(event->counted, sizeof event->counted, "intr of /proc/stat");
	} else {
		event->class = EVENT_CLASS_NEAR;
		event->note =
			"clocks of the time stamp counter while the process ran, not of the core";
		event->terms = 1;
		event->term[0] =
			(struct event_term){ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK };
		snprintf(event->counted, sizeof event->counted, "task-clock * time stamp rate");
	}
	return 0;
}

static int use_generic(const struct legacy_event *row, struct event *event)
{
	event->kind = EVENT_PERF;
	event->class = row->class;
	event->note = row->note ? row->note : "";
	event->terms = row->generic_terms;
	memcpy(event->term, row->generic, sizeof event->term);
	snprintf(event->counted, sizeof event->counted, "%s", row->generic_name);
	return 0;
}

/* libpfm4 and the table, two researches, have to agree on what an event's name makes. */
static int encode(const struct event_rules *rules, const struct legacy_model *model,
		  uint64_t *ret_config, char *why, size_t size)
{
	uint64_t config;
	int result = model_encode(rules->source.cpu.pmu, model->name, &config);

	if (result < 0 && result != -EOPNOTSUPP) {
		snprintf(why, size, "libpfm4 cannot look %s::%s up: %s", rules->source.cpu.pmu,
			 model->name, strerror(-result));
		return result;
	}
	if (result < 0 || config != model->config) {
		snprintf(why, size, "this libpfm4 has %s::%s not as 0x%llx", rules->source.cpu.pmu,
			 model->name, (unsigned long long)model->config);
		return -EOPNOTSUPP;
	}
	*ret_config = config;
	return 0;
}

static int use_model(const struct event_rules *rules, const struct legacy_event *row,
		     struct event *ret_event, char *why, size_t size)
{
	struct event event = *ret_event;
	size_t length = 0;

	for (const struct legacy_model *model = row->model[rules->source.cpu.family]; model->name;
	     model++) {
		struct event_term *term = &event.term[event.terms];
		int result = encode(rules, model, &term->config, why, size);

		if (result < 0)
			return result;
		term->type = PERF_TYPE_RAW;
		length += (size_t)snprintf(event.counted + length, sizeof event.counted - length,
					   "%s%s", event.terms++ ? "+" : "", model->name);
	}
	event.kind = EVENT_PERF;
	event.class = row->class == EVENT_CLASS_EXACT ? EVENT_CLASS_EXACT : EVENT_CLASS_MODEL;
	event.fidelity = row->class == EVENT_CLASS_EXACT ? FIDELITY_NONE : row->fidelity;
	event.note = row->note ? row->note : "";
	*ret_event = event;
	return 0;
}

/* Carries edge, invert and counter mask to one event select that has none of its own. */
static int carry(const struct event_rules *rules, const struct legacy_event *row,
		 struct event *event, char *why, size_t size)
{
	uint32_t modifiers = select_modifiers(event->select);

	/* The inverted comparison means something with a counter mask only, SDM 18.22. */
	if (!SELECT_MASK(event->select))
		modifiers &= ~X86_INVERT;
	if (!wants_edge(rules, row, event->select))
		modifiers &= ~X86_EDGE;
	if (!(rules->source.cpu.maker & (MAKER_INTEL | MAKER_AMD)) || event->terms != 1 ||
	    (event->term[0].config & X86_MODIFIERS))
		return refuse(
			why, size,
			"PMCF_E, PMCF_INV and the counter mask cannot be carried to what counts "
			"it here");
	event->term[0].config |= modifiers;
	return 0;
}

static bool has_model(const struct event_rules *rules, const struct legacy_event *row)
{
	return rules->source.cpu.family != FAMILIES && row->model[rules->source.cpu.family];
}

/* Where nothing here is left to count it. */
static int refuse_row(const struct event_rules *rules, const struct legacy_event *row, char *why,
		      size_t size)
{
	if (row->class == EVENT_CLASS_NONE)
		return refuse(why, size, "no event of today's CPUs is like it");
	if (row->software == EVENT_INTERRUPTS)
		return refuse(why, size,
			      "the kernel counts interrupts for the whole machine: --scope system");
	if (has_model(rules, row) && row->fidelity == FIDELITY_LOW)
		return refuse(
			why, size,
			"what this CPU has stands for it and no more: --approximate takes that");
	return refuse(
		why, size,
		rules->source.cpu.family == FAMILIES
			? "the kernel's generic events are not like it, and this CPU model's own "
			  "are not known"
			: "no event of this CPU is like it");
}

/* The kernel's own counts stand in where the hardware has none, or none for all CPUs. */
static bool is_software(const struct event_rules *rules, const struct legacy_event *row)
{
	if (row->software == EVENT_INTERRUPTS)
		return rules->scope == SCOPE_SYSTEM;
	return row->software == EVENT_TASK_CLOCK && rules->source.clock && !rules->source.pmu &&
	       rules->scope == SCOPE_OPENER;
}

static int use_row(const struct event_rules *rules, const struct legacy_event *row,
		   struct event *event, char *why, size_t size)
{
	bool modified = wants_modifier(rules, row, event->select);
	bool generic =
		row->generic_terms && (row->generic_on & rules->source.cpu.maker) && !modified;

	if (is_software(rules, row) && !modified &&
	    (event->user == event->kernel || !has_model(rules, row)))
		return use_software(row, event, why, size);
	if (generic && row->class == EVENT_CLASS_EXACT)
		return use_generic(row, event);
	if (has_model(rules, row) && (row->fidelity != FIDELITY_LOW || rules->approximate)) {
		int result = use_model(rules, row, event, why, size);

		if (result == 0 && modified)
			return carry(rules, row, event, why, size);
		/* The generic event stands in for what is not there, not for what is not known. */
		if (result != -EOPNOTSUPP || !generic)
			return result;
	}
	if (generic)
		return use_generic(row, event);
	if (modified && row->class != EVENT_CLASS_NONE)
		return refuse(why, size,
			      "PMCF_E and a counter mask cannot be carried to what counts it here");
	return refuse_row(rules, row, why, size);
}

int translate_legacy(const struct event_rules *rules, struct event *event, char *why, size_t size)
{
	const struct legacy_event *row = find_row(rules, event, why, size);

	if (!row)
		return -EOPNOTSUPP;
	event->name = row->name;
	event->counter = row->counter;
	if (rules->set == EVENT_SET_P5 && !row->duration && !(SELECT_FLAGS(event->select) & PMCF_E))
		return refuse(
			why, size,
			"its duration in clocks cannot be counted (PMCF_E counts how often it "
			"happens)");
	if (rules->set == EVENT_SET_P5 && SELECT_MASK(event->select))
		return refuse(why, size, "a P5 has no counter mask");
	return use_row(rules, row, event, why, size);
}

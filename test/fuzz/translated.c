/* SPDX-License-Identifier: BSD-2-Clause */
#include "translated.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <string.h>

#include "event/translate.h"
#include "fuzz.h"

/* Bits of an x86 event select. */
#define EDGE   (1u << 18)
#define INVERT (1u << 23)
#define MASK   0xff000000u

const struct legacy_event *translated_row(const struct event_rules *rules, uint32_t select)
{
	const struct legacy_event *row = translate_table(rules->set, rules->source.cpu.class);

	for (; row && row->name; row++)
		if (row->code == SELECT_EVENT(select) && (row->on & rules->source.cpu.maker) &&
		    (row->unit == UNIT_ANY || row->unit == SELECT_UNIT(select)))
			return row;
	return NULL;
}

void translated_native(const struct event_rules *rules, uint32_t select, int result,
		       const struct event *event)
{
	uint32_t config = (select & 0xff00ffff) | (select >> 16 & PMCF_E ? EDGE : 0) |
			  (select & (uint32_t)PMCF_INV << 16);
	bool refused = (SELECT_FLAGS(select) & 0x20) ||
		       (rules->source.cpu.class == CPU_OTHER && (config & ~0xffffu));

	MUST(result == (refused ? -EOPNOTSUPP : 0));
	if (refused)
		return;
	MUST(event->kind == EVENT_NATIVE && event->class == EVENT_CLASS_NATIVE);
	MUST(event->terms == 1 && event->term[0].type == PERF_TYPE_RAW &&
	     event->term[0].config == config);
	MUST(event->fidelity == FIDELITY_NONE && !*event->note);
}

/* Those that the kernel knows, perf_event_open(2). */
static bool is_generic(const struct event_term *term)
{
	if (term->type == PERF_TYPE_HARDWARE)
		return term->config < PERF_COUNT_HW_MAX;
	return term->type == PERF_TYPE_HW_CACHE &&
	       (term->config & 0xff) < PERF_COUNT_HW_CACHE_MAX &&
	       (term->config >> 8 & 0xff) < PERF_COUNT_HW_CACHE_OP_MAX &&
	       (term->config >> 16) < PERF_COUNT_HW_CACHE_RESULT_MAX;
}

static void check_generic(const struct event_rules *rules, const struct legacy_event *row,
			  const struct event *event, uint32_t modifiers)
{
	MUST(modifiers == 0 && (row->generic_on & rules->source.cpu.maker));
	MUST(event->class == EVENT_CLASS_EXACT || event->class == EVENT_CLASS_NEAR);
	MUST(event->class == row->class && event->fidelity == FIDELITY_NONE);
	MUST(event->terms == row->generic_terms && strcmp(event->counted, row->generic_name) == 0);
	for (unsigned i = 0; i < event->terms; i++)
		MUST(is_generic(&event->term[i]));
}

static void check_model(const struct event_rules *rules, const struct legacy_event *row,
			const struct event *event, uint32_t modifiers)
{
	const struct legacy_model *model;
	char names[EVENT_COUNTED];
	int length = 0;

	MUST(rules->source.cpu.family != FAMILIES);
	MUST(row->fidelity != FIDELITY_LOW || rules->approximate);
	MUST(row->class == EVENT_CLASS_EXACT
		     ? event->class == EVENT_CLASS_EXACT && event->fidelity == FIDELITY_NONE
		     : event->class == EVENT_CLASS_MODEL && event->fidelity == row->fidelity &&
			       row->fidelity != FIDELITY_NONE);
	MUST(!modifiers ||
	     (event->terms == 1 && (rules->source.cpu.maker & (MAKER_INTEL | MAKER_AMD))));
	model = row->model[rules->source.cpu.family];
	for (unsigned i = 0; i < event->terms; i++, model++) {
		MUST(model->name && event->term[i].type == PERF_TYPE_RAW);
		length += snprintf(names + length, sizeof names - (size_t)length, "%s%s",
				   i ? "+" : "", model->name);
		MUST((model->config & modifiers) == 0);
		MUST(event->term[i].config == (model->config | modifiers));
	}
	MUST(!model->name && strcmp(event->counted, names) == 0);
}

static void check_software(const struct event_rules *rules, const struct event *event,
			   uint32_t modifiers)
{
	MUST(event->user == event->kernel && modifiers == 0 && *event->note);
	MUST(event->fidelity == FIDELITY_NONE);
	if (event->kind == EVENT_INTERRUPTS) {
		MUST(rules->scope == SCOPE_SYSTEM && event->terms == 0);
		MUST(event->class == EVENT_CLASS_SOFTWARE);
		return;
	}
	MUST(event->kind == EVENT_TASK_CLOCK && event->class == EVENT_CLASS_NEAR);
	MUST(rules->scope == SCOPE_OPENER && rules->source.clock && !rules->source.pmu);
	MUST(event->terms == 1 && event->term[0].type == PERF_TYPE_SOFTWARE &&
	     event->term[0].config == PERF_COUNT_SW_TASK_CLOCK);
}

/* Edge, counter mask and its inversion, where they mean something. */
static uint32_t meant_modifiers(const struct event_rules *rules, const struct legacy_event *row,
				uint32_t select)
{
	uint32_t modifiers = select & MASK;

	if (modifiers)
		modifiers |= select & INVERT;
	if ((SELECT_FLAGS(select) & PMCF_E) && (rules->set == EVENT_SET_P6 || row->duration))
		modifiers |= EDGE;
	return modifiers;
}

/* Whether the kernel's own count is what there is for the event, if the flags let it. */
static bool takes_software(const struct event_rules *rules, const struct legacy_event *row)
{
	if (row->software == EVENT_INTERRUPTS)
		return rules->scope == SCOPE_SYSTEM;
	return row->software == EVENT_TASK_CLOCK && rules->scope == SCOPE_OPENER &&
	       rules->source.clock && !rules->source.pmu;
}

static bool takes_generic(const struct event_rules *rules, const struct legacy_event *row,
			  uint32_t modifiers)
{
	return row->generic_terms && (row->generic_on & rules->source.cpu.maker) && !modifiers;
}

static const struct legacy_model *model_of(const struct event_rules *rules,
					   const struct legacy_event *row)
{
	enum cpu_family family = rules->source.cpu.family;

	return family == FAMILIES ? NULL : row->model[family];
}

static bool takes_model(const struct event_rules *rules, const struct legacy_event *row,
			uint32_t modifiers)
{
	const struct legacy_model *model = model_of(rules, row);

	if (!model || (row->fidelity == FIDELITY_LOW && !rules->approximate))
		return false;
	return !modifiers || ((rules->source.cpu.maker & (MAKER_INTEL | MAKER_AMD)) &&
			      !model[1].name && !(model->config & (EDGE | INVERT | MASK)));
}

/* Whether the event is counted, and not refused. */
static bool is_counted(const struct event_rules *rules, const struct legacy_event *row,
		       uint32_t select, uint32_t modifiers, bool model_answers)
{
	bool modes_alike = (select >> 16 & PMCF_USR) == (select >> 16 & PMCF_OS) >> 1;

	if ((SELECT_FLAGS(select) & 0x20) || (rules->set == EVENT_SET_P5 && SELECT_MASK(select)))
		return false;
	if (rules->set == EVENT_SET_P5 && !row->duration && !(SELECT_FLAGS(select) & PMCF_E))
		return false;
	if (takes_software(rules, row) && !modifiers && (modes_alike || !model_of(rules, row)))
		return modes_alike;
	return takes_generic(rules, row, modifiers) ||
	       (model_answers && takes_model(rules, row, modifiers));
}

void translated_legacy(const struct event_rules *rules, uint32_t select, bool model_answers,
		       int result, const struct event *event)
{
	const struct legacy_event *row = translated_row(rules, select);
	uint32_t modifiers;

	MUST(row || result < 0);
	if (!row)
		return;
	modifiers = meant_modifiers(rules, row, select);
	MUST(is_counted(rules, row, select, modifiers, model_answers) == (result == 0));
	if (result < 0)
		return;
	MUST(row->class != EVENT_CLASS_NONE);
	MUST(strcmp(event->name, row->name) == 0 && event->counter == row->counter);
	if (event->kind != EVENT_PERF) {
		check_software(rules, event, modifiers);
		return;
	}
	MUST(event->terms >= 1 && event->terms <= EVENT_TERMS);
	if (takes_generic(rules, row, modifiers) &&
	    (row->class == EVENT_CLASS_EXACT || !model_answers ||
	     !takes_model(rules, row, modifiers)))
		check_generic(rules, row, event, modifiers);
	else
		check_model(rules, row, event, modifiers);
}

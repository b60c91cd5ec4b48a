/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What counts an event, by any pmc_val, on any CPU and backend. Of what is found it holds: the
 * terms are such as perf_event_open(2) takes; flags and masks are carried or refused, and never
 * dropped, but for those that mean nothing; what stands for an event of another meaning is found by
 * --approximate only. Of what is refused: the errno is EOPNOTSUPP, a cause is given, and nothing
 * else has changed.
 *
 * The input is a byte each: the set; the scope, and with its third bit --approximate; what the
 * backend has; the class, the maker and the family of the CPU; what libpfm4 answers, which is
 * played here; and then four bytes of pmc_val.
 */

#include <errno.h>
#include <machine/perfmon.h>
#include <stdbool.h>
#include <string.h>

#include "event/event.h"
#include "event/legacy.h"
#include "event/model.h"
#include "fuzz.h"
#include "translated.h"

#define PMU     "pmu-of-the-fuzzer"
#define FILLING 0xa5

/* libpfm4's answers: as the table has it, none, another one. */
static enum { AGREES, REFUSES, DIFFERS, ANSWERS } answer;
static const struct event_rules *asking;
static uint32_t asked;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
int __wrap_model_encode(const char *pmu, const char *name, uint64_t *ret_config);

int __wrap_model_encode(const char *pmu, const char *name, uint64_t *ret_config)
{
	const struct legacy_model *model =
		translated_row(asking, asked)->model[asking->source.cpu.family];

	MUST(strcmp(pmu, PMU) == 0);
	while (model->name && strcmp(model->name, name) != 0)
		model++;
	MUST(model->name);
	if (answer == REFUSES)
		return -EOPNOTSUPP;
	*ret_config = model->config + (answer == DIFFERS);
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* What --events means on a backend: a second opinion. */
static enum event_set choice(enum event_set set, const struct event_source *source)
{
	bool p5 = source->native && source->cpu.class == CPU_P5;
	bool p6 = source->native && source->cpu.class == CPU_P6;

	switch (set) {
	case EVENT_SET_P5:
		return p5 ? EVENT_SET_NATIVE : source->legacy ? EVENT_SET_P5 : EVENT_SET_AUTO;
	case EVENT_SET_P6:
		return p6 ? EVENT_SET_NATIVE : source->legacy ? EVENT_SET_P6 : EVENT_SET_AUTO;
	case EVENT_SET_AUTO:
		return p5 || p6 || !source->legacy ? EVENT_SET_NATIVE : EVENT_SET_P6;
	default:
		return EVENT_SET_NATIVE;
	}
}

/* Whether the backend takes the set. */
static bool make_rules(struct bytes *bytes, struct event_rules *rules)
{
	enum event_set set = bytes_one(bytes) % (EVENT_SET_NATIVE + 1);
	uint8_t scope = bytes_one(bytes);
	uint8_t has = bytes_one(bytes);
	enum event_set wanted;
	int result;

	*rules = (struct event_rules){
		.scope = (scope & 3) % (SCOPE_OPENER + 1),
		.approximate = scope & 4,
		.source = { .native = has & 1,
			    .legacy = has & 2,
			    .clock = has & 4,
			    .pmu = has & 8,
			    .cpu = { .class = bytes_one(bytes) % (CPU_P6 + 1),
				     .maker = 1u << bytes_one(bytes) % 5,
				     .family = bytes_one(bytes) % (FAMILIES + 1),
				     .pmu = PMU } },
	};
	wanted = choice(set, &rules->source);
	result = event_set_choose(set, &rules->source, &rules->set);
	MUST(result == (wanted == EVENT_SET_AUTO ? -EOPNOTSUPP : 0));
	MUST(event_set_fits(set, &rules->source) == (result == 0));
	MUST(rules->set == wanted);
	return result == 0;
}

/* What is untouched. */
static bool is_filled(const void *object, size_t size)
{
	const uint8_t *byte = object;

	for (size_t i = 0; i < size; i++)
		if (byte[i] != FILLING)
			return false;
	return true;
}

static int translate(const struct event_rules *rules, uint32_t select, struct event *ret_event)
{
	char why[256];
	int result;

	memset(why, FILLING, sizeof why);
	memset(ret_event, FILLING, sizeof *ret_event);
	asking = rules;
	asked = select;
	result = event_translate(rules, select, ret_event, why, sizeof why);
	if (result == 0)
		return 0;
	MUST(result == -EOPNOTSUPP && is_filled(ret_event, sizeof *ret_event));
	MUST(memchr(why, '\0', sizeof why) && *why);
	for (const char *character = why; *character; character++)
		MUST(*character >= ' ' && *character <= '~');
	return result;
}

static bool same_terms(const struct event *one, const struct event *other)
{
	for (unsigned i = 0; i < one->terms; i++)
		if (one->term[i].type != other->term[i].type ||
		    one->term[i].config != other->term[i].config)
			return false;
	return one->terms == other->terms;
}

static void check_found(const struct event_rules *rules, uint32_t select, const struct event *event)
{
	const char *name = event_name(rules->set, rules->source.cpu.class, SELECT_EVENT(select));
	char text[768];

	MUST(event->user == (bool)(SELECT_FLAGS(select) & PMCF_USR));
	MUST(event->kernel == (bool)(SELECT_FLAGS(select) & PMCF_OS));
	MUST(event->select == select && event->counter >= -1 && event->counter < NPMC);
	MUST(name ? event->name && strcmp(name, event->name) == 0 : !event->name);
	MUST(memchr(event->counted, '\0', sizeof event->counted) && *event->counted);
	/* What clients and the log have room for. */
	MUST((!name || strlen(name) < 48) && strlen(event->note) < 160);
	MUST(event_describe(event, text, sizeof text) == text && strlen(text) < sizeof text - 1);
}

static void check_same(const struct event_rules *rules, uint32_t select, int result,
		       const struct event *event)
{
	struct event other;

	MUST(translate(rules, select, &other) == result);
	MUST(result < 0 || (other.kind == event->kind && other.class == event->class &&
			    same_terms(&other, event)));
}

/* How the answer for one request stands to that for another. */
static void check_others(const struct event_rules *rules, uint32_t select, int result,
			 const struct event *event)
{
	struct event_rules approximate = *rules;
	struct event other;

	check_same(rules, select ^ (uint32_t)PMCF_PC << 16, result, event);
	if (rules->set != EVENT_SET_NATIVE && !SELECT_MASK(select))
		check_same(rules, select ^ (uint32_t)PMCF_INV << 16, result, event);
	approximate.approximate = true;
	MUST(translate(&approximate, select, &other) == 0 || result < 0);
	if (result == 0)
		MUST(translate(rules, select | (PMCF_USR | PMCF_OS) << 16, &other) == 0);
	asking = rules;
	asked = select;
	MUST(event_resolve(rules, select, &other) == result);
	MUST(result < 0 || same_terms(&other, event));
}

/* SDM volume 2A, CPUID leaf 1: family 5; family 6 up to model 13. */
static void check_class(uint32_t signature)
{
	enum cpu_class class = event_class_of(signature);
	bool old = (signature & 0xf0000) == 0 && (signature & 0xf0) <= 0xd0;

	MUST((class == CPU_P5) == ((signature & 0xf00) == 0x500));
	MUST((class == CPU_P6) == ((signature & 0xf00) == 0x600 && old));
	MUST(class == CPU_P5 || class == CPU_P6 || class == CPU_X86);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct event_rules rules;
	struct event event;
	uint32_t select;
	bool model_answers;
	int result;

	if (!make_rules(&bytes, &rules))
		return 0;
	answer = bytes_one(&bytes) % ANSWERS;
	model_answers = answer == AGREES;
	select = (uint32_t)bytes_number(&bytes);
	check_class(select);
	select &= ~((uint32_t)PMCF_SYS_FLAGS << 16);
	result = translate(&rules, select, &event);
	if (rules.set == EVENT_SET_NATIVE)
		translated_native(&rules, select, result, &event);
	else
		translated_legacy(&rules, select, model_answers, result, &event);
	if (result == 0)
		check_found(&rules, select, &event);
	check_others(&rules, select, result, &event);
	return 0;
}

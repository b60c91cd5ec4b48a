/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODES (PMCF_USR | PMCF_OS)

/* Clocks, instructions, interrupts: of those perfmond counts one if it counts anything. */
static const char *const telling[] = { "CPU_CLK_UNHALTED", "INST_RETIRED", "HW_INT_RX",
				       "INST_EXECUTED",    "DATA_RW",      "HW_INTR" };

#define TELLING (sizeof telling / sizeof *telling)

static uint32_t value_of(const struct event *event, unsigned flags)
{
	/* A P5 counts the clocks of any event, unless told to count its beginnings. */
	if (event->p5 && !event->clocks)
		flags |= PMCF_E;
	return event->code | (uint32_t)event->unit << 8 | (uint32_t)flags << 16;
}

int spec_find_codes(struct perfmon *device, enum codes *ret_codes)
{
	struct perfmon_event counted;
	int result = -EOPNOTSUPP;

	for (size_t i = 0; i < EVENTS; i++) {
		result = perfmon_translate(device, value_of(&event_table[i], MODES), &counted);
		if (result < 0 && result != -EOPNOTSUPP)
			break;
		if (result < 0)
			continue;
		if (counted.pme_class == PME_NATIVE)
			*ret_codes = CODES_NATIVE;
		else if (strcmp(counted.pme_name, event_table[i].name) != 0)
			continue;
		else
			*ret_codes = event_table[i].p5 ? CODES_P5 : CODES_P6;
		return 0;
	}
	return result;
}

int spec_codes(struct perfmon *device, enum codes *ret_codes)
{
	int result = spec_find_codes(device, ret_codes);

	if (result == -EOPNOTSUPP)
		tool_fail("perfmond counts none of the known events here: perfmond --check says "
			  "why");
	else if (result < 0)
		tool_fail("%s", perfmon_error());
	return result;
}

const char *spec_class(const struct perfmon_event *counted)
{
	static const char *const fidelity[] = { "model", "model (low)", "model (medium)",
						"model (high)" };

	switch (counted->pme_class) {
	case PME_EXACT:
		return "exact";
	case PME_NEAR:
		return "near";
	case PME_MODEL:
		return fidelity[counted->pme_fidelity <= PME_HIGH ? counted->pme_fidelity : 0];
	case PME_SOFTWARE:
		return "software";
	default:
		return "native";
	}
}

bool spec_code(const char *text, size_t length, unsigned *ret_code)
{
	char digits[8];
	char *end;
	unsigned long code;
	bool hex = length > 2 && text[0] == '0' && tolower((unsigned char)text[1]) == 'x';

	/* 010 is 8 to some and 10 to others. */
	if (length == 0 || length >= sizeof digits || !isdigit((unsigned char)*text) ||
	    (!hex && length > 1 && *text == '0'))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	code = strtoul(digits, &end, hex ? 16 : 10);
	if (*end || code > 255)
		return false;
	*ret_code = (unsigned)code;
	return true;
}

/* What stands behind a colon. */
static bool add_modifier(const char *text, size_t length, uint32_t *value)
{
	unsigned byte;

	if (length == 1 && strchr("ukei", tolower((unsigned char)*text))) {
		switch (tolower((unsigned char)*text)) {
		case 'u':
			*value |= (uint32_t)PMCF_USR << 16;
			break;
		case 'k':
			*value |= (uint32_t)PMCF_OS << 16;
			break;
		case 'e':
			*value |= (uint32_t)PMCF_E << 16;
			break;
		default:
			*value |= (uint32_t)PMCF_INV << 16;
		}
		return true;
	}
	if (length < 3 || text[1] != '=' || !spec_code(text + 2, length - 2, &byte))
		return false;
	if (tolower((unsigned char)*text) == 'c')
		*value = (*value & 0x00ffffff) | byte << 24;
	else if (tolower((unsigned char)*text) == 'm')
		*value = (*value & 0xffff00ff) | byte << 8;
	else
		return false;
	return true;
}

static int add_modifiers(const struct subcommand *subcommand, const char *text, const char *end,
			 uint32_t *value)
{
	while (text < end) {
		size_t length = strcspn(++text, ":,");

		if (!add_modifier(text, length, value))
			return tool_usage(subcommand,
					  "\"%.*s\" is nothing that stands behind an event: u, k, "
					  "e, i, c=0..255, m=0..255",
					  (int)length, text);
		text += length;
	}
	if ((*value >> 16 & MODES) == 0)
		*value |= (uint32_t)MODES << 16;
	return 0;
}

static int say_unknown(const struct subcommand *subcommand, const char *text, size_t length,
		       enum codes codes)
{
	const struct event *nearest = events_nearest(text, length, codes == CODES_P5);

	if (length == 0)
		return tool_usage(subcommand, "an event is missing in the list of -e");
	if (isdigit((unsigned char)*text))
		return tool_usage(
			subcommand,
			"\"%.*s\" is no code: one is 0 to 255, in decimal or with 0x before it",
			(int)length, text);
	if (!nearest)
		return tool_usage(subcommand, "there is no event \"%.*s\" (perfmon list has all)",
				  (int)length, text);
	return tool_usage(subcommand,
			  "there is no event \"%.*s\": do you mean %s? (perfmon list has all)",
			  (int)length, text, nearest->name);
}

/* Twice the same is one curve drawn as two, and one count less of what else there is. */
static int check_twice(const struct subcommand *subcommand, const struct spec *specs, size_t last)
{
	for (size_t i = 0; i < last; i++)
		if (specs[i].value == specs[last].value)
			return tool_usage(subcommand, "%s is asked for twice", specs[last].label);
	return 0;
}

static int say_refused(const struct spec *spec, int error, enum codes codes)
{
	bool foreign = spec->event && spec->event->p5 != (codes == CODES_P5);

	if (foreign && codes != CODES_NATIVE)
		return tool_fail("%s is none of the events that perfmond was started with: it "
				 "takes %s (perfmond --events)",
				 spec->event->name, codes == CODES_P5 ? "PMC5_*" : "PMC6_*");
	if (error == -EOPNOTSUPP)
		return tool_fail("%s: this machine cannot count it with these flags (perfmon list "
				 "has what it can)",
				 spec->label);
	return tool_fail("%s: %s", spec->label, perfmon_error());
}

/* The modifiers as they were written. */
static void set_label(struct spec *spec, enum codes codes, const char *modifiers, const char *end)
{
	int rest = (int)(end - modifiers);

	if (spec->event && codes != CODES_NATIVE)
		snprintf(spec->label, sizeof spec->label, "%s%.*s", spec->event->name, rest,
			 modifiers);
	else
		snprintf(spec->label, sizeof spec->label, "0x%02x%.*s", spec->value & 0xff, rest,
			 modifiers);
}

/* One of the list: its code, its flags, and what perfmond counts for it. */
static int parse_one(const struct subcommand *subcommand, struct perfmon *device, enum codes codes,
		     const char *text, struct spec *ret_spec)
{
	size_t name = strcspn(text, ":,");
	const char *end = text + strcspn(text, ",");
	struct spec spec = { .event = events_by_name(text, name, codes == CODES_P5) };
	unsigned code = 0;
	int result;

	if (!spec.event && !spec_code(text, name, &code))
		return say_unknown(subcommand, text, name, codes);
	if (!spec.event)
		spec.event = events_by_code(codes == CODES_P5, code);
	spec.value = spec.event ? value_of(spec.event, 0) : code;
	result = add_modifiers(subcommand, text + name, end, &spec.value);
	if (result)
		return result;
	set_label(&spec, codes, text + name, end);
	result = perfmon_translate(device, spec.value, &spec.counted);
	if (result < 0 ||
	    (codes != CODES_NATIVE && spec.event && spec.event->p5 != (codes == CODES_P5)))
		return say_refused(&spec, result, codes);
	*ret_spec = spec;
	return 0;
}

int spec_parse(const struct subcommand *subcommand, struct perfmon *device, const char *list,
	       struct spec *specs, size_t *ret_count)
{
	enum codes codes;
	size_t count = 0;
	int result;

	if (spec_codes(device, &codes) < 0)
		return STATUS_FAILURE;
	for (;;) {
		if (count == SPECS_MAX)
			return tool_usage(subcommand, "more than %d events", SPECS_MAX);
		result = parse_one(subcommand, device, codes, list, &specs[count]);
		if (result == 0)
			result = check_twice(subcommand, specs, count);
		if (result)
			return result;
		if (codes == CODES_NATIVE && isalpha((unsigned char)*list))
			fprintf(stderr,
				"perfmon: perfmond counts the CPU's own codes (--events native): "
				"%s is taken as code 0x%02x, which is that event on an old CPU "
				"only\n",
				specs[count].event->name, specs[count].event->code);
		count++;
		list += strcspn(list, ",");
		if (!*list++)
			break;
	}
	*ret_count = count;
	return 0;
}

int spec_default(const struct subcommand *subcommand, struct perfmon *device, struct spec *specs,
		 size_t *ret_count)
{
	enum codes codes;
	size_t count = 0;

	if (spec_codes(device, &codes) < 0)
		return STATUS_FAILURE;
	for (size_t i = 0; i < TELLING && count < NPMC; i++) {
		const struct event *event =
			events_by_name(telling[i], strlen(telling[i]), codes == CODES_P5);
		struct perfmon_event counted;
		char text[48];
		int result = -EOPNOTSUPP;

		if (event->p5 == (codes == CODES_P5))
			result = perfmon_translate(device, value_of(event, MODES), &counted);
		if (result == -EOPNOTSUPP)
			continue;
		if (result < 0)
			return tool_fail("%s", perfmon_error());
		/* A user's own perfmond may be forbidden the kernel's part. */
		snprintf(text, sizeof text, "%s%s", telling[i],
			 perfmon_setup(device, 0, value_of(event, MODES)) == -EACCES ? ":u" : "");
		if (parse_one(subcommand, device, codes, text, &specs[count]) == 0)
			count++;
	}
	if (count == 0)
		return tool_fail("name what is to be counted by -e: perfmon list has what this "
				 "machine can");
	*ret_count = count;
	return 0;
}

static bool is_taken(const struct spec *specs, size_t count, unsigned group, int counter)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i].group == group && specs[i].counter == counter)
			return true;
	return false;
}

unsigned spec_group(struct spec *specs, size_t count)
{
	unsigned groups = 0;

	for (size_t i = 0; i < count; i++) {
		const struct perfmon_event *counted = &specs[i].counted;
		int only = counted->pme_class == PME_NATIVE ? counted->pme_counter : -1;
		int counter = only >= 0 ? only : 0;
		unsigned group = 0;

		while (is_taken(specs, i, group, counter)) {
			if (only < 0 && counter + 1 < NPMC) {
				counter++;
				continue;
			}
			counter = only >= 0 ? only : 0;
			group++;
		}
		specs[i].group = group;
		specs[i].counter = counter;
		if (group >= groups)
			groups = group + 1;
	}
	return groups;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

struct event_rules rules_of(enum event_set set, unsigned maker, enum cpu_family family,
			    const char *pmu)
{
	struct event_rules rules = {
		.set = set,
		.scope = SCOPE_SYSTEM,
		.source = { .native = true, .legacy = true, .clock = true, .pmu = true },
	};

	rules.source.cpu.class = maker == MAKER_ARM || maker == MAKER_POWER ? CPU_OTHER : CPU_X86;
	rules.source.cpu.maker = maker;
	rules.source.cpu.family = family;
	snprintf(rules.source.cpu.pmu, sizeof rules.source.cpu.pmu, "%s", pmu);
	return rules;
}

struct event must_resolve(const struct event_rules *rules, uint32_t select)
{
	struct event event = { 0 };
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = event_resolve(rules, select, &event);
	said = capture_end();
	if (result < 0)
		fail_msg("set %s, maker 0x%02x, PMU %s, select 0x%08x: %s",
			 event_set_name(rules->set), rules->source.cpu.maker, rules->source.cpu.pmu,
			 select, said);
	assert_string_equal(said, "");
	assert_int_equal(event.select, select);
	assert_int_equal(event.user, (select >> 16 & 1) != 0);
	assert_int_equal(event.kernel, (select >> 17 & 1) != 0);
	assert_in_range(event.terms, event.kind == EVENT_INTERRUPTS ? 0 : 1, EVENT_TERMS);
	assert_non_null(event.note);
	assert_true(*event.counted);
	return event;
}

void must_refuse(const struct event_rules *rules, uint32_t select, const char *cause)
{
	struct event event = { .terms = 0x5a5a };
	char code[16];
	const char *said;
	int result;

	snprintf(code, sizeof code, "event 0x%02x", select & 0xff);
	capture_start(STDERR_FILENO);
	result = event_resolve(rules, select, &event);
	said = capture_end();
	if (result != -EOPNOTSUPP || !strstr(said, cause))
		fail_msg("set %s, maker 0x%02x, PMU %s, select 0x%08x: %d, wanted '%s', said %s",
			 event_set_name(rules->set), rules->source.cpu.maker, rules->source.cpu.pmu,
			 select, result, cause, said);
	assert_int_equal(event.terms, 0x5a5a);
	assert_non_null(strstr(said, code));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

void check_term(const struct event *event, uint32_t type, uint64_t config)
{
	assert_int_equal(event->kind, EVENT_PERF);
	assert_int_equal(event->terms, 1);
	assert_int_equal(event->term[0].type, type);
	assert_int_equal(event->term[0].config, config);
}

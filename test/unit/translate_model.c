/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Events of CPU models' own. libpfm4 encodes them for every PMU of this architecture, as a second
 * opinion on what the tables say. For PMUs of other architectures the wrapped model_encode()
 * answers.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "event/legacy.h"
#include "event/model.h"
#include "legacy_names.h"
#include "resolve.h"
#include "unit.h"

static const struct family {
	enum cpu_family family;
	unsigned maker;
	const char *pmu;
} families[] = {
#if defined(__x86_64__) || defined(__i386__)
	{ FAMILY_SKL, MAKER_INTEL, "skl" },
	{ FAMILY_SKL, MAKER_INTEL, "skx" },
	{ FAMILY_SKL, MAKER_INTEL, "clx" },
	{ FAMILY_ICL, MAKER_INTEL, "icl" },
	{ FAMILY_ICL, MAKER_INTEL, "icx" },
	{ FAMILY_ZEN2, MAKER_AMD, "amd64_fam17h_zen2" },
	{ FAMILY_ZEN3, MAKER_AMD, "amd64_fam19h_zen3" },
	{ FAMILY_ZEN4, MAKER_AMD, "amd64_fam19h_zen4" },
#elif defined(__aarch64__)
	{ FAMILY_N1, MAKER_ARM, "arm_n1" },
	{ FAMILY_N2, MAKER_ARM, "arm_n2" },
#elif defined(__powerpc64__)
	{ FAMILY_POWER9, MAKER_POWER, "power9" },
#endif
	{ FAMILIES, 0, NULL },
};

/* What model_encode() answers in place of libpfm4: 0 libpfm4's own answer. */
static uint64_t answer;
static int refusal;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_model_encode(const char *pmu, const char *name, uint64_t *ret_config);
int __wrap_model_encode(const char *pmu, const char *name, uint64_t *ret_config);

int __wrap_model_encode(const char *pmu, const char *name, uint64_t *ret_config)
{
	if (refusal)
		return refusal;
	if (!answer)
		return __real_model_encode(pmu, name, ret_config);
	*ret_config = answer;
	return 0;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int no_answer(void **state)
{
	(void)state;
	answer = 0;
	refusal = 0;
	return 0;
}

static struct event_rules rules_for(enum event_set set, const struct family *family)
{
	return rules_of(set, family->maker, family->family, family->pmu);
}

static const struct legacy_event *table_of(enum event_set set)
{
	return set == EVENT_SET_P5 ? legacy_p5 : legacy_p6;
}

static uint32_t select_of(enum event_set set, const struct legacy_event *row)
{
	uint32_t edge = set == EVENT_SET_P5 && !row->duration ? EDGE : 0;

	return row->code | (row->unit == UNIT_ANY ? 0 : (uint32_t)row->unit << 8) | BOTH | edge;
}

/* The terms, one by one, and their names, of which none is cut off. */
static void check_model(const struct event *event, const struct legacy_model *model)
{
	char names[2 * EVENT_COUNTED] = "";
	unsigned terms = 0;

	for (; model->name; model++, terms++) {
		strcat(names, terms ? "+" : "");
		strcat(names, model->name);
		assert_true(terms < event->terms);
		assert_int_equal(event->term[terms].type, PERF_TYPE_RAW);
		assert_int_equal(event->term[terms].config, model->config);
	}
	assert_int_equal(event->kind, EVENT_PERF);
	assert_int_equal(event->terms, terms);
	assert_string_equal(event->counted, names);
}

static void check_cell(struct event_rules *rules, const struct legacy_event *row)
{
	uint32_t select = select_of(rules->set, row);
	const struct legacy_model *model = row->model[rules->source.cpu.family];
	struct event event;

	if (row->fidelity == FIDELITY_LOW)
		must_refuse(rules, select, "--approximate");
	rules->approximate = row->fidelity == FIDELITY_LOW;
	event = must_resolve(rules, select);
	assert_int_equal(event.class, EVENT_CLASS_MODEL);
	assert_int_equal(event.fidelity, row->fidelity);
	assert_int_equal(event.counter, row->counter);
	assert_string_equal(event.note, row->note);
	assert_in_range(strlen(event.note), 1, 159);
	check_model(&event, model);
	rules->approximate = false;
}

/* A family's own events come before the generic ones that are near, not before those exact. */
static unsigned check_family(enum event_set set, const struct family *family)
{
	struct event_rules rules = rules_for(set, family);
	unsigned cells = 0;

	/* Interrupts are the hardware's there. */
	rules.scope = SCOPE_CPU;
	for (const struct legacy_event *row = table_of(set); row->name; row++) {
		const struct legacy_model *model = row->model[family->family];

		if (!model || !(row->on & family->maker))
			continue;
		cells++;
		if (row->class != EVENT_CLASS_EXACT) {
			check_cell(&rules, row);
			continue;
		}
		assert_int_equal(must_resolve(&rules, select_of(set, row)).term[0].type,
				 PERF_TYPE_HARDWARE);
		for (; model->name; model++) {
			uint64_t config = 0;

			assert_int_equal(model_encode(family->pmu, model->name, &config), 0);
			assert_int_equal(config, model->config);
		}
	}
	return cells;
}

static void test_every_cell(void **state)
{
	(void)state;
	if (!families[0].pmu)
		SKIP("no family's own events are known on this architecture");
	for (const struct family *family = families; family->pmu; family++) {
		assert_true(check_family(EVENT_SET_P6, family) > 30);
		assert_true(check_family(EVENT_SET_P5, family) > 15);
	}
}

/* Where a family has no event of its own, and no generic one. */
static void test_empty_cells(void **state)
{
	(void)state;
	for (const struct family *family = families; family->pmu; family++)
		for (const struct legacy_event *row = legacy_p6; row->name; row++) {
			struct event_rules rules = rules_for(EVENT_SET_P6, family);

			rules.approximate = true;
			if (row->class == EVENT_CLASS_MODEL && !row->model[family->family])
				must_refuse(&rules, select_of(EVENT_SET_P6, row),
					    "no event of this CPU is like it");
			if (row->class == EVENT_CLASS_NONE)
				must_refuse(&rules, select_of(EVENT_SET_P6, row),
					    "no event of today's CPUs");
		}
}

/* A libpfm4 that says otherwise, or knows not. */
static void test_disagreement(void **state)
{
	struct event_rules rules = rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILY_SKL, "skl");
	struct event near;

	(void)state;
	answer = 0x1234;
	must_refuse(&rules, PMC6_BACLEARS | BOTH, "skl::BACLEARS:ANY not as 0x1e6");
	must_refuse(&rules, PMC6_MISALIGN_MEM_REF | BOTH,
		    "skl::MEM_INST_RETIRED:SPLIT_LOADS not as 0x41d0");
	answer = 0x41d0;
	must_refuse(&rules, PMC6_MISALIGN_MEM_REF | BOTH,
		    "skl::MEM_INST_RETIRED:SPLIT_STORES not as 0x42d0");
	refusal = -EOPNOTSUPP;
	must_refuse(&rules, PMC6_BACLEARS | BOTH, "this libpfm4 has");
	assert_int_equal(must_resolve(&rules, PMC6_INST_RETIRED | BOTH).class, EVENT_CLASS_EXACT);
	near = must_resolve(&rules, PMC6_DCU_LINES_IN | BOTH);
	assert_int_equal(near.class, EVENT_CLASS_NEAR);
	assert_int_equal(near.terms, 1);
	assert_int_equal(near.term[0].config, 0x10000);
	assert_string_equal(near.counted, "L1-dcache-load-misses");
}

/* Where libpfm4 cannot tell, no other event is counted in its place. */
static void test_no_memory(void **state)
{
	static const uint32_t selects[] = { PMC6_BACLEARS | BOTH, PMC6_DCU_LINES_IN | BOTH };
	struct event_rules rules = rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILY_SKL, "skl");
	char why[256];

	(void)state;
	refusal = -ENOMEM;
	for (size_t i = 0; i < COUNT(selects); i++) {
		struct event event = { .terms = 0x5a5a };

		assert_int_equal(event_translate(&rules, selects[i], &event, why, sizeof why),
				 -ENOMEM);
		assert_int_equal(event.terms, 0x5a5a);
		assert_non_null(strstr(why, "libpfm4 cannot look skl::"));
		assert_non_null(strstr(why, "Cannot allocate memory"));
	}
}

struct carried {
	enum event_set set;
	const char *pmu;
	uint32_t select;
	uint64_t config;
};

static const struct family *family_of(const char *pmu)
{
	const struct family *family = families;

	while (family->pmu && strcmp(family->pmu, pmu) != 0)
		family++;
	return family;
}

static void test_carried(void **state)
{
	static const struct carried rows[] = {
		{ EVENT_SET_P6, "skl", PMC6_INST_RETIRED | BOTH | EDGE, 0x400c0 },
		{ EVENT_SET_P6, "skl", PMC6_INST_RETIRED | BOTH | 0x03000000, 0x030000c0 },
		{ EVENT_SET_P6, "icx", PMC6_INST_RETIRED | OS | 0xff000000, 0xff0000c0 },
		{ EVENT_SET_P6, "icl", PMC6_INST_RETIRED | USR | INV | 0x01000000, 0x018000c0 },
		{ EVENT_SET_P6, "skx", PMC6_BACLEARS | BOTH | EDGE | INV | 0x02000000, 0x028401e6 },
		/* Inverted without a counter mask means nothing. */
		{ EVENT_SET_P6, "skl", PMC6_BACLEARS | BOTH | INV, 0x1e6 },
		{ EVENT_SET_P6, "skl", PMC6_BACLEARS | BOTH | INV | EDGE, 0x401e6 },
		{ EVENT_SET_P6, "skl", PMC6_BACLEARS | BOTH | PIN, 0x1e6 },
		{ EVENT_SET_P6, "skl", PMC6_DATA_MEM_REFS | BOTH | EDGE, 0x483d0 },
		{ EVENT_SET_P6, "clx", PMC6_L2_LD | 0x0100 | BOTH | EDGE, 0x42124 },
		{ EVENT_SET_P6, "skl", PMC6_HW_INT_RX | BOTH | EDGE, 0x401cb },
		{ EVENT_SET_P6, "amd64_fam17h_zen2", PMC6_CPU_CLK_UNHALTED | BOTH | 0x04000000,
		  0x04000076 },
		{ EVENT_SET_P6, "amd64_fam19h_zen3", PMC6_IFU_IFETCH_MISS | BOTH | EDGE,
		  0x10004188e },
		{ EVENT_SET_P6, "amd64_fam19h_zen4", PMC6_UOPS_RETIRED | BOTH | INV | 0x01000000,
		  0x018000c1 },
		/* A P5 counts clocks, or with PMCF_E how often they begin. */
		{ EVENT_SET_P5, "skl", PMC5_WRITE_BACKUP_STALL | BOTH, 0x8a2 },
		{ EVENT_SET_P5, "skl", PMC5_WRITE_BACKUP_STALL | BOTH | EDGE, 0x408a2 },
		{ EVENT_SET_P5, "amd64_fam17h_zen2", PMC5_WRITE_BACKUP_STALL | BOTH | EDGE,
		  0x404ae },
		/* What does not last is counted by PMCF_E, and carries none. */
		{ EVENT_SET_P5, "skl", PMC5_BRANCH_TAKEN | BOTH | EDGE, 0x20c4 },
	};

	(void)state;
	if (families[0].maker != MAKER_INTEL)
		SKIP("event selects are x86's");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event_rules rules = rules_for(rows[i].set, family_of(rows[i].pmu));
		struct event event = must_resolve(&rules, rows[i].select);

		check_term(&event, PERF_TYPE_RAW, rows[i].config);
	}
}

static void test_not_carried(void **state)
{
	static const uint32_t modifiers[] = { EDGE, 0x01000000, INV | 0x01000000 };
	/* Sums, and events whose own select has a counter mask. */
	static const struct carried rows[] = {
		{ EVENT_SET_P6, "skl", PMC6_MISALIGN_MEM_REF, 0 },
		{ EVENT_SET_P6, "skl", PMC6_IFU_IFETCH, 0 },
		{ EVENT_SET_P6, "skl", PMC6_FP_ASSIST, 0 },
		{ EVENT_SET_P6, "icl", PMC6_DIV, 0 },
		{ EVENT_SET_P6, "skl", PMC6_CYCLES_DIV_BUSY, 0 },
		{ EVENT_SET_P6, "amd64_fam19h_zen4", PMC6_FLOPS, 0 },
	};

	(void)state;
	if (families[0].maker != MAKER_INTEL)
		SKIP("event selects are x86's");
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(modifiers); j++) {
			struct event_rules rules = rules_for(rows[i].set, family_of(rows[i].pmu));

			must_resolve(&rules, rows[i].select | BOTH);
			must_refuse(&rules, rows[i].select | BOTH | modifiers[j],
				    "cannot be carried");
		}
	for (const struct family *family = families; family->pmu; family++) {
		struct event_rules rules = rules_for(EVENT_SET_P5, family);

		must_refuse(&rules, PMC5_INST_EXECUTED | BOTH | EDGE | 0x01000000, "counter mask");
		if (family->family == FAMILY_SKL)
			must_refuse(&rules, PMC5_DATA_READ_STALL | BOTH | EDGE,
				    "cannot be carried");
	}
}

/* Arm's and POWER's codes have no such bits. */
static void test_not_carried_elsewhere(void **state)
{
	struct event_rules arm = rules_of(EVENT_SET_P6, MAKER_ARM, FAMILY_N1, "arm_n1");
	struct event_rules power = rules_of(EVENT_SET_P6, MAKER_POWER, FAMILY_POWER9, "power9");
	struct event event;

	(void)state;
	answer = 0x8;
	must_refuse(&arm, PMC6_INST_RETIRED | BOTH | EDGE, "cannot be carried");
	must_refuse(&arm, PMC6_INST_RETIRED | BOTH | 0x01000000, "cannot be carried");
	answer = 0x10002;
	must_refuse(&power, PMC6_INST_RETIRED | BOTH | INV | 0x01000000, "cannot be carried");
	answer = 0x200fa;
	event = must_resolve(&power, PMC6_BR_TAKEN_RETIRED | BOTH);
	check_term(&event, PERF_TYPE_RAW, 0x200fa);
	must_refuse(&power, PMC6_BR_TAKEN_RETIRED | BOTH | EDGE, "cannot be carried");
}

static int group_setup(void **state)
{
	struct event_cpu cpu;

	(void)state;
	if (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		return -1;
	model_detect(&cpu);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_##name, no_answer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_cell), TEST(empty_cells), TEST(disagreement),          TEST(no_memory),
		TEST(carried),    TEST(not_carried), TEST(not_carried_elsewhere),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

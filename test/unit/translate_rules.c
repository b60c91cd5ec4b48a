/* SPDX-License-Identifier: BSD-2-Clause */

/* Unit masks, and what stands for an event by the scope and by what the machine has. */

#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "event/model.h"
#include "legacy_names.h"
#include "resolve.h"
#include "unit.h"

#if defined(__x86_64__) || defined(__i386__)
#define SKIP_ELSEWHERE()
#else
#define SKIP_ELSEWHERE() SKIP("libpfm4 has x86's events on x86 alone")
#endif

static struct event_rules skylake(void)
{
	return rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILY_SKL, "skl");
}

static void test_mesi(void **state)
{
	static const struct {
		uint8_t code;
		uint8_t unit;
		uint64_t config;
	} rows[] = {
		{ PMC6_L2_IFETCH, 0x0f, 0xe424 }, { PMC6_L2_IFETCH, 0x01, 0x2424 },
		{ PMC6_L2_IFETCH, 0x0e, 0xc424 }, { PMC6_L2_LD, 0x0f, 0xe124 },
		{ PMC6_L2_LD, 0x01, 0x2124 },     { PMC6_L2_LD, 0x0e, 0xc124 },
		{ PMC6_L2_ST, 0x0f, 0xe224 },     { PMC6_L2_ST, 0x01, 0x2224 },
		{ PMC6_L2_ST, 0x0e, 0xc224 },     { PMC6_L2_RQSTS, 0x0f, 0xff24 },
		{ PMC6_L2_RQSTS, 0x01, 0x3f24 },
	};

	(void)state;
	SKIP_ELSEWHERE();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event_rules rules = skylake();
		struct event event =
			must_resolve(&rules, rows[i].code | (uint32_t)rows[i].unit << 8 | BOTH);

		check_term(&event, PERF_TYPE_RAW, rows[i].config);
	}
}

/* Every other one is refused, with those that can be. */
static void test_other_mesi(void **state)
{
	static const unsigned codes[] = { PMC6_L2_IFETCH, PMC6_L2_LD, PMC6_L2_ST };
	static const char *const can[] = { "0x0f", "0x01", "0x0e" };
	struct event_rules rules = skylake();

	(void)state;
	for (uint32_t unit = 0; unit < 256; unit++) {
		for (size_t i = 0; i < COUNT(codes); i++)
			for (size_t j = 0; j < COUNT(can); j++)
				if (unit != 0x0f && unit != 0x01 && unit != 0x0e)
					must_refuse(&rules, codes[i] | unit << 8 | BOTH, can[j]);
		if (unit != 0x0f && unit != 0x01)
			must_refuse(&rules, PMC6_L2_RQSTS | unit << 8 | BOTH,
				    "its unit mask can be carried as 0x0f or 0x01, not as 0x");
	}
	must_refuse(&rules, PMC6_L2_LD | 0x0800 | BOTH,
		    "its unit mask can be carried as 0x0f or 0x01 or 0x0e, not as 0x08");
}

/* Without a CPU of known events the whole can be had, and no part. */
static void test_mesi_of_an_unknown_cpu(void **state)
{
	struct event_rules rules = rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILIES, "");

	(void)state;
	must_resolve(&rules, PMC6_L2_LD | 0x0f00 | BOTH);
	must_refuse(&rules, PMC6_L2_LD | 0x0100 | BOTH, "are not known");
	must_refuse(&rules, PMC6_L2_LD | 0x0e00 | BOTH, "are not known");
	must_refuse(&rules, PMC6_L2_RQSTS | 0x0100 | BOTH, "are not known");
}

static void test_agent(void **state)
{
	static const unsigned counted[] = { PMC6_BUS_TRAN_BRD, PMC6_BUS_TRAN_RFO,
					    PMC6_BUS_TRAN_WB,  PMC6_BUS_TRAN_IFETCH,
					    PMC6_BUS_TRAN_ANY, PMC6_BUS_TRAN_MEM };
	static const unsigned all[] = {
		PMC6_BUS_LOCK_CLOCKS, PMC6_BUS_TRAN_BRD,   PMC6_BUS_TRAN_RFO, PMC6_BUS_TRAN_WB,
		PMC6_BUS_TRAN_IFETCH, PMC6_BUS_TRAN_INVAL, PMC6_BUS_TRAN_PWR, PMC6_BUS_TRAN_BURST,
		PMC6_BUS_TRAN_ANY,    PMC6_BUS_TRAN_MEM,
	};
	static const unsigned none[] = { PMC6_BUS_DRDY_CLOCKS, PMC6_BUS_TRAN_P, PMC6_BUS_TRAN_IO,
					 PMC6_BUS_TRAN_DEF };
	struct event_rules rules = skylake();

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		must_refuse(&rules, all[i] | 0x2000 | BOTH, "as 0x00, not as 0x20");
		must_refuse(&rules, all[i] | 0x0100 | BOTH, "as 0x00, not as 0x01");
	}
	for (size_t i = 0; i < COUNT(none); i++)
		must_refuse(&rules, none[i] | 0x2000 | BOTH, "no event of today's CPUs");
	SKIP_ELSEWHERE();
	for (size_t i = 0; i < COUNT(counted); i++)
		must_resolve(&rules, counted[i] | BOTH);
}

static void test_ignored_units(void **state)
{
	static const unsigned codes[] = { PMC6_CPU_CLK_UNHALTED, PMC6_INST_RETIRED,
					  PMC6_DCU_LINES_IN, PMC6_ITLB_MISS, PMC6_HW_INT_RX };
	struct event_rules rules = rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILIES, "");

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++)
		for (uint32_t unit = 0; unit < 256; unit++)
			must_resolve(&rules, codes[i] | unit << 8 | BOTH);
	rules.set = EVENT_SET_P5;
	must_resolve(&rules, PMC5_INST_EXECUTED | 0xff00 | BOTH | EDGE);
}

static void test_interrupts(void **state)
{
	struct event_rules rules = skylake();
	struct event event = must_resolve(&rules, PMC6_HW_INT_RX | BOTH);

	(void)state;
	assert_int_equal(event.kind, EVENT_INTERRUPTS);
	assert_int_equal(event.class, EVENT_CLASS_SOFTWARE);
	assert_string_equal(event.counted, "intr of /proc/stat");
	assert_non_null(strstr(event.note, "for all CPUs"));

	/* The CPU's own event for one mode, one CPU and one process, if it has one. */
	rules.source.cpu.family = FAMILY_ICL;
	must_refuse(&rules, PMC6_HW_INT_RX | USR, "both PMCF_USR and PMCF_OS");
	must_refuse(&rules, PMC6_HW_INT_RX | OS, "both PMCF_USR and PMCF_OS");
	for (int scope = SCOPE_CPU; scope <= SCOPE_OPENER; scope++) {
		rules.scope = (enum event_scope)scope;
		must_refuse(&rules, PMC6_HW_INT_RX | BOTH, "--scope system");
	}
	SKIP_ELSEWHERE();
	rules = skylake();
	for (int scope = SCOPE_SYSTEM; scope <= SCOPE_OPENER; scope++) {
		rules.scope = (enum event_scope)scope;
		event = must_resolve(&rules, PMC6_HW_INT_RX | OS);
		check_term(&event, PERF_TYPE_RAW, 0x1cb);
		assert_int_equal(event.class, EVENT_CLASS_MODEL);
		assert_null(strstr(event.note, "for all CPUs"));
	}
}

static void check_clock(const struct event_rules *rules, uint32_t flags)
{
	struct event event = must_resolve(rules, PMC6_CPU_CLK_UNHALTED | flags);

	assert_int_equal(event.kind, EVENT_TASK_CLOCK);
	assert_int_equal(event.class, EVENT_CLASS_NEAR);
	assert_int_equal(event.terms, 1);
	assert_int_equal(event.term[0].type, PERF_TYPE_SOFTWARE);
	assert_int_equal(event.term[0].config, PERF_COUNT_SW_TASK_CLOCK);
	assert_string_equal(event.counted, "task-clock * time stamp rate");
	assert_true(*event.note);
}

static void test_clocks(void **state)
{
	struct event_rules rules = rules_of(EVENT_SET_P6, MAKER_INTEL, FAMILIES, "");
	struct event event;

	(void)state;
	rules.scope = SCOPE_OPENER;
	event = must_resolve(&rules, PMC6_CPU_CLK_UNHALTED | USR);
	check_term(&event, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	assert_int_equal(event.class, EVENT_CLASS_EXACT);

	rules.source.pmu = false;
	check_clock(&rules, BOTH);
	check_clock(&rules, 0);
	must_refuse(&rules, PMC6_CPU_CLK_UNHALTED | USR, "both PMCF_USR and PMCF_OS");
	must_refuse(&rules, PMC6_CPU_CLK_UNHALTED | OS, "both PMCF_USR and PMCF_OS");
	must_refuse(&rules, PMC6_CPU_CLK_UNHALTED | BOTH | EDGE, "cannot be carried");

	rules.source.clock = false;
	event = must_resolve(&rules, PMC6_CPU_CLK_UNHALTED | BOTH);
	check_term(&event, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);

	rules.source.clock = true;
	for (int scope = SCOPE_SYSTEM; scope <= SCOPE_CPU; scope++) {
		rules.scope = (enum event_scope)scope;
		event = must_resolve(&rules, PMC6_CPU_CLK_UNHALTED | USR);
		check_term(&event, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	}
}

/* The counter that a P6 had them on is told. */
static void test_counter(void **state)
{
	static const struct {
		unsigned code;
		int counter;
	} rows[] = {
		{ PMC6_FLOPS, 0 }, { PMC6_FP_COMP_OPS_EXE, 0 }, { PMC6_FP_ASSIST, 1 },
		{ PMC6_DIV, 1 },   { PMC6_CYCLES_DIV_BUSY, 0 }, { PMC6_BACLEARS, -1 },
	};
	struct event_rules rules = skylake();
	struct event event;

	(void)state;
	SKIP_ELSEWHERE();
	rules.approximate = true;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(must_resolve(&rules, rows[i].code | BOTH).counter,
				 rows[i].counter);
	rules = rules_of(EVENT_SET_P6, MAKER_AMD, FAMILY_ZEN3, "amd64_fam19h_zen3");
	must_refuse(&rules, PMC6_MUL | BOTH, "--approximate");
	rules.approximate = true;
	event = must_resolve(&rules, PMC6_MUL | BOTH);
	assert_int_equal(event.counter, 1);
	assert_int_equal(event.fidelity, FIDELITY_LOW);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mesi),
		cmocka_unit_test(test_other_mesi),
		cmocka_unit_test(test_mesi_of_an_unknown_cpu),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_ignored_units),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_counter),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

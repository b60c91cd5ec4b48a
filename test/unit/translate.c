/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What counts each legacy event on a CPU whose own events are not known: by a list of the test's
 * own, of what the kernel's generic events mean on whose CPUs (Linux 6.1, the tables of
 * arch/x86/events, drivers/perf and arch/powerpc/perf).
 */

#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <string.h>

#include "event/event.h"
#include "legacy_names.h"
#include "resolve.h"
#include "unit.h"

#define I        MAKER_INTEL
#define A        MAKER_AMD
#define ARM      MAKER_ARM
#define POWER    MAKER_POWER
#define EXACT    EVENT_CLASS_EXACT
#define NEAR     EVENT_CLASS_NEAR
#define SOFTWARE EVENT_CLASS_SOFTWARE
#define KNOWN    (I | A | ARM | POWER)
#define NOT_ARM  (MAKER_ANY & ~MAKER_ARM)
#define HW(event)                                                 \
	{                                                         \
		{                                                 \
			PERF_TYPE_HARDWARE, PERF_COUNT_HW_##event \
		}                                                 \
	}
#define CACHE(cache, operation, result)                                               \
	{                                                                             \
		PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_##cache |                     \
					    PERF_COUNT_HW_CACHE_OP_##operation << 8 | \
					    PERF_COUNT_HW_CACHE_RESULT_##result << 16 \
	}

static const struct counted {
	enum event_set set;
	uint8_t code;
	uint8_t unit;
	unsigned on;
	enum event_class class;
	unsigned terms;
	struct event_term term[2];
} counted[] = {
	{ EVENT_SET_P6, PMC6_CPU_CLK_UNHALTED, 0, MAKER_ANY, EXACT, 1, HW(CPU_CYCLES) },
	{ EVENT_SET_P6, PMC6_INST_RETIRED, 0, MAKER_ANY, EXACT, 1, HW(INSTRUCTIONS) },
	{ EVENT_SET_P6, PMC6_BR_INST_RETIRED, 0, NOT_ARM, EXACT, 1, HW(BRANCH_INSTRUCTIONS) },
	{ EVENT_SET_P6, PMC6_BR_INST_RETIRED, 0, ARM, NEAR, 1, HW(BRANCH_INSTRUCTIONS) },
	{ EVENT_SET_P6, PMC6_BR_MISS_PRED_RETIRED, 0, NOT_ARM, EXACT, 1, HW(BRANCH_MISSES) },
	{ EVENT_SET_P6, PMC6_BR_MISS_PRED_RETIRED, 0, ARM, NEAR, 1, HW(BRANCH_MISSES) },
	{ EVENT_SET_P6, PMC6_HW_INT_RX, 0, MAKER_ANY, SOFTWARE, 0, { { 0 } } },
	{ EVENT_SET_P6,
	  PMC6_DATA_MEM_REFS,
	  0,
	  I,
	  NEAR,
	  2,
	  { CACHE(L1D, READ, ACCESS), CACHE(L1D, WRITE, ACCESS) } },
	{ EVENT_SET_P6, PMC6_DCU_LINES_IN, 0, KNOWN, NEAR, 1, { CACHE(L1D, READ, MISS) } },
	{ EVENT_SET_P6,
	  PMC6_IFU_IFETCH,
	  0,
	  A | ARM | POWER,
	  NEAR,
	  1,
	  { CACHE(L1I, READ, ACCESS) } },
	{ EVENT_SET_P6, PMC6_IFU_IFETCH_MISS, 0, KNOWN, NEAR, 1, { CACHE(L1I, READ, MISS) } },
	{ EVENT_SET_P6, PMC6_ITLB_MISS, 0, KNOWN, NEAR, 1, { CACHE(ITLB, READ, MISS) } },
	{ EVENT_SET_P6, PMC6_IFU_MEM_STALL, 0, A | ARM | POWER, NEAR, 1,
	  HW(STALLED_CYCLES_FRONTEND) },
	{ EVENT_SET_P6, PMC6_L2_IFETCH, 0x0f, KNOWN, NEAR, 1, { CACHE(L1I, READ, MISS) } },
	{ EVENT_SET_P6, PMC6_L2_LD, 0x0f, KNOWN, NEAR, 1, { CACHE(L1D, READ, MISS) } },
	{ EVENT_SET_P6, PMC6_L2_RQSTS, 0x0f, I | A, NEAR, 1, HW(CACHE_REFERENCES) },
	{ EVENT_SET_P6, PMC6_BUS_TRAN_BRD, 0, I | ARM | POWER, NEAR, 1, { CACHE(LL, READ, MISS) } },
	{ EVENT_SET_P6, PMC6_BR_INST_DECODED, 0, KNOWN, NEAR, 1, { CACHE(BPU, READ, ACCESS) } },
	{ EVENT_SET_P6, PMC6_RESOURCE_STALLS, 0, A | ARM | POWER, NEAR, 1,
	  HW(STALLED_CYCLES_BACKEND) },
	{ EVENT_SET_P5, PMC5_DATA_READ, 0, I | POWER, NEAR, 1, { CACHE(L1D, READ, ACCESS) } },
	{ EVENT_SET_P5, PMC5_DATA_WRITE, 0, I | ARM, NEAR, 1, { CACHE(L1D, WRITE, ACCESS) } },
	{ EVENT_SET_P5,
	  PMC5_DATA_TLB_MISS,
	  0,
	  I,
	  NEAR,
	  2,
	  { CACHE(DTLB, READ, MISS), CACHE(DTLB, WRITE, MISS) } },
	{ EVENT_SET_P5, PMC5_DATA_READ_MISS, 0, KNOWN, NEAR, 1, { CACHE(L1D, READ, MISS) } },
	{ EVENT_SET_P5, PMC5_INST_READ, 0, A | ARM | POWER, NEAR, 1, { CACHE(L1I, READ, ACCESS) } },
	{ EVENT_SET_P5, PMC5_INST_TLB_MISS, 0, KNOWN, NEAR, 1, { CACHE(ITLB, READ, MISS) } },
	{ EVENT_SET_P5, PMC5_INST_CACHE_MISS, 0, KNOWN, NEAR, 1, { CACHE(L1I, READ, MISS) } },
	{ EVENT_SET_P5, PMC5_BRANCHES, 0, KNOWN, NEAR, 1, HW(BRANCH_INSTRUCTIONS) },
	{ EVENT_SET_P5, PMC5_PIPELINE_FLUSH, 0, KNOWN, NEAR, 1, HW(BRANCH_MISSES) },
	{ EVENT_SET_P5, PMC5_INST_EXECUTED, 0, MAKER_ANY, EXACT, 1, HW(INSTRUCTIONS) },
	{ EVENT_SET_P5, PMC5_HW_INTR, 0, MAKER_ANY, SOFTWARE, 0, { { 0 } } },
	{ EVENT_SET_P5,
	  PMC5_DATA_RW,
	  0,
	  I,
	  NEAR,
	  2,
	  { CACHE(L1D, READ, ACCESS), CACHE(L1D, WRITE, ACCESS) } },
	{ EVENT_SET_P5, PMC5_DATA_RW_MISS, 0, KNOWN, NEAR, 1, { CACHE(L1D, READ, MISS) } },
};

/* Those of machines that are gone. */
static const uint8_t gone_p6[] = {
	PMC6_L2_ADS,
	PMC6_L2_DBUS_BUSY,
	PMC6_L2_DBUS_BUSY_RD,
	PMC6_BUS_DRDY_CLOCKS,
	PMC6_BUS_TRAN_P,
	PMC6_BUS_TRAN_IO,
	PMC6_BUS_TRAN_DEF,
	PMC6_BUS_DATA_RCV,
	PMC6_BUS_BNR_DRV,
	PMC6_BUS_SNOOP_STALL,
	PMC6_CYCLES_INT_MASKED,
	PMC6_BR_BOGUS,
	PMC6_PARTIAL_RAT_STALLS,
	PMC6_SEGMENT_REG_LOADS,
};
static const uint8_t gone_p5[] = {
	PMC5_WRITE_M_E,        PMC5_DATA_CACHE_SNOOP, PMC5_MEM_ACCESS_BOTH,    PMC5_BANK_CONFLICTS,
	PMC5_SEGMENT_REG_LOAD, PMC5_BTB_HITS,         PMC5_INST_EXECUTED_V,    PMC5_BUS_UTILIZATION,
	PMC5_WRITE_E_M_STALL,  PMC5_IO_CYCLE,         PMC5_ADDR_GEN_INTERLOCK, PMC5_BP0_MATCH,
	PMC5_BP1_MATCH,        PMC5_BP2_MATCH,        PMC5_BP3_MATCH,
};

/* Those of a P5 that lasted, which it counted in clocks without PMCF_E. */
static const uint8_t lasting_p5[] = {
	PMC5_BUS_UTILIZATION, PMC5_WRITE_BACKUP_STALL, PMC5_DATA_READ_STALL,
	PMC5_WRITE_E_M_STALL, PMC5_ADDR_GEN_INTERLOCK,
};

static const unsigned makers[] = { I, A, ARM, POWER, MAKER_OTHER };

static bool has(const uint8_t *codes, size_t count, unsigned code)
{
	return memchr(codes, (int)code, count) != NULL;
}

static bool is_gone(enum event_set set, unsigned code)
{
	return set == EVENT_SET_P5 ? has(gone_p5, sizeof gone_p5, code)
				   : has(gone_p6, sizeof gone_p6, code);
}

/* A request that the old CPU counted: the L2's events in any state of the line. */
static uint32_t request(enum event_set set, unsigned code)
{
	if (set == EVENT_SET_P5)
		return code | BOTH | (has(lasting_p5, sizeof lasting_p5, code) ? 0 : EDGE);
	if (code == PMC6_L2_IFETCH || code == PMC6_L2_LD || code == PMC6_L2_ST ||
	    code == PMC6_L2_RQSTS)
		return code | BOTH | 0x0f00;
	return code | BOTH;
}

static const struct counted *find(enum event_set set, unsigned code, unsigned maker)
{
	for (size_t i = 0; i < COUNT(counted); i++)
		if (counted[i].set == set && counted[i].code == code && (counted[i].on & maker))
			return &counted[i];
	return NULL;
}

static void check_counted(const struct event_rules *rules, const struct counted *wanted)
{
	uint32_t select = request(rules->set, wanted->code);
	struct event event = must_resolve(rules, select);

	assert_int_equal(event.class, wanted->class);
	assert_int_equal(event.fidelity, FIDELITY_NONE);
	assert_string_equal(event.name, legacy_name(rules->set, wanted->code));
	assert_int_equal(event.terms, wanted->terms);
	assert_int_equal(event.kind, wanted->class == SOFTWARE ? EVENT_INTERRUPTS : EVENT_PERF);
	for (unsigned i = 0; i < wanted->terms; i++) {
		assert_int_equal(event.term[i].type, wanted->term[i].type);
		assert_int_equal(event.term[i].config, wanted->term[i].config);
	}
	/* What differs is said; what does not has nothing to say. */
	assert_int_equal(*event.note == '\0', wanted->class == EXACT);
}

static void check_code(const struct event_rules *rules, unsigned code)
{
	const struct counted *wanted = find(rules->set, code, rules->source.cpu.maker);
	uint32_t select = request(rules->set, code);

	if (wanted)
		check_counted(rules, wanted);
	else if (!legacy_name(rules->set, code))
		must_refuse(rules, select, "the original header has no event of this code");
	else if (is_gone(rules->set, code))
		must_refuse(rules, select, "no event of today's CPUs is like it");
	else
		must_refuse(rules, select, "this CPU model's own are not known");
}

/* A low fidelity that will do makes nothing known. */
static void test_every_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(makers); i++)
		for (int set = EVENT_SET_P5; set <= EVENT_SET_P6; set++)
			for (unsigned code = 0; code < 512; code++) {
				struct event_rules rules =
					rules_of((enum event_set)set, makers[i], FAMILIES, "");

				rules.approximate = code >= 256;
				check_code(&rules, code & 0xff);
			}
}

/* Neither scope nor what a backend lacks changes what an event is, but for the kernel's own. */
static void test_scopes(void **state)
{
	(void)state;
	for (int scope = SCOPE_SYSTEM; scope <= SCOPE_OPENER; scope++)
		for (size_t i = 0; i < COUNT(counted); i++) {
			struct event_rules rules =
				rules_of(counted[i].set, MAKER_INTEL, FAMILIES, "");

			rules.scope = (enum event_scope)scope;
			if (!(counted[i].on & I))
				continue;
			if (counted[i].class == SOFTWARE && scope != SCOPE_SYSTEM)
				must_refuse(&rules, request(counted[i].set, counted[i].code),
					    "--scope system");
			else
				check_counted(&rules, &counted[i]);
		}
}

static void test_clocks_of_a_p5(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(makers); i++)
		for (unsigned code = 0; code < 256; code++) {
			struct event_rules rules = rules_of(EVENT_SET_P5, makers[i], FAMILIES, "");

			if (!legacy_name(EVENT_SET_P5, code))
				continue;
			must_refuse(&rules, (code | BOTH | EDGE | 0x01000000),
				    "a P5 has no counter mask");
			if (!has(lasting_p5, sizeof lasting_p5, code))
				must_refuse(&rules, code | BOTH, "PMCF_E");
		}
}

static void test_modifiers(void **state)
{
	static const uint32_t modifiers[] = { EDGE, 0x01000000, 0xff000000, INV | 0x02000000,
					      EDGE | INV | 0x01000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(counted); i++)
		for (size_t j = 0; j < COUNT(modifiers); j++)
			for (size_t k = 0; k < COUNT(makers); k++) {
				struct event_rules rules =
					rules_of(EVENT_SET_P6, makers[k], FAMILIES, "");
				uint32_t select = request(EVENT_SET_P6, counted[i].code);

				if (counted[i].set == EVENT_SET_P6)
					must_refuse(&rules, select | modifiers[j],
						    "PMCF_E and a counter mask cannot be carried");
			}
}

static void test_describe(void **state)
{
	static const struct {
		uint32_t select;
		const char *text;
	} rows[] = {
		{ PMC6_INST_RETIRED | BOTH, "instructions (exact)" },
		{ PMC6_DATA_MEM_REFS | BOTH,
		  "L1-dcache-loads+L1-dcache-stores (near): retired loads and stores; a P6 also "
		  "counted retries and each half of a split access" },
		{ PMC6_HW_INT_RX | BOTH,
		  "intr of /proc/stat (software): the kernel's total for all CPUs; machine checks "
		  "and retried interprocessor interrupts count on x86" },
	};
	struct event_rules rules = rules_of(EVENT_SET_P6, I, FAMILIES, "");
	char text[768];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event event = must_resolve(&rules, rows[i].select);

		assert_string_equal(event_describe(&event, text, sizeof text), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code),     cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_clocks_of_a_p5), cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

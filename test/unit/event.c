/* SPDX-License-Identifier: BSD-2-Clause */

/* What counts which event, with the names and codes of <machine/perfmon.h> as a second opinion. */

#include "event/event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

#define USR  0x010000u
#define OS   0x020000u
#define EDGE 0x040000u
#define PIN  0x080000u
#define INV  0x800000u
#define BOTH (USR | OS)

struct name {
	uint8_t code;
	const char *name;
};

#define NAME(name)          \
	{                   \
		name, #name \
	}

/* clang-format off */
static const struct name names_p6[] = {
	NAME(PMC6_DATA_MEM_REFS),
	NAME(PMC6_DCU_LINES_IN),
	NAME(PMC6_DCU_M_LINES_IN),
	NAME(PMC6_DCU_M_LINES_OUT),
	NAME(PMC6_DCU_MISS_OUTSTANDING),
	NAME(PMC6_IFU_IFETCH),
	NAME(PMC6_IFU_IFETCH_MISS),
	NAME(PMC6_ITLB_MISS),
	NAME(PMC6_IFU_MEM_STALL),
	NAME(PMC6_ILD_STALL),
	NAME(PMC6_L2_ADS),
	NAME(PMC6_L2_DBUS_BUSY),
	NAME(PMC6_L2_DBUS_BUSY_RD),
	NAME(PMC6_L2_LINES_IN),
	NAME(PMC6_L2_M_LINES_INM),
	NAME(PMC6_L2_LINES_OUT),
	NAME(PMC6_L2_M_LINES_OUTM),
	NAME(PMC6_L2_IFETCH),
	NAME(PMC6_L2_LD),
	NAME(PMC6_L2_ST),
	NAME(PMC6_L2_RQSTS),
	NAME(PMC6_BUS_REQ_OUTSTANDING),
	NAME(PMC6_BUS_BNR_DRV),
	NAME(PMC6_BUS_DRDY_CLOCKS),
	NAME(PMC6_BUS_LOCK_CLOCKS),
	NAME(PMC6_BUS_DATA_RCV),
	NAME(PMC6_BUS_TRAN_BRD),
	NAME(PMC6_BUS_TRAN_RFO),
	NAME(PMC6_BUS_TRAN_WB),
	NAME(PMC6_BUS_TRAN_IFETCH),
	NAME(PMC6_BUS_TRAN_INVAL),
	NAME(PMC6_BUS_TRAN_PWR),
	NAME(PMC6_BUS_TRAN_P),
	NAME(PMC6_BUS_TRAN_IO),
	NAME(PMC6_BUS_TRAN_DEF),
	NAME(PMC6_BUS_TRAN_BURST),
	NAME(PMC6_BUS_TRAN_MEM),
	NAME(PMC6_BUS_TRAN_ANY),
	NAME(PMC6_BUS_HIT_DRV),
	NAME(PMC6_BUS_HITM_DRV),
	NAME(PMC6_BUS_SNOOP_STALL),
	NAME(PMC6_FP_COMP_OPS_EXE),
	NAME(PMC6_FP_ASSIST),
	NAME(PMC6_MUL),
	NAME(PMC6_DIV),
	NAME(PMC6_CYCLES_DIV_BUSY),
	NAME(PMC6_FLOPS),
	NAME(PMC6_LD_BLOCKS),
	NAME(PMC6_SB_DRAINS),
	NAME(PMC6_MISALIGN_MEM_REF),
	NAME(PMC6_INST_RETIRED),
	NAME(PMC6_UOPS_RETIRED),
	NAME(PMC6_INST_DECODER),
	NAME(PMC6_CYCLES_INT_MASKED),
	NAME(PMC6_CYCLES_INT_PENDING_AND_MASKED),
	NAME(PMC6_HW_INT_RX),
	NAME(PMC6_BR_INST_RETIRED),
	NAME(PMC6_BR_MISS_PRED_RETIRED),
	NAME(PMC6_BR_TAKEN_RETIRED),
	NAME(PMC6_BR_MISS_PRED_TAKEN_RET),
	NAME(PMC6_BR_INST_DECODED),
	NAME(PMC6_BTB_MISSES),
	NAME(PMC6_BR_BOGUS),
	NAME(PMC6_BACLEARS),
	NAME(PMC6_RESOURCE_STALLS),
	NAME(PMC6_PARTIAL_RAT_STALLS),
	NAME(PMC6_SEGMENT_REG_LOADS),
	NAME(PMC6_CPU_CLK_UNHALTED),
};

static const struct name names_p5[] = {
	NAME(PMC5_DATA_READ),
	NAME(PMC5_DATA_WRITE),
	NAME(PMC5_DATA_TLB_MISS),
	NAME(PMC5_DATA_READ_MISS),
	NAME(PMC5_DATA_WRITE_MISS),
	NAME(PMC5_WRITE_M_E),
	NAME(PMC5_DATA_LINES_WBACK),
	NAME(PMC5_DATA_CACHE_SNOOP),
	NAME(PMC5_DATA_CACHE_SNOOP_HIT),
	NAME(PMC5_MEM_ACCESS_BOTH),
	NAME(PMC5_BANK_CONFLICTS),
	NAME(PMC5_MISALIGNED_DATA),
	NAME(PMC5_INST_READ),
	NAME(PMC5_INST_TLB_MISS),
	NAME(PMC5_INST_CACHE_MISS),
	NAME(PMC5_SEGMENT_REG_LOAD),
	NAME(PMC5_BRANCHES),
	NAME(PMC5_BTB_HITS),
	NAME(PMC5_BRANCH_TAKEN),
	NAME(PMC5_PIPELINE_FLUSH),
	NAME(PMC5_INST_EXECUTED),
	NAME(PMC5_INST_EXECUTED_V),
	NAME(PMC5_BUS_UTILIZATION),
	NAME(PMC5_WRITE_BACKUP_STALL),
	NAME(PMC5_DATA_READ_STALL),
	NAME(PMC5_WRITE_E_M_STALL),
	NAME(PMC5_LOCKED_BUS),
	NAME(PMC5_IO_CYCLE),
	NAME(PMC5_NONCACHE_MEMORY),
	NAME(PMC5_ADDR_GEN_INTERLOCK),
	NAME(PMC5_FLOPS),
	NAME(PMC5_BP0_MATCH),
	NAME(PMC5_BP1_MATCH),
	NAME(PMC5_BP2_MATCH),
	NAME(PMC5_BP3_MATCH),
	NAME(PMC5_HW_INTR),
	NAME(PMC5_DATA_RW),
	NAME(PMC5_DATA_RW_MISS),
};
/* clang-format on */

_Static_assert(COUNT(names_p6) == 68, "the original header has 68 events of the P6");
_Static_assert(COUNT(names_p5) == 38, "the original header has 38 events of the P5");

/* The events that today's machines count exactly; all others are refused. */
struct exact {
	uint8_t code;
	enum event_kind kind;
	uint64_t config; /* of PERF_TYPE_HARDWARE */
};

static const struct exact exact_p6[] = {
	{ PMC6_CPU_CLK_UNHALTED, EVENT_PERF, PERF_COUNT_HW_CPU_CYCLES },
	{ PMC6_INST_RETIRED, EVENT_PERF, PERF_COUNT_HW_INSTRUCTIONS },
	{ PMC6_BR_INST_RETIRED, EVENT_PERF, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ PMC6_BR_MISS_PRED_RETIRED, EVENT_PERF, PERF_COUNT_HW_BRANCH_MISSES },
	{ PMC6_HW_INT_RX, EVENT_INTERRUPTS, 0 },
};

static const struct exact exact_p5[] = {
	{ PMC5_INST_EXECUTED, EVENT_PERF, PERF_COUNT_HW_INSTRUCTIONS },
	{ PMC5_HW_INTR, EVENT_INTERRUPTS, 0 },
};

static const struct set {
	enum event_set set;
	const struct name *names;
	size_t name_count;
	const struct exact *exact;
	size_t exact_count;
	uint32_t flags; /* with which the set's exact events count */
} sets[] = {
	{ EVENT_SET_P6, names_p6, COUNT(names_p6), exact_p6, COUNT(exact_p6), BOTH },
	{ EVENT_SET_P5, names_p5, COUNT(names_p5), exact_p5, COUNT(exact_p5), BOTH | EDGE },
};

static const char *name_of(const struct set *set, unsigned code)
{
	const char *found = NULL;

	for (size_t i = 0; i < set->name_count; i++)
		if (set->names[i].code == code) {
			assert_null(found);
			found = set->names[i].name;
		}
	return found;
}

static const struct exact *exact_of(const struct set *set, unsigned code)
{
	for (size_t i = 0; i < set->exact_count; i++)
		if (set->exact[i].code == code)
			return &set->exact[i];
	return NULL;
}

static void check_equal_names(const char *got, const char *wanted)
{
	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		for (size_t i = 0; i < COUNT(sets); i++)
			for (int cpu = CPU_OTHER; cpu <= CPU_P6; cpu++)
				check_equal_names(
					event_name(sets[i].set, (enum cpu_class)cpu, (uint8_t)code),
					name_of(&sets[i], code));
		check_equal_names(event_name(EVENT_SET_NATIVE, CPU_P6, (uint8_t)code),
				  name_of(&sets[0], code));
		check_equal_names(event_name(EVENT_SET_NATIVE, CPU_P5, (uint8_t)code),
				  name_of(&sets[1], code));
		assert_null(event_name(EVENT_SET_NATIVE, CPU_X86, (uint8_t)code));
		assert_null(event_name(EVENT_SET_NATIVE, CPU_OTHER, (uint8_t)code));
	}
}

/* Refuses with one line that names the code, and leaves the event alone. */
static void check_refusal(enum event_set set, enum cpu_class cpu, uint32_t select,
			  const char *cause)
{
	struct event event = { .perf_config = UNTOUCHED };
	char code[16];
	const char *said;
	int result;

	snprintf(code, sizeof code, "event 0x%02x", select & 0xff);
	capture_start(STDERR_FILENO);
	result = event_resolve(set, cpu, select, &event);
	said = capture_end();
	assert_int_equal(result, -EOPNOTSUPP);
	assert_int_equal(event.perf_config, UNTOUCHED);
	assert_non_null(strstr(said, code));
	assert_non_null(strstr(said, cause));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void check_exact(const struct set *set, const struct exact *exact)
{
	struct event event;
	uint32_t select = exact->code | set->flags;

	assert_int_equal(event_resolve(set->set, CPU_X86, select, &event), 0);
	assert_string_equal(event.name, name_of(set, exact->code));
	assert_int_equal(event.kind, exact->kind);
	assert_int_equal(event.select, select);
	assert_true(event.user);
	assert_true(event.kernel);
	if (exact->kind == EVENT_PERF) {
		assert_int_equal(event.perf_type, PERF_TYPE_HARDWARE);
		assert_int_equal(event.perf_config, exact->config);
	}
}

static void test_every_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++)
		for (unsigned code = 0; code < 256; code++) {
			const struct exact *exact = exact_of(&sets[i], code);

			if (exact)
				check_exact(&sets[i], exact);
			else
				check_refusal(sets[i].set, CPU_X86, code | sets[i].flags,
					      name_of(&sets[i], code) ? "no event of today's"
								      : "no event of this code");
		}
}

static void test_flags(void **state)
{
	static const struct {
		enum event_set set;
		uint32_t select;
		const char *cause; /* NULL: it resolves */
	} rows[] = {
		{ EVENT_SET_P6, 0xc0, NULL },
		{ EVENT_SET_P6, 0xc0 | USR, NULL },
		{ EVENT_SET_P6, 0xc0 | OS, NULL },
		{ EVENT_SET_P6, 0xc0 | BOTH | PIN, NULL },
		{ EVENT_SET_P6, 0xc0 | BOTH | INV, NULL },
		{ EVENT_SET_P6, 0xc0 | BOTH | 0xff00, NULL },
		{ EVENT_SET_P6, 0xc0 | BOTH | EDGE, "PMCF_E" },
		{ EVENT_SET_P6, 0xc0 | BOTH | 0x01000000, "counter mask" },
		{ EVENT_SET_P6, 0xc0 | BOTH | 0xff000000, "counter mask" },
		{ EVENT_SET_P6, 0xc0 | BOTH | INV | 0x02000000, "counter mask" },
		{ EVENT_SET_P6, 0xc0 | BOTH | 0x200000, "reserved" },
		{ EVENT_SET_P6, 0xc8, NULL },
		{ EVENT_SET_P6, 0xc8 | BOTH, NULL },
		{ EVENT_SET_P6, 0xc8 | USR, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P6, 0xc8 | OS, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P6, 0xc8 | BOTH | EDGE, "PMCF_E" },
		{ EVENT_SET_P6, 0xc8 | BOTH | 0x01000000, "counter mask" },
		{ EVENT_SET_P5, 0x16 | USR | EDGE, NULL },
		{ EVENT_SET_P5, 0x16 | EDGE, NULL },
		{ EVENT_SET_P5, 0x16 | BOTH, "PMCF_E" },
		{ EVENT_SET_P5, 0x16 | BOTH | EDGE | 0x01000000, "counter mask" },
		{ EVENT_SET_P5, 0x27 | EDGE, NULL },
		{ EVENT_SET_P5, 0x27 | EDGE | USR, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P5, 0x27 | EDGE | OS, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P5, 0x27 | BOTH, "PMCF_E" },
		{ EVENT_SET_NATIVE, 0xc0 | BOTH | 0x200000, "reserved" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event event = { 0 };

		if (rows[i].cause) {
			check_refusal(rows[i].set, CPU_X86, rows[i].select, rows[i].cause);
			continue;
		}
		assert_int_equal(event_resolve(rows[i].set, CPU_X86, rows[i].select, &event), 0);
		assert_int_equal(event.user, (rows[i].select & USR) != 0);
		assert_int_equal(event.kernel, (rows[i].select & OS) != 0);
	}
}

static void test_native(void **state)
{
	static const struct {
		uint32_t select;
		uint64_t config;
	} rows[] = {
		{ 0, 0 },
		{ 0xffffu, 0xffff },
		{ 0x00c0u | USR, 0xc0 },
		{ 0x00c0u | BOTH | PIN, 0xc0 },
		{ 0x412eu | BOTH | EDGE, 0x4412e },
		{ 0x01c2u | USR | INV | 0x01000000, 0x18001c2 },
		{ 0x01c2u | BOTH | EDGE | INV | 0xff000000, 0xff8401c2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int cpu = CPU_X86; cpu <= CPU_P6; cpu++) {
			struct event event;

			assert_int_equal(event_resolve(EVENT_SET_NATIVE, (enum cpu_class)cpu,
						       rows[i].select, &event),
					 0);
			assert_int_equal(event.kind, EVENT_NATIVE);
			assert_int_equal(event.perf_type, PERF_TYPE_RAW);
			assert_int_equal(event.perf_config, rows[i].config);
			assert_int_equal(event.select, rows[i].select);
			assert_int_equal(event.user, (rows[i].select & USR) != 0);
			assert_int_equal(event.kernel, (rows[i].select & OS) != 0);
			check_equal_names(event.name, cpu == CPU_X86
							      ? NULL
							      : name_of(&sets[cpu == CPU_P5],
									rows[i].select & 0xff));
		}
}

static void test_set_choose(void **state)
{
#define A    EVENT_SET_AUTO
#define P5   EVENT_SET_P5
#define P6   EVENT_SET_P6
#define N    EVENT_SET_NATIVE
#define FAIL (-1)
	static const struct {
		bool legacy;
		enum event_set asked;
		int wanted[4]; /* on CPU_OTHER, CPU_X86, CPU_P5, CPU_P6 */
	} rows[] = {
		{ true, A, { P6, P6, N, N } },          { true, P5, { P5, P5, N, P5 } },
		{ true, P6, { P6, P6, P6, N } },        { true, N, { N, N, N, N } },
		{ false, A, { N, N, N, N } },           { false, P5, { FAIL, FAIL, N, FAIL } },
		{ false, P6, { FAIL, FAIL, FAIL, N } }, { false, N, { N, N, N, N } },
	};
#undef A
#undef P5
#undef P6
#undef N

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int cpu = CPU_OTHER; cpu <= CPU_P6; cpu++) {
			enum event_set set = EVENT_SET_AUTO;
			const char *said;
			int result;

			capture_start(STDERR_FILENO);
			result = event_set_choose(rows[i].asked, (enum cpu_class)cpu,
						  rows[i].legacy, &set);
			said = capture_end();
			if (rows[i].wanted[cpu] == FAIL) {
				assert_int_equal(result, -EOPNOTSUPP);
				assert_int_equal(set, EVENT_SET_AUTO);
				assert_non_null(strstr(said, "--events native"));
			} else {
				assert_int_equal(result, 0);
				assert_int_equal(set, rows[i].wanted[cpu]);
				assert_string_equal(said, "");
			}
		}
#undef FAIL
}

static void test_set_names(void **state)
{
	(void)state;
	assert_string_equal(event_set_name(EVENT_SET_AUTO), "auto");
	assert_string_equal(event_set_name(EVENT_SET_P5), "p5");
	assert_string_equal(event_set_name(EVENT_SET_P6), "p6");
	assert_string_equal(event_set_name(EVENT_SET_NATIVE), "native");
}

/* The first processor of /proc/cpuinfo, as the kernel took it apart. */
static enum cpu_class class_by_kernel(void)
{
	char line[256];
	char vendor[16] = "";
	int family = 0;
	int model = 0;
	FILE *file = fopen("/proc/cpuinfo", "re");

	assert_non_null(file);
	while (fgets(line, sizeof line, file) && line[0] != '\n') {
		sscanf(line, "vendor_id : %15s", vendor);
		sscanf(line, "cpu family : %d", &family);
		sscanf(line, "model : %d", &model);
	}
	fclose(file);
	if (strcmp(vendor, "GenuineIntel") != 0)
		return CPU_X86;
	if (family == 5)
		return CPU_P5;
	return family == 6 && model <= 0x0d ? CPU_P6 : CPU_X86;
}

static void test_cpu_class(void **state)
{
	(void)state;
#if defined(__x86_64__) || defined(__i386__)
	assert_int_equal(event_cpu_class(), class_by_kernel());
#else
	(void)class_by_kernel;
	assert_int_equal(event_cpu_class(), CPU_OTHER);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_flags),      cmocka_unit_test(test_native),
		cmocka_unit_test(test_set_choose), cmocka_unit_test(test_set_names),
		cmocka_unit_test(test_cpu_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

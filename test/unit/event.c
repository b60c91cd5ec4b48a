/* SPDX-License-Identifier: BSD-2-Clause */

/* Names, sets and what does not depend on the tables: flags, the CPU's own codes, the wording. */

#include "event/event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "legacy_names.h"
#include "resolve.h"
#include "unit.h"

static void check_name(const char *got, const char *wanted)
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
		for (int set = EVENT_SET_P5; set <= EVENT_SET_P6; set++)
			for (int cpu = CPU_OTHER; cpu <= CPU_P6; cpu++)
				check_name(event_name((enum event_set)set, (enum cpu_class)cpu,
						      (uint8_t)code),
					   legacy_name((enum event_set)set, code));
		check_name(event_name(EVENT_SET_NATIVE, CPU_P6, (uint8_t)code),
			   legacy_name(EVENT_SET_P6, code));
		check_name(event_name(EVENT_SET_NATIVE, CPU_P5, (uint8_t)code),
			   legacy_name(EVENT_SET_P5, code));
		assert_null(event_name(EVENT_SET_NATIVE, CPU_X86, (uint8_t)code));
		assert_null(event_name(EVENT_SET_NATIVE, CPU_OTHER, (uint8_t)code));
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
		{ EVENT_SET_P6, 0xc0 | BOTH | 0x200000, "reserved" },
		{ EVENT_SET_P6, 0xc8, NULL },
		{ EVENT_SET_P6, 0xc8 | BOTH, NULL },
		{ EVENT_SET_P6, 0xc8 | USR, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P6, 0xc8 | OS, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P5, 0x16 | USR | EDGE, NULL },
		{ EVENT_SET_P5, 0x16 | EDGE, NULL },
		{ EVENT_SET_P5, 0x27 | EDGE, NULL },
		{ EVENT_SET_P5, 0x27 | EDGE | USR, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P5, 0x27 | EDGE | OS, "both PMCF_USR and PMCF_OS" },
		{ EVENT_SET_P5, 0x16 | EDGE | 0x200000, "reserved" },
		{ EVENT_SET_NATIVE, 0xc0 | BOTH | 0x200000, "reserved" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event_rules rules = rules_of(rows[i].set, MAKER_INTEL, FAMILIES, "");

		if (rows[i].cause)
			must_refuse(&rules, rows[i].select, rows[i].cause);
		else
			must_resolve(&rules, rows[i].select);
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
			struct event_rules rules =
				rules_of(EVENT_SET_NATIVE, MAKER_INTEL, FAMILIES, "");
			char counted[32];
			struct event event;

			rules.source.cpu.class = (enum cpu_class)cpu;
			event = must_resolve(&rules, rows[i].select);
			assert_int_equal(event.kind, EVENT_NATIVE);
			assert_int_equal(event.class, EVENT_CLASS_NATIVE);
			assert_int_equal(event.terms, 1);
			assert_int_equal(event.term[0].type, PERF_TYPE_RAW);
			assert_int_equal(event.term[0].config, rows[i].config);
			assert_int_equal(event.counter, -1);
			snprintf(counted, sizeof counted, "event select 0x%08x", rows[i].select);
			assert_string_equal(event.counted, counted);
			check_name(event.name, cpu == CPU_X86
						       ? NULL
						       : legacy_name(cpu == CPU_P5 ? EVENT_SET_P5
										   : EVENT_SET_P6,
								     rows[i].select & 0xff));
		}
}

/* Where there is no event select of x86, its flags have no place to go. */
static void test_native_elsewhere(void **state)
{
	static const unsigned makers[] = { MAKER_ARM, MAKER_POWER };

	(void)state;
	for (size_t i = 0; i < COUNT(makers); i++) {
		struct event_rules rules = rules_of(EVENT_SET_NATIVE, makers[i], FAMILIES, "");
		struct event event = must_resolve(&rules, 0xab11 | USR | PIN);

		assert_int_equal(event.kind, EVENT_NATIVE);
		assert_int_equal(event.term[0].type, PERF_TYPE_RAW);
		assert_int_equal(event.term[0].config, 0xab11);
		assert_null(event.name);
		must_refuse(&rules, 0x11 | BOTH | EDGE, "edge, invert and counter mask");
		must_refuse(&rules, 0x11 | BOTH | INV, "edge, invert and counter mask");
		must_refuse(&rules, 0x11 | BOTH | 0x01000000, "edge, invert and counter mask");
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
			const struct event_source source = { .native = true,
							     .legacy = rows[i].legacy,
							     .cpu.class = (enum cpu_class)cpu };
			enum event_set set = EVENT_SET_AUTO;
			const char *said;
			int result;

			capture_start(STDERR_FILENO);
			result = event_set_choose(rows[i].asked, &source, &set);
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
			assert_int_equal(event_set_fits(rows[i].asked, &source), result == 0);
		}
#undef FAIL
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(event_set_name(EVENT_SET_AUTO), "auto");
	assert_string_equal(event_set_name(EVENT_SET_P5), "p5");
	assert_string_equal(event_set_name(EVENT_SET_P6), "p6");
	assert_string_equal(event_set_name(EVENT_SET_NATIVE), "native");
	assert_string_equal(event_class_name(EVENT_CLASS_NONE), "none");
	assert_string_equal(event_class_name(EVENT_CLASS_EXACT), "exact");
	assert_string_equal(event_class_name(EVENT_CLASS_NEAR), "near");
	assert_string_equal(event_class_name(EVENT_CLASS_MODEL), "model");
	assert_string_equal(event_class_name(EVENT_CLASS_SOFTWARE), "software");
	assert_string_equal(event_class_name(EVENT_CLASS_NATIVE), "native");
}

static void test_describe(void **state)
{
	static const struct {
		struct event event;
		const char *text;
	} rows[] = {
		{ { .class = EVENT_CLASS_EXACT, .counted = "cycles", .note = "" },
		  "cycles (exact)" },
		{ { .class = EVENT_CLASS_NEAR, .counted = "a+b", .note = "not all" },
		  "a+b (near): not all" },
		{ { .class = EVENT_CLASS_SOFTWARE, .counted = "intr", .note = "a total" },
		  "intr (software): a total" },
		{ { .class = EVENT_CLASS_NATIVE, .counted = "event select 0x1", .note = "" },
		  "event select 0x1 (native)" },
		{ { .class = EVENT_CLASS_MODEL,
		    .fidelity = FIDELITY_LOW,
		    .counted = "E",
		    .note = "n" },
		  "E (model, low fidelity): n" },
		{ { .class = EVENT_CLASS_MODEL,
		    .fidelity = FIDELITY_MEDIUM,
		    .counted = "E",
		    .note = "n" },
		  "E (model, medium fidelity): n" },
		{ { .class = EVENT_CLASS_MODEL,
		    .fidelity = FIDELITY_HIGH,
		    .counted = "E",
		    .note = "" },
		  "E (model, high fidelity)" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_ptr_equal(event_describe(&rows[i].event, text, sizeof text), text);
		assert_string_equal(text, rows[i].text);
	}
	event_describe(&rows[1].event, text, 8);
	assert_string_equal(text, "a+b (ne");
}

/* The first processor of /proc/cpuinfo, as the kernel took it apart. */
static enum cpu_class class_by_kernel(unsigned *ret_maker)
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
	*ret_maker = strcmp(vendor, "AuthenticAMD") == 0 ? MAKER_AMD : MAKER_OTHER;
	if (strcmp(vendor, "GenuineIntel") != 0)
		return CPU_X86;
	*ret_maker = MAKER_INTEL;
	if (family == 5)
		return CPU_P5;
	return family == 6 && model <= 0x0d ? CPU_P6 : CPU_X86;
}

static void test_cpu(void **state)
{
	struct event_cpu cpu = { 0 };
	unsigned maker;

	(void)state;
	event_cpu_detect(&cpu);
#if defined(__x86_64__) || defined(__i386__)
	assert_int_equal(event_cpu_class(), class_by_kernel(&maker));
	assert_int_equal(cpu.maker, maker);
#else
	(void)class_by_kernel;
	maker = 0;
	assert_int_equal(event_cpu_class(), CPU_OTHER);
#if defined(__aarch64__)
	maker = MAKER_ARM;
#elif defined(__powerpc64__)
	maker = MAKER_POWER;
#endif
	if (maker)
		assert_int_equal(cpu.maker, maker);
#endif
	assert_int_equal(cpu.class, event_cpu_class());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_flags),
		cmocka_unit_test(test_native),     cmocka_unit_test(test_native_elsewhere),
		cmocka_unit_test(test_set_choose), cmocka_unit_test(test_words),
		cmocka_unit_test(test_describe),   cmocka_unit_test(test_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

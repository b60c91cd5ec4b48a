/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backend/pmu.h"

struct leaf {
	uint32_t number;
	struct cpuid values;
};

/* A processor: its leaves, the first one being leaf 0. */
struct processor {
	struct cpuid_source source;
	const struct leaf *leaf;
	size_t count;
};

static struct cpuid read_leaf(const struct cpuid_source *source, uint32_t number)
{
	const struct processor *processor = (const struct processor *)source;

	for (size_t i = 0; i < processor->count; i++)
		if (processor->leaf[i].number == number)
			return processor->leaf[i].values;
	return (struct cpuid){ 0 };
}

#define INTEL                                            \
	{                                                \
		0x10, 0x756e6547, 0x6c65746e, 0x49656e69 \
	}
#define AMD                                              \
	{                                                \
		0x10, 0x68747541, 0x444d4163, 0x69746e65 \
	}

static const char *reason;

static int identify(const struct leaf *leaf, size_t count, struct pmu *ret_pmu)
{
	const struct processor processor = { { read_leaf }, leaf, count };
	int result;

	reason = NULL;
	result = pmu_identify(&processor.source, 0x2000, ret_pmu, &reason);
	assert_true((result == 0) == (reason == NULL));
	return result;
}

#define IDENTIFY(ret_pmu, ...)                         \
	identify((const struct leaf[]){ __VA_ARGS__ }, \
		 sizeof((const struct leaf[]){ __VA_ARGS__ }) / sizeof(struct leaf), ret_pmu)

static void identifies_intel(void **state)
{
	struct pmu pmu;

	(void)state;
	/* Pentium MMX 0x543, Pentium Pro 0x619, Pentium III 0x683, Pentium M (Dothan) 0x6d8 */
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x543, 0, 0, 0 } }), 0);
	assert_string_equal(pmu.name, "p5");
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x619, 0, 0, 0 } }), 0);
	assert_string_equal(pmu.name, "p6");
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x683, 0, 0, 0 } }), 0);
	assert_string_equal(pmu.name, "p6");
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x6d8, 0, 0, 0 } }), 0);
	assert_string_equal(pmu.name, "p6");
	/* Core Duo 0x6e8, version 1, two counters of 40 bits */
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x6e8, 0, 0, 0 } },
				  { 0xa, { 0x07280201, 0, 0, 0 } }),
			 0);
	assert_string_equal(pmu.name, "arch");
	assert_int_equal(pmu.width, 40);
	assert_int_equal(pmu.global_control, 0);
	/* Skylake 0x506e3, version 4, four counters of 48 bits, no event absent */
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x07300404, 0, 0, 0x603 } }),
			 0);
	assert_int_equal(pmu.width, 48);
	assert_int_equal(pmu.global_control, 0x38f);
	assert_int_equal(pmu.in_use, 0x392);
	assert_int_equal(pmu.counter[1].restore, 0x4c2);
	assert_false(pmu.sign_extends);
}

static void identifies_amd(void **state)
{
	struct pmu pmu;

	(void)state;
	/* K8 0xf5a; Zen 2 0x870f10; Zen 4 0xa60f12 */
	assert_int_equal(IDENTIFY(&pmu, { 0, AMD }, { 1, { 0xf5a, 0, 0, 0 } },
				  { 0x80000000, { 0x80000018, 0, 0, 0 } }),
			 0);
	assert_int_equal(pmu.counter[1].select, 0xc0010001);
	assert_int_equal(pmu.counter[1].value, 0xc0010005);
	assert_int_equal(IDENTIFY(&pmu, { 0, AMD }, { 1, { 0x870f10, 0, 0, 0 } },
				  { 0x80000000, { 0x80000020, 0, 0, 0 } },
				  { 0x80000001, { 0, 0, 1u << 23, 0 } }),
			 0);
	assert_int_equal(pmu.counter[1].select, 0xc0010202);
	assert_int_equal(pmu.counter[1].value, 0xc0010203);
	assert_int_equal(pmu.global_control, 0);
	assert_int_equal(IDENTIFY(&pmu, { 0, AMD }, { 1, { 0xa60f12, 0, 0, 0 } },
				  { 0x80000000, { 0x80000028, 0, 0, 0 } },
				  { 0x80000001, { 0, 0, 1u << 23, 0 } },
				  { 0x80000022, { 1, 0x106, 0, 0 } }),
			 0);
	assert_int_equal(pmu.global_control, 0xc0000301);
	/* The event's upper 4 bits, 35:32, are the counter's too. */
	assert_int_equal(pmu.counter[0].field & 0xfffffffffull, 0xfffffffffull);
}

static void refuses_what_it_does_not_know(void **state)
{
	struct pmu pmu;

	(void)state;
	/* A guest whose hypervisor hides the PMU, and one too old to have leaf 0AH */
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } }), -ENODEV);
	assert_int_equal(IDENTIFY(&pmu, { 0, { 5, 0x756e6547, 0x6c65746e, 0x49656e69 } },
				  { 1, { 0x6f6, 0, 0, 0 } }, { 0xa, { 0x07300404, 0, 0, 0 } }),
			 -ENODEV);
	assert_non_null(strstr(reason, "hides it"));
	/* A Pentium 4 has counters, and hides nothing. */
	assert_int_equal(IDENTIFY(&pmu, { 0, { 5, 0x756e6547, 0x6c65746e, 0x49656e69 } },
				  { 1, { 0xf29, 0, 0, 0 } }),
			 -ENODEV);
	assert_non_null(strstr(reason, "Pentium 4"));
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x07300102, 0, 0, 0 } }),
			 -ENODEV);
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x07200402, 0, 0, 0 } }),
			 -ENODEV);
	/* Widths that 64 bits cannot count with: 64, and 255; the last that they can is 63. */
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x07400404, 0, 0, 0 } }),
			 -ENODEV);
	assert_non_null(strstr(reason, "more than 63 bits"));
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x07ff0404, 0, 0, 0 } }),
			 -ENODEV);
	assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
				  { 0xa, { 0x073f0404, 0, 0, 0 } }),
			 0);
	assert_int_equal(IDENTIFY(&pmu, { 0, AMD }, { 1, { 0x58c, 0, 0, 0 } }), -ENODEV);
	assert_int_equal(IDENTIFY(&pmu, { 0, { 1, 0x746e6543, 0x736c7561, 0x48727561 } },
				  { 1, { 0x6a9, 0, 0, 0 } }),
			 -ENODEV);
	/* QEMU without KVM says that it is an AMD K7. */
	assert_int_equal(
		IDENTIFY(&pmu, { 0, AMD }, { 1, { 0x663, 0, 1u << 31, 0 } },
			 { 0x40000000, { 0x40000001, 0x54474354, 0x43544743, 0x47435447 } }),
		-ENODEV);
	assert_int_equal(IDENTIFY(&pmu, { 0, AMD }, { 1, { 0x663, 0, 1u << 31, 0 } },
				  { 0x40000000, { 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d } }),
			 0);
	/* ARM64 and POWER have no CPUID: zeros. */
	assert_int_equal(IDENTIFY(&pmu, { 0, { 0, 0, 0, 0 } }), -ENODEV);
}

/* The original driver's senses: clocks unless E, ring 0-2 for OS, ring 3 for USR, each counter's
 * half. */
static void p5_encodes(void **state)
{
	static const struct {
		unsigned counter;
		uint32_t select;
		bool run;
		uint64_t bits;
	} rows[] = {
		{ 0, 0x16 | PMCF_E << 16, false, 0x16 },
		{ 0, 0x16, false, 0x116 },
		{ 0, 0x16 | (PMCF_E | PMCF_USR) << 16, true, 0x96 },
		{ 0, 0x16 | (PMCF_E | PMCF_OS) << 16, true, 0x56 },
		{ 0, 0x16 | (PMCF_E | PMCF_OS | PMCF_USR) << 16, true, 0xd6 },
		{ 0, 0x16 | (PMCF_E | PMCF_OS | PMCF_USR) << 16, false, 0x16 },
		{ 0, 0x16 | (PMCF_E | PMCF_PC) << 16, true, 0x216 },
		{ 1, 0x3f | (PMCF_OS | PMCF_USR) << 16, true, 0x1ff0000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(pmu_p5.encode(rows[i].counter, rows[i].select, rows[i].run),
				 rows[i].bits);
}

static void others_enable_by_one_bit(void **state)
{
	const struct pmu arch = pmu_arch(5, 48, 0, true);

	(void)state;
	assert_int_equal(pmu_p6.encode(0, 0x30079, true), 0x430079);
	assert_int_equal(pmu_p6.encode(1, 0x30079, true), 0x30079);
	assert_int_equal(arch.encode(1, 0x3003c, true), 0x43003c);
	assert_int_equal(arch.encode(1, 0x3003c, false), 0x3003c);
}

/* Bits of CPUID.0AH:EBX and the codes that they stand for, SDM volume 3B, table 18-1. */
static void absent_events(void **state)
{
	static const uint32_t code[] = { 0x3c, 0xc0, 0x13c, 0x4f2e, 0x412e, 0xc4, 0xc5, 0x1a4 };

	(void)state;
	for (unsigned absent = 0; absent < 8; absent++) {
		const struct pmu pmu = pmu_arch(4, 48, 1u << absent, true);

		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(pmu_lacks_event(&pmu, code[i] | 0x30000), i == absent);
		assert_false(pmu_lacks_event(&pmu, 0x30001));
	}
}

/* CPUID.0AH:EAX 31:24 is how many of EBX's bits tell of an event: the others are absent. */
static void events_beyond_the_length_are_absent(void **state)
{
	static const uint32_t code[] = { 0x3c, 0xc0, 0x13c, 0x4f2e, 0x412e, 0xc4, 0xc5, 0x1a4 };
	static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 33, 64, 255 };

	(void)state;
	for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
		uint32_t length = lengths[at];
		struct pmu pmu;

		assert_int_equal(IDENTIFY(&pmu, { 0, INTEL }, { 1, { 0x506e3, 0, 0, 0 } },
					  { 0xa, { length << 24 | 0x300404, 1u << 2, 0, 0 } }),
				 0);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(pmu_lacks_event(&pmu, code[i]), i >= length || i == 2);
		assert_false(pmu_lacks_event(&pmu, 0x01));
	}
}

static unsigned count_writable(const struct pmu *pmu)
{
	unsigned count = 0;

	for (uint32_t address = 0; address < 0x2000; address++)
		count += pmu_may_write(pmu, address) + pmu_may_write(pmu, 0xc0000000 + address) +
			 pmu_may_write(pmu, 0xc0010000 + address);
	return count;
}

static void few_registers_are_writable(void **state)
{
	const struct pmu v1 = pmu_arch(1, 40, 0, false);
	const struct pmu v4 = pmu_arch(4, 48, 0, true);
	const struct pmu k7 = pmu_amd(AMD_K7);
	const struct pmu v2 = pmu_amd(AMD_PERF_V2);

	(void)state;
	assert_int_equal(count_writable(&pmu_p5), 3);
	assert_int_equal(count_writable(&pmu_p6), 4);
	assert_int_equal(count_writable(&v1), 4);
	assert_int_equal(count_writable(&v4), 6);
	assert_int_equal(count_writable(&k7), 4);
	assert_int_equal(count_writable(&v2), 6);
	assert_false(pmu_may_write(&pmu_p6, 0));
	assert_false(pmu_may_write(&v4, 0xc1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifies_intel),
		cmocka_unit_test(identifies_amd),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(p5_encodes),
		cmocka_unit_test(others_enable_by_one_bit),
		cmocka_unit_test(absent_events),
		cmocka_unit_test(events_beyond_the_length_are_absent),
		cmocka_unit_test(few_registers_are_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

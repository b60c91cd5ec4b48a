/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../client/tool/ratio.h"

#include <machine/perfmon.h>

#include "unit.h"

/* What two events are, that a machine counts. */
static struct spec spec_of(const struct event *event, uint32_t flags, uint32_t class)
{
	return (struct spec){ .event = event,
			      .value = event->code | flags << 16,
			      .counted.pme_class = class };
}

static const struct event clocks = { .name = "PMC6_CPU_CLK_UNHALTED",
				     .code = PMC6_CPU_CLK_UNHALTED };
static const struct event instructions = { .name = "PMC6_INST_RETIRED", .code = PMC6_INST_RETIRED };
static const struct event branches = { .name = "PMC6_BR_INST_RETIRED",
				       .code = PMC6_BR_INST_RETIRED };
static const struct event missed = { .name = "PMC6_BR_MISS_PRED_RETIRED",
				     .code = PMC6_BR_MISS_PRED_RETIRED };
static const struct event loads = { .name = "PMC5_DATA_READ", .code = PMC5_DATA_READ, .p5 = true };
static const struct event missed_loads = { .name = "PMC5_DATA_READ_MISS",
					   .code = PMC5_DATA_READ_MISS,
					   .p5 = true };

static void test_known(void **state)
{
	static const struct {
		const struct event *over;
		const struct event *under;
		const char *text;
	} rows[] = {
		{ &instructions, &clocks, "0.93 instructions per clock" },
		{ &missed, &branches, "93.00 % of the branches mispredicted" },
		{ &missed_loads, &loads, "93.00 % of the loads missed the data cache" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spec over = spec_of(rows[i].over, PMCF_USR, PME_EXACT);
		struct spec under = spec_of(rows[i].under, PMCF_USR, PME_MODEL);

		assert_true(ratio_text(&over, 93, &under, 100, text, sizeof text));
		assert_string_equal(text, rows[i].text);
		assert_false(ratio_text(&under, 93, &over, 100, text, sizeof text));
	}
}

/* Counts of different modes, of codes of the CPU's own, or none. */
static void test_no_ratio(void **state)
{
	struct spec over = spec_of(&instructions, PMCF_USR, PME_EXACT);
	struct spec kernel = spec_of(&clocks, PMCF_OS, PME_EXACT);
	struct spec native = spec_of(&clocks, PMCF_USR, PME_NATIVE);
	struct spec under = spec_of(&clocks, PMCF_USR, PME_EXACT);
	struct spec nameless = under;
	char text[128];

	(void)state;
	nameless.event = NULL;
	assert_false(ratio_text(&over, 1, &kernel, 1, text, sizeof text));
	assert_false(ratio_text(&over, 1, &native, 1, text, sizeof text));
	assert_false(ratio_text(&over, 1, &nameless, 1, text, sizeof text));
	assert_false(ratio_text(&over, 1, &under, 0, text, sizeof text));
	assert_true(ratio_text(&over, 0, &under, 1, text, sizeof text));
	assert_string_equal(text, "0.00 instructions per clock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_no_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

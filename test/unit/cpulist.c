/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/cpulist.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static void test_lists(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		unsigned cpu[6];
	} rows[] = {
		{ "0\n", 1, { 0 } },
		{ "7", 1, { 7 } },
		{ "0-1\n", 2, { 0, 1 } },
		{ "0-3,5\n", 5, { 0, 1, 2, 3, 5 } },
		{ "0,2,4-5", 4, { 0, 2, 4, 5 } },
		{ "3-3\n", 1, { 3 } },
		{ "1-2,3-4\n", 4, { 1, 2, 3, 4 } },
		{ "8191,65535\n", 2, { 8191, 65535 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cpulist list = { 0 };

		assert_int_equal(cpulist_parse(rows[i].text, &list), 0);
		assert_int_equal(list.count, rows[i].count);
		assert_memory_equal(list.cpu, rows[i].cpu, list.count * sizeof *list.cpu);
		free(list.cpu);
	}
}

static void test_long_list(void **state)
{
	struct cpulist list = { 0 };

	(void)state;
	assert_int_equal(cpulist_parse("0-65535\n", &list), 0);
	assert_int_equal(list.count, 65536);
	for (unsigned i = 0; i < 65536; i++)
		assert_int_equal(list.cpu[i], i);
	free(list.cpu);
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		",",
		"-",
		"a",
		"0x1",
		" 0",
		"0 ",
		"0\n\n",
		"0\n1",
		"0,",
		",0",
		"0,,1",
		"0,\n",
		"1-",
		"1-\n",
		"-1",
		"+1",
		"1-2-3",
		"3-1",
		"1,1",
		"2,1",
		"0-2,2",
		"0-3,1-5",
		"65536",
		"0-65536",
		"0-4294967295",
		"4294967296",
		"18446744073709551616",
		"0;1",
		"99999999999999999999999",
		"1--2",
		"1-+2",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct cpulist list = { .count = UNTOUCHED };

		if (cpulist_parse(texts[i], &list) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
		assert_null(list.cpu);
		assert_int_equal(list.count, UNTOUCHED);
	}
}

static void test_online(void **state)
{
	struct cpulist list = { 0 };

	(void)state;
	if (access("/sys/devices/system/cpu/online", R_OK) != 0)
		SKIP("no sysfs here");
	assert_int_equal(cpulist_online(&list), 0);
	assert_int_equal(list.count, sysconf(_SC_NPROCESSORS_ONLN));
	for (size_t i = 1; i < list.count; i++)
		assert_true(list.cpu[i - 1] < list.cpu[i]);
	free(list.cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_online),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

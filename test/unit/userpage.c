/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../client/direct/userpage.h"

#include "unit.h"

/* A page as the kernel writes it, and a counter of the test's own. */
static struct perf_event_mmap_page page;
static uint64_t counter;
static uint32_t asked;
static int interrupts;

/* What a real one does where the kernel interrupts: the event is put on another counter. */
uint64_t user_counter(uint32_t number)
{
	uint64_t value = counter;

	asked = number;
	if (interrupts > 0) {
		interrupts--;
		page.lock += 2;
		page.index = 3;
		page.offset += 1000;
		counter = 5;
	}
	return value;
}

static int setup(void **state)
{
	(void)state;
	page = (struct perf_event_mmap_page){ .lock = 8, .index = 1, .pmc_width = 48 };
	page.cap_user_rdpmc = 1;
	interrupts = 0;
	return 0;
}

static void test_sum(void **state)
{
	uint64_t count = 0;

	(void)state;
	page.offset = INT64_C(0x123456789abcdef);
	counter = 17;
	assert_true(userpage_read(&page, &count));
	assert_int_equal(count, UINT64_C(0x123456789abcdef) + 17);
	assert_int_equal(asked, 0);
}

/* The kernel starts a counter below 0, so that it overflows after a period. */
static void test_sign(void **state)
{
	static const unsigned widths[] = { 32, 40, 48, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		uint64_t count = 0;

		page.pmc_width = (uint16_t)widths[i];
		page.offset = 1000;
		counter = UINT64_MAX >> (64 - widths[i]);
		assert_true(userpage_read(&page, &count));
		assert_int_equal(count, 999);
	}
}

static void test_absent(void **state)
{
	uint64_t count = 77;

	(void)state;
	page.index = 0;
	assert_false(userpage_read(&page, &count));
	page.index = 1;
	page.cap_user_rdpmc = 0;
	assert_false(userpage_read(&page, &count));
	assert_int_equal(count, 77);
}

/* Between the page and the counter: both are read again. */
static void test_changed(void **state)
{
	uint64_t count = 0;

	(void)state;
	counter = 900;
	interrupts = 2;
	assert_true(userpage_read(&page, &count));
	assert_int_equal(count, 2005);
	assert_int_equal(asked, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sum, setup),
		cmocka_unit_test_setup(test_sign, setup),
		cmocka_unit_test_setup(test_absent, setup),
		cmocka_unit_test_setup(test_changed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

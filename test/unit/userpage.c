/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../client/direct/userpage.h"

#include <unistd.h>

#include "unit.h"

ssize_t __wrap_read(int fd, void *buffer, size_t size); /* NOLINT: the linker's name */

/* A page as the kernel writes it, and a counter of the test's own. */
static struct perf_event_mmap_page page;
static uint64_t counter;
static uint32_t asked;
static int interrupts;
static bool known; /* how it is read */

/* What a real one does where the kernel interrupts: the event is put on another counter. */
bool user_counter(uint32_t number, uint64_t *ret_value)
{
	*ret_value = counter;
	asked = number;
	if (interrupts > 0) {
		interrupts--;
		page.lock += 2;
		page.index = 3;
		page.offset += 1000;
		counter = 5;
	}
	return known;
}

/* What the kernel has for the event: more at each read(2), or end of file. */
static uint64_t kernel_count;

ssize_t __wrap_read(int fd, void *buffer, size_t size) /* NOLINT: the linker's name */
{
	uint64_t *figures = buffer;

	assert_int_equal(fd, 33);
	assert_int_equal(size, 24);
	figures[0] = kernel_count;
	if (kernel_count == 0)
		return 0;
	kernel_count += 100;
	return 24;
}

static int setup(void **state)
{
	(void)state;
	page = (struct perf_event_mmap_page){ .lock = 8, .index = 1, .pmc_width = 48 };
	page.cap_user_rdpmc = 1;
	interrupts = 0;
	known = true;
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
	page.cap_user_rdpmc = 1;
	known = false;
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

/* As of arm64's counter, which the kernel starts at -0x7fffffff, after 1359 events. */
static void test_agrees(void **state)
{
	(void)state;
	page.pmc_width = 32;
	page.offset = 0x7fffffff;
	counter = 0x80000001u + 1359;
	kernel_count = 1300;
	assert_true(userpage_agrees(&page, 33));
	page.offset = INT64_C(0x7fffffff) - (INT64_C(1) << 32);
	kernel_count = 1300;
	assert_false(userpage_agrees(&page, 33));
	page.offset = INT64_C(0x7fffffff) + (INT64_C(1) << 32);
	kernel_count = 1300;
	assert_false(userpage_agrees(&page, 33));
	/* Off the PMU, or lost. */
	kernel_count = 0;
	assert_true(userpage_agrees(&page, 33));
	kernel_count = 1300;
	page.index = 0;
	assert_true(userpage_agrees(&page, 33));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sum, setup),
		cmocka_unit_test_setup(test_sign, setup),
		cmocka_unit_test_setup(test_absent, setup),
		cmocka_unit_test_setup(test_changed, setup),
		cmocka_unit_test_setup(test_agrees, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/interrupts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define TOTAL UINT64_C(18446744073709551557)

static char text[16384];

/* A file of `lines` after `filler` bytes of lines of CPUs, each of at most `width` bytes. */
static int craft(int fd, size_t filler, size_t width, const char *lines)
{
	size_t length;

	for (length = 0; length < filler; length++)
		text[length] = "\ncpu0 123 "[length % width == width - 1 ? 0 : 1 + length % 9];
	length += (size_t)sprintf(text + length, "%s", lines);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, text, length, 0), length);
	return fd;
}

static int make_file(void)
{
	int fd = memfd_create("stat", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The line is cut at every offset by pieces of any size. */
static void test_every_offset(void **state)
{
	static const size_t widths[] = { 80, 8192 };
	int fd = make_file();

	(void)state;
	for (size_t width = 0; width < COUNT(widths); width++)
		for (size_t filler = 1; filler < 8500; filler++) {
			uint64_t total = UNTOUCHED;

			craft(fd, filler, widths[width],
			      "\nintr 18446744073709551557 5 0 1234\nctxt 99 \n");
			assert_int_equal(interrupts_read(fd, &total), 0);
			assert_int_equal(total, TOTAL);
		}
	close(fd);
}

static void test_first_figure(void **state)
{
	static const struct {
		const char *lines;
		uint64_t total;
	} rows[] = {
		{ "\nintr 0 1 2\n", 0 },
		{ "\nintr 7 1 2\nctxt 5 6\n", 7 },
		{ "\nxintr 1 2\nintr 8 9\n", 8 },
		{ "\nintrx 1 2\nintr 8 9\n", 8 },
		{ "\nsoftirq 3 4\nintr 10 11\n", 10 },
		{ "\nintr 12 13\nintr 14 15\n", 12 },
	};
	int fd = make_file();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t total = UNTOUCHED;

		craft(fd, 100, 80, rows[i].lines);
		assert_int_equal(interrupts_read(fd, &total), 0);
		assert_int_equal(total, rows[i].total);
		/* It reads from the start each time. */
		assert_int_equal(interrupts_read(fd, &total), 0);
		assert_int_equal(total, rows[i].total);
	}
	close(fd);
}

static void test_no_line(void **state)
{
	static const char *const lines[] = {
		"",        "\n",        "\nctxt 5 6\n", "\nxintr 5 6\n", "\nintr",
		"\nintr ", "\nintr 12", "\nintr x 1\n", "\nintr  1 2\n", "\nintr -1 2\n",
	};
	static const size_t fillers[] = { 0, 1, 100, 4090, 4096, 9000 };
	int fd = make_file();

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		for (size_t filler = 0; filler < COUNT(fillers); filler++) {
			uint64_t total = UNTOUCHED;

			craft(fd, fillers[filler], 80, lines[i]);
			assert_int_equal(interrupts_read(fd, &total), -EIO);
			assert_int_equal(total, UNTOUCHED);
		}
	close(fd);
}

static void test_unreadable(void **state)
{
	uint64_t total = UNTOUCHED;

	(void)state;
	assert_int_equal(interrupts_read(-1, &total), -EBADF);
	assert_int_equal(total, UNTOUCHED);
}

static uint64_t by_stdio(void)
{
	char line[512];
	uint64_t total = 0;
	FILE *file = fopen("/proc/stat", "re");

	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "intr %" SCNu64, &total) == 1)
			break;
	fclose(file);
	return total;
}

static void test_this_machine(void **state)
{
	uint64_t before;
	uint64_t total = 0;
	int fd = interrupts_open();

	(void)state;
	assert_true(fd >= 0);
	before = by_stdio();
	assert_int_equal(interrupts_read(fd, &total), 0);
	assert_in_range(total, before, by_stdio());
	assert_true(total > 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_offset), cmocka_unit_test(test_first_figure),
		cmocka_unit_test(test_no_line),      cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

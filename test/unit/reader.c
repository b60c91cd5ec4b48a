/* SPDX-License-Identifier: BSD-2-Clause */

/* What a reader makes of the page, when it is written meanwhile: linked with --wrap. */

#include "../../client/direct/reader.h"

#include <errno.h>
#include <unistd.h>

#include "unit.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __wrap_read(int fd, void *buffer, size_t size);
int __wrap_ioctl(int fd, unsigned long request, void *argument);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct perfmon_page page;
static struct perfmon_reader reader;
static unsigned reads;
static unsigned asked;      /* the device */
static unsigned rewritten;  /* so many of the first reads find the page changed after them */
static ssize_t read_result; /* 24: the event's figures */

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	uint64_t *figures = buffer;

	assert_int_equal(fd, 33);
	assert_int_equal(size, 24);
	figures[0] = 1000;
	if (reads++ < rewritten) {
		page.pmp_sequence += 2;
		page.pmp_value += 500;
		page.pmp_origin += 100;
	}
	return read_result;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	(void)request;
	(void)argument;
	assert_int_equal(fd, 44);
	asked++;
	errno = EIO;
	return -1;
}

static int setup(void **state)
{
	(void)state;
	page = (struct perfmon_page){
		.pmp_sequence = 4, .pmp_state = PMP_RUNNING, .pmp_value = 70, .pmp_origin = 400
	};
	reader = (struct perfmon_reader){
		.device = 44, .page = &page, .events = 1, .event = { 33 }, .why = ""
	};
	reads = 0;
	asked = 0;
	rewritten = 0;
	read_result = 24;
	return 0;
}

static uint64_t value_of(int wanted_way)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(perfmon_reader_read(&reader, &value), 0);
	assert_int_equal(perfmon_reader_way(&reader), wanted_way);
	return value;
}

static void test_running(void **state)
{
	(void)state;
	assert_int_equal(value_of(PERFMON_BY_EVENT), 670);
	page.pmp_hz = 2500000000;
	assert_int_equal(value_of(PERFMON_BY_EVENT), 1570);
	page.pmp_value = (uint64_t)-1500;
	assert_int_equal(value_of(PERFMON_BY_EVENT), 0);
	/* 40 bits. */
	page.pmp_value = (uint64_t)-1501;
	assert_int_equal(value_of(PERFMON_BY_EVENT), (UINT64_C(1) << 40) - 1);
	page.pmp_state = PMP_STOPPED;
	page.pmp_value = 5;
	assert_int_equal(value_of(PERFMON_BY_KEPT), 5);
	assert_int_equal(asked, 0);
}

/* All of a value is of one moment. */
static void test_rewritten(void **state)
{
	(void)state;
	rewritten = 2;
	assert_int_equal(value_of(PERFMON_BY_EVENT), 70 + 1000 + 1000 - 600);
	assert_int_equal(reads, 3);
	assert_int_equal(asked, 0);
}

static void check_asks(void)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(perfmon_reader_read(&reader, &value), -EIO);
	assert_int_equal(value, UNTOUCHED);
	assert_int_equal(perfmon_reader_way(&reader), PERFMON_BY_DEVICE);
	assert_int_equal(asked, 1);
}

/* perfmond was killed while it wrote. */
static void test_odd(void **state)
{
	(void)state;
	page.pmp_sequence = 5;
	check_asks();
}

static void test_gone(void **state)
{
	(void)state;
	page.pmp_state = PMP_DEVICE;
	check_asks();
	assert_int_equal(reads, 0);
}

/* The event has lost the PMU: the device says so. */
static void test_lost(void **state)
{
	(void)state;
	read_result = 0;
	check_asks();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_running, setup),
		cmocka_unit_test_setup(test_rewritten, setup),
		cmocka_unit_test_setup(test_odd, setup),
		cmocka_unit_test_setup(test_gone, setup),
		cmocka_unit_test_setup(test_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

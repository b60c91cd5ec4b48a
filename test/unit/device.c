/* SPDX-License-Identifier: BSD-2-Clause */

/* The rules of the two counters, on a fake backend. */

#include <errno.h>
#include <limits.h>

#include "fake.h"
#include "unit.h"

#define WIDTH         (UINT64_C(1) << 40)
#define MODES         (PMCF_USR | PMCF_OS)
#define SELECT(flags) (PMC6_CPU_CLK_UNHALTED | (uint32_t)(flags) << 16)

static uint64_t must_read(int counter)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(fake_read(counter, &value), 0);
	return value;
}

static unsigned must_get(int counter)
{
	struct pmc pmc = { .pmc_num = counter };

	assert_int_equal(fake_pmc(PMIOGET, &pmc), 0);
	assert_int_equal(pmc.pmc_num, counter);
	return pmc.pmc_val;
}

static void set_up_and_start(int counter)
{
	assert_int_equal(fake_set_up(counter, MODES), 0);
	assert_int_equal(fake_int(PMIOSTART, counter), 0);
}

static void test_not_set_up(void **state)
{
	struct pmc pmc = { .pmc_num = 0 };
	struct perfmon_event event;
	uint64_t value;

	(void)state;
	for (int number = 0; number < NPMC; number++) {
		pmc.pmc_num = number;
		assert_int_equal(fake_pmc(PMIOGET, &pmc), -EBUSY);
		assert_int_equal(fake_int(PMIOSTART, number), -EBUSY);
		assert_int_equal(fake_int(PMIOSTOP, number), -EBUSY);
		assert_int_equal(fake_read(number, &value), -EBUSY);
		assert_int_equal(fake_int(PMIORESET, number), -EBUSY);
		assert_int_equal(fake_event(number, &event), -EBUSY);
	}
	assert_int_equal(fake_calls(), 0);
}

static void test_number_out_of_range(void **state)
{
	static const int numbers[] = { INT_MIN, PMC_ALL, NPMC, INT_MAX };
	struct perfmon_event event;
	uint64_t value;

	(void)state;
	assert_int_equal(fake_set_up(0, MODES), 0);
	assert_int_equal(fake_set_up(1, MODES), 0);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct pmc pmc = { .pmc_num = numbers[i] };

		assert_int_equal(fake_set_up(numbers[i], MODES), -EINVAL);
		assert_int_equal(fake_pmc(PMIOGET, &pmc), -EINVAL);
		assert_int_equal(fake_int(PMIOSTART, numbers[i]), -EINVAL);
		assert_int_equal(fake_int(PMIOSTOP, numbers[i]), -EINVAL);
		assert_int_equal(fake_read(numbers[i], &value), -EINVAL);
		assert_int_equal(fake_int(PMIORESET, numbers[i]), -EINVAL);
		assert_int_equal(fake_event(numbers[i], &event), -EINVAL);
	}
	assert_int_equal(fake_calls(), 2);
}

static void test_setup_configures(void **state)
{
	struct pmc pmc = { .pmc_num = 1 };

	(void)state;
	pmc.pmc_event = 0x2e;
	pmc.pmc_unit = 0x0f;
	pmc.pmc_flags = PMCF_USR | PMCF_E | PMCF_INV;
	pmc.pmc_mask = 3;
	assert_int_equal(fake_pmc(PMIOSETUP, &pmc), 0);
	assert_int_equal(fake.calls.setup, 1);
	assert_int_equal(fake_calls(), 1);
	assert_false(fake.counter[0].set_up);
	assert_int_equal(fake.counter[1].event.select, 0x03850f2e);
	assert_int_equal(fake.counter[1].event.kind, EVENT_NATIVE);
	assert_true(fake.counter[1].event.user);
	assert_false(fake.counter[1].event.kernel);
	assert_string_equal(fake.counter[1].event.name, "PMC6_L2_RQSTS");
	assert_int_equal(must_get(1), 0x03850f2e);
	assert_int_equal(must_read(1), 0);
	assert_int_equal(fake_calls(), 1);
}

static void test_sys_flags_are_cleared(void **state)
{
	(void)state;
	assert_int_equal(fake_set_up(0, MODES | PMCF_SYS_FLAGS), 0);
	assert_int_equal(fake.counter[0].event.select, SELECT(MODES));
	assert_int_equal(must_get(0), SELECT(MODES));
	assert_int_equal(fake_set_up(0, 0xff & ~0x20), 0);
	assert_int_equal(must_get(0), SELECT(0xff & ~0x20 & ~PMCF_SYS_FLAGS));
}

static void test_get_shows_enable(void **state)
{
	(void)state;
	assert_int_equal(fake_set_up(0, MODES), 0);
	assert_int_equal(fake_set_up(1, PMCF_OS), 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	assert_int_equal(must_get(0), SELECT(MODES));
	assert_int_equal(must_get(1), SELECT(PMCF_OS | PMCF_EN));
	assert_int_equal(fake_int(PMIOSTOP, 1), 0);
	assert_int_equal(must_get(1), SELECT(PMCF_OS));
}

static void test_start_stop_read(void **state)
{
	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 1000;
	assert_int_equal(must_read(0), 1000);
	fake.counter[0].count = 1500;
	assert_int_equal(must_read(0), 1500);
	fake.counter[0].count = 1700;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(must_read(0), 1700);

	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 30;
	assert_int_equal(must_read(0), 1730);
	fake.counter[0].count = 40;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(must_read(0), 1740);
	assert_int_equal(fake.calls.start, 2);
	assert_int_equal(fake.calls.stop, 2);
	assert_int_equal(fake.calls.read, 3);
}

static void test_counters_are_apart(void **state)
{
	(void)state;
	set_up_and_start(0);
	set_up_and_start(1);
	fake.counter[0].count = 5;
	fake.counter[1].count = 7;
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	fake.counter[0].count = 6;
	assert_int_equal(must_read(0), 1);
	assert_int_equal(must_read(1), 7);
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	fake.counter[1].count = 8;
	assert_int_equal(must_read(1), 8);
	assert_int_equal(must_read(0), 1);
}

/* A stopped counter is answered from what was kept. */
static void test_stopped_takes_no_call(void **state)
{
	unsigned calls;

	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 99;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	calls = fake_calls();
	fake.failure = -EIO;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(must_read(0), 99);
		assert_int_equal(must_get(0), SELECT(MODES));
		assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	}
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	assert_int_equal(must_read(0), 0);
	assert_int_equal(fake_calls(), calls);
}

static void test_start_of_a_running_counter(void **state)
{
	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 100;
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(must_read(0), 0);
	fake.counter[0].count = 120;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(must_read(0), 20);

	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 1000;
	assert_int_equal(must_read(0), 1020);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(must_read(0), 20);
	fake.counter[0].count = 1001;
	assert_int_equal(must_read(0), 21);
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
}

static void test_reset(void **state)
{
	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 50;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 400;
	assert_int_equal(must_read(0), 450);
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
	assert_int_equal(must_read(0), 0);
	fake.counter[0].count = 403;
	assert_int_equal(must_read(0), 3);
	/* Back to the value at the last STOP, which is RESET's too. */
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(must_read(0), 0);
	fake.counter[0].count = 410;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(must_read(0), 7);
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	assert_int_equal(must_read(0), 0);
	assert_int_equal(must_get(0), SELECT(MODES));
}

static void test_setup_of_a_running_counter(void **state)
{
	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 77;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	assert_int_equal(must_get(0), SELECT(PMCF_USR));
	assert_int_equal(must_read(0), 0);
	assert_false(fake.counter[0].started);
	assert_int_equal(fake.calls.read, 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(must_read(0), 0);
}

/* Hardware counters of 40 and of 64 bits, and counts that pass 2^40. */
static void test_values_have_40_bits(void **state)
{
	static const struct {
		uint64_t kept;
		uint64_t base; /* where RESET or START measures from */
		uint64_t count;
		uint64_t value;
	} rows[] = {
		{ 0, 0, WIDTH - 1, WIDTH - 1 }, { 0, 0, WIDTH, 0 },
		{ 0, 0, WIDTH + 5, 5 },         { 0, 0, UINT64_MAX, WIDTH - 1 },
		{ WIDTH - 1, 0, 1, 0 },         { WIDTH - 10, 0, 30, 20 },
		{ 7, WIDTH - 10, 5, 22 },       { 7, UINT64_MAX - 9, 5, 22 },
		{ WIDTH - 1, WIDTH - 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		set_up_and_start(0);
		fake.counter[0].count = rows[i].kept;
		assert_int_equal(fake_int(PMIOSTOP, 0), 0);
		assert_int_equal(must_read(0), rows[i].kept);
		assert_int_equal(fake_int(PMIOSTART, 0), 0);
		fake.counter[0].count = rows[i].base;
		assert_int_equal(fake_int(PMIOSTART, 0), 0);
		fake.counter[0].count = rows[i].count;
		assert_int_equal(must_read(0), rows[i].value);
		assert_int_equal(fake_int(PMIOSTOP, 0), 0);
		assert_int_equal(must_read(0), rows[i].value);
	}
}

static void test_failed_setup_changes_nothing(void **state)
{
	(void)state;
	set_up_and_start(0);
	fake.counter[0].count = 40;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 2;
	fake.failure = -EMFILE;
	assert_int_equal(fake_set_up(0, PMCF_USR), -EMFILE);
	assert_int_equal(fake_set_up(1, PMCF_USR), -EMFILE);
	fake.failure = 0;
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
	assert_int_equal(must_read(0), 42);
	assert_int_equal(fake_int(PMIOSTART, 1), -EBUSY);
}

/* The event is refused before the backend hears of it. */
static void test_unknown_event(void **state)
{
	struct pmc pmc = { .pmc_num = 0 };

	(void)state;
	fake.device.rules.set = EVENT_SET_P6;
	set_up_and_start(0);
	fake.counter[0].count = 9;
	pmc.pmc_event = PMC6_MUL;
	pmc.pmc_flags = MODES;
	assert_int_equal(fake_pmc(PMIOSETUP, &pmc), -EOPNOTSUPP);
	assert_int_equal(fake.calls.setup, 1);
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
	assert_int_equal(must_read(0), 9);
}

static void test_failed_start_and_read(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(fake_set_up(0, MODES), 0);
	fake.failure = -EBUSY;
	assert_int_equal(fake_int(PMIOSTART, 0), -EBUSY);
	assert_int_equal(must_get(0), SELECT(MODES));
	assert_int_equal(must_read(0), 0);
	fake.failure = 0;
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 11;
	fake.failure = -EIO;
	assert_int_equal(fake_read(0, &value), -EIO);
	assert_int_equal(fake_int(PMIOSTART, 0), -EIO);
	assert_int_equal(fake_int(PMIORESET, 0), -EIO);
	fake.failure = 0;
	assert_int_equal(must_read(0), 11);
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
}

static void fail_stop(void)
{
	uint64_t value;
	unsigned calls;

	set_up_and_start(0);
	fake.counter[0].count = 60;
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.failure = -EIO;
	assert_int_equal(fake_int(PMIOSTOP, 0), -EIO);
	fake.failure = 0;
	calls = fake_calls();
	assert_int_equal(fake_read(0, &value), -EIO);
	assert_int_equal(fake_int(PMIOSTART, 0), -EIO);
	assert_int_equal(must_get(0), SELECT(MODES));
	assert_int_equal(fake_read(0, &value), -EIO);
	assert_int_equal(fake_calls(), calls);
}

static void test_failed_stop_loses_the_value(void **state)
{
	(void)state;
	fail_stop();
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	assert_int_equal(must_read(0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 4;
	assert_int_equal(must_read(0), 4);

	fail_stop();
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	assert_int_equal(must_read(0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.counter[0].count = 3;
	assert_int_equal(must_read(0), 3);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(not_set_up),
		TEST(number_out_of_range),
		TEST(setup_configures),
		TEST(sys_flags_are_cleared),
		TEST(get_shows_enable),
		TEST(start_stop_read),
		TEST(counters_are_apart),
		TEST(stopped_takes_no_call),
		TEST(start_of_a_running_counter),
		TEST(reset),
		TEST(setup_of_a_running_counter),
		TEST(values_have_40_bits),
		TEST(failed_setup_changes_nothing),
		TEST(unknown_event),
		TEST(failed_start_and_read),
		TEST(failed_stop_loses_the_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

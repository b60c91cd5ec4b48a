/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <string.h>

#include "fake.h"
#include "unit.h"

#define START_SEQUENCE 6

static int ask(int number, uint64_t *ret_token)
{
	struct perfmon_direct direct = { .pmd_num = number };
	size_t size = 0;
	int result = device_ioctl(&fake.device, true, PMIODIRECT, &direct, sizeof direct, &direct,
				  &size, &fake_caller);

	*ret_token = result == 0 ? direct.pmd_token : 0;
	return result;
}

/* Counter 1, set up and offered. */
static void offer(void)
{
	uint64_t token;

	fake.page.pmp_sequence = START_SEQUENCE;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	assert_int_equal(ask(1, &token), 0);
	assert_int_equal(token, FAKE_TOKEN);
}

static void check_page(uint32_t state, uint64_t value, uint64_t origin)
{
	assert_int_equal(fake.page.pmp_sequence % 2, 0);
	assert_int_equal(fake.page.pmp_state, state);
	assert_int_equal(fake.page.pmp_value, value);
	assert_int_equal(fake.page.pmp_origin, origin);
}

static void test_errors(void **state)
{
	uint64_t token;

	(void)state;
	assert_int_equal(ask(2, &token), -EINVAL);
	assert_int_equal(ask(-1, &token), -EINVAL);
	assert_int_equal(ask(0, &token), -EBUSY);
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	fake.failure = -EPERM;
	assert_int_equal(ask(0, &token), -EPERM);
	fake.failure = 0;
	assert_int_equal(fake.calls.adopted + fake.calls.dropped, 0);
	fake.device.passer = NULL;
	assert_int_equal(ask(0, &token), -EOPNOTSUPP);
	assert_int_equal(fake.calls.direct, 1);
}

/* Nothing changes where the events cannot be passed: the counter runs on by those that it has. */
static void test_not_passed(void **state)
{
	uint64_t token;
	uint64_t value;

	(void)state;
	offer();
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	fake.passing = -EMFILE;
	assert_int_equal(ask(1, &token), -EMFILE);
	assert_int_equal(fake.calls.dropped, 1);
	assert_int_equal(fake.calls.adopted, 1);
	assert_int_equal(fake.calls.stop, 0);
	fake.counter[1].count = 5;
	assert_int_equal(fake_read(1, &value), 0);
	assert_int_equal(value, 5);
	check_page(PMP_RUNNING, 0, 0);
}

/* The value goes on over the change of events. */
static void test_running(void **state)
{
	uint64_t token;
	uint64_t value;

	(void)state;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	fake.counter[1].count = 100;
	fake.counter[1].origin = 7;
	fake.hz = 2500000000;
	assert_int_equal(ask(1, &token), 0);
	assert_int_equal(fake.calls.adopted, 1);
	check_page(PMP_RUNNING, 100, 7);
	assert_int_equal(fake.page.pmp_hz, 2500000000);
	fake.counter[1].count = 11;
	assert_int_equal(fake_read(1, &value), 0);
	assert_int_equal(value, 111);
}

static void test_page(void **state)
{
	(void)state;
	offer();
	check_page(PMP_STOPPED, 0, 0);
	fake.counter[1].origin = 30;
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	check_page(PMP_RUNNING, 0, 30);
	/* The count of this moment is its base, whatever the origin. */
	fake.counter[1].count = 20;
	assert_int_equal(fake_int(PMIORESET, 1), 0);
	check_page(PMP_RUNNING, (uint64_t)-20, 30);
	fake.counter[1].count = 25;
	assert_int_equal(fake_int(PMIOSTOP, 1), 0);
	check_page(PMP_STOPPED, 5, 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	check_page(PMP_RUNNING, 5, 30);
	fake.counter[1].count = 6;
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	check_page(PMP_RUNNING, (uint64_t)-1, 30);
	fake.failure = -EIO;
	assert_int_equal(fake_int(PMIOSTOP, 1), -EIO);
	check_page(PMP_DEVICE, 5, 0);
	fake.failure = 0;
	assert_int_equal(fake_int(PMIORESET, 1), 0);
	check_page(PMP_STOPPED, 0, 0);
	assert_int_equal(fake.calls.withdraw, 0);
	assert_true(fake.page.pmp_sequence > START_SEQUENCE);
}

/* Who reads the page of an earlier set-up is sent to the device. */
static void test_withdrawn(void **state)
{
	(void)state;
	offer();
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	assert_int_equal(fake.calls.withdraw, 1);
	check_page(PMP_DEVICE, 0, 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	check_page(PMP_DEVICE, 0, 0);
	offer();
	device_release(&fake.device, true, fake_caller.user, &fake_caller);
	assert_int_equal(fake.calls.withdraw, 2);
	check_page(PMP_DEVICE, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_errors, fake_setup),
		cmocka_unit_test_setup(test_not_passed, fake_setup),
		cmocka_unit_test_setup(test_running, fake_setup),
		cmocka_unit_test_setup(test_page, fake_setup),
		cmocka_unit_test_setup(test_withdrawn, fake_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* The rules of the open file, and what the device says of its counters, on a fake backend. */

#include <errno.h>
#include <limits.h>

#include "fake.h"
#include "unit.h"

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

/* The backend hears for whom it counts, in this request. */
static void test_setup_says_for_whom(void **state)
{
	static const int threads[] = { 4242, 1, INT_MAX, 0 };
	uint8_t reply[DEVICE_REPLY_MAX];
	struct pmc pmc = { .pmc_num = 1 };
	size_t size;

	(void)state;
	pmc.pmc_event = PMC6_INST_RETIRED;
	for (size_t i = 0; i < COUNT(threads); i++) {
		const struct caller caller = { .thread = threads[i] };

		assert_int_equal(device_ioctl(&fake.device, true, PMIOSETUP, &pmc, sizeof pmc,
					      reply, &size, &caller),
				 0);
		assert_int_equal(fake.counter[1].client, threads[i]);
	}
}

static void check_event(int counter, uint32_t select, uint32_t class, const char *name)
{
	struct perfmon_event event;

	assert_int_equal(fake_event(counter, &event), 0);
	assert_int_equal(event.pme_num, counter);
	assert_int_equal(event.pme_val, select);
	assert_int_equal(event.pme_class, class);
	assert_string_equal(event.pme_name, name);
}

/* PMIOEVENT tells of the latest setup that succeeded, whether the counter runs or not. */
static void test_event(void **state)
{
	struct perfmon_event event;
	unsigned calls;

	(void)state;
	fake.device.rules.set = EVENT_SET_P6;
	set_up_and_start(0);
	calls = fake_calls();
	check_event(0, SELECT(MODES), PME_EXACT, "PMC6_CPU_CLK_UNHALTED");
	assert_int_equal(fake_event(1, &event), -EBUSY);
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	check_event(0, SELECT(MODES), PME_EXACT, "PMC6_CPU_CLK_UNHALTED");

	fake.failure = -EMFILE;
	assert_int_equal(fake_set_up(0, PMCF_USR), -EMFILE);
	fake.failure = 0;
	check_event(0, SELECT(MODES), PME_EXACT, "PMC6_CPU_CLK_UNHALTED");

	fake.device.rules.set = EVENT_SET_NATIVE;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	check_event(0, SELECT(PMCF_USR), PME_NATIVE, "PMC6_CPU_CLK_UNHALTED");
	assert_int_equal(fake_set_up(1, PMCF_OS), 0);
	check_event(1, SELECT(PMCF_OS), PME_NATIVE, "PMC6_CPU_CLK_UNHALTED");
	device_release(&fake.device, true, fake_caller.user, &fake_caller);
	assert_int_equal(fake_event(0, &event), -EBUSY);
}

/* The bytes of a reply: a thread and a user, as the machine has them. */
static void test_holder(void **state)
{
	const struct caller other = { .thread = 4711, .user = UINT32_C(0x80000001) };
	struct perfmon_holder holder;
	size_t size = 0;

	(void)state;
	assert_int_equal(device_ioctl(&fake.device, false, PMIOHOLDER, NULL, 0, &holder, &size,
				      &fake_caller),
			 -ESRCH);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, true, &other), 0);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EBUSY);
	assert_int_equal(device_ioctl(&fake.device, false, PMIOHOLDER, NULL, 0, &holder, &size,
				      &fake_caller),
			 0);
	assert_int_equal(size, sizeof holder);
	assert_int_equal(holder.pmh_thread, 4711);
	assert_int_equal(holder.pmh_user, UINT32_C(0x80000001));
}

static void test_one_writer(void **state)
{
	(void)state;
	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EBUSY);
	for (int i = 0; i < 100; i++)
		assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EBUSY);
	for (int i = 0; i < 100; i++)
		device_release(&fake.device, false, fake_caller.user, &fake_caller);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EBUSY);
	device_release(&fake.device, true, fake_caller.user, &fake_caller);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
	assert_int_equal(fake_calls(), 0);
}

/* Each user has as many as the others, and what was closed does not count. */
static void test_most_opens_of_a_user(void **state)
{
	const struct caller other = { .thread = 7, .user = fake_caller.user + 1 };

	(void)state;
	for (int i = 0; i < FAKE_OPENS_MAX; i++)
		assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), -EMFILE);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EMFILE);
	assert_int_equal(device_open(&fake.device, true, &other), 0);
	device_release(&fake.device, false, fake_caller.user, &other);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), -EMFILE);
	device_release(&fake.device, true, other.user, &other);
	for (int i = 0; i < FAKE_OPENS_MAX; i++)
		device_release(&fake.device, false, fake_caller.user, &fake_caller);
	assert_int_equal(fake.device.user_count, 0);
}

static void test_nothing_to_count_with(void **state)
{
	(void)state;
	fake.backend.source.native = false;
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -ENXIO);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), -ENXIO);
	fake.device.rules.set = EVENT_SET_P6;
	assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
}

static void test_release_of_the_writer(void **state)
{
	struct pmc pmc = { .pmc_num = 0 };
	uint64_t value;

	(void)state;
	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
	assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	set_up_and_start(0);
	device_release(&fake.device, false, fake_caller.user, &fake_caller);
	assert_int_equal(must_get(0), SELECT(MODES | PMCF_EN));
	assert_int_equal(fake.calls.release, 0);

	device_release(&fake.device, true, fake_caller.user, &fake_caller);
	assert_int_equal(fake.calls.release, 1);
	assert_false(fake.counter[0].set_up);
	assert_int_equal(fake_read(0, &value), -EBUSY);
	assert_int_equal(fake_pmc(PMIOGET, &pmc), -EBUSY);

	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), -EBUSY);
	set_up_and_start(0);
	assert_int_equal(must_read(0), 0);
}

static void test_close_gives_everything_back(void **state)
{
	(void)state;
	set_up_and_start(0);
	assert_int_equal(fake_set_up(1, MODES), 0);
	device_close(&fake.device);
	assert_int_equal(fake.calls.release, 2);
	device_close(&fake.device);
	assert_int_equal(fake.calls.release, 2);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(setup_says_for_whom),
		TEST(event),
		TEST(holder),
		TEST(one_writer),
		TEST(most_opens_of_a_user),
		TEST(nothing_to_count_with),
		TEST(release_of_the_writer),
		TEST(close_gives_everything_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

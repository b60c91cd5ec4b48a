/* SPDX-License-Identifier: BSD-2-Clause */

/* --trace's lines, to the letter. */

#include <errno.h>
#include <linux/ioctl.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "unit.h"

static int traced_setup(void **state)
{
	fake_setup(state);
	fake.device.trace = &fake.trace;
	fake_tick = 9999;
	return 0;
}

/* Compares, and begins anew. */
static void check_lines(const char *wanted)
{
	assert_string_equal(fake_lines, wanted);
	fake_lines[0] = '\0';
}

static void test_open_and_close(void **state)
{
	(void)state;
	assert_int_equal(device_open(&fake.device, true, &fake_caller), 0);
	check_lines("1234 client open for writing = 0 <9 us>\n");
	assert_int_equal(device_open(&fake.device, true, &fake_caller), -EBUSY);
	check_lines("1234 client open for writing = -1 EBUSY <9 us>\n");
	assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
	check_lines("1234 client open = 0 <9 us>\n");
	device_release(&fake.device, false, fake_caller.user, &fake_caller);
	check_lines("1234 client close = 0 <9 us>\n");
	device_release(&fake.device, true, fake_caller.user, &fake_caller);
	check_lines("1234 client close of the writer = 0 <9 us>\n");
	fake.backend.source.native = false;
	assert_int_equal(device_open(&fake.device, false, &fake_caller), -ENXIO);
	check_lines("1234 client open = -1 ENXIO <9 us>\n");
}

static void test_unknown_caller(void **state)
{
	static const struct caller nobody = { 0 };

	(void)state;
	assert_int_equal(device_open(&fake.device, false, &nobody), 0);
	check_lines("0 ? open = 0 <9 us>\n");
}

static void test_microseconds(void **state)
{
	static const struct {
		uint64_t ns;
		const char *line;
	} rows[] = {
		{ 0, "1234 client open = 0 <0 us>\n" },
		{ 999, "1234 client open = 0 <0 us>\n" },
		{ 1000, "1234 client open = 0 <1 us>\n" },
		{ UINT64_C(5000000000000), "1234 client open = 0 <5000000000 us>\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		fake_tick = rows[i].ns;
		assert_int_equal(device_open(&fake.device, false, &fake_caller), 0);
		check_lines(rows[i].line);
	}
}

static void test_requests(void **state)
{
	struct pmc pmc = { .pmc_num = 0 };
	uint64_t value;

	(void)state;
	pmc.pmc_val = 0x05830f2e;
	assert_int_equal(fake_pmc(PMIOSETUP, &pmc), 0);
	check_lines("1234 client PMIOSETUP {num=0, event=0x2e PMC6_L2_RQSTS, unit=0x0f, "
		    "flags=USR|OS|INV, mask=5} = 0 <9 us> counted by event select 0x05830f2e "
		    "(native)\n");
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	check_lines("1234 client PMIOSTART [0] = 0 <9 us>\n");
	assert_int_equal(fake_pmc(PMIOGET, &pmc), 0);
	check_lines("1234 client PMIOGET {num=0, event=0x2e PMC6_L2_RQSTS, unit=0x0f, "
		    "flags=USR|OS|EN|INV, mask=5} = 0 <9 us>\n");
	fake.counter[0].count = 1099511627775;
	assert_int_equal(fake_read(0, &value), 0);
	check_lines("1234 client PMIOREAD {num=0, value=1099511627775} = 0 <9 us>\n");
	assert_int_equal(fake_int(PMIORESET, 0), 0);
	check_lines("1234 client PMIORESET [0] = 0 <9 us>\n");
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	check_lines("1234 client PMIOSTOP [0] = 0 <9 us>\n");
}

static void test_both_layouts(void **state)
{
	static const unsigned sizes[] = { 12, 16 };
	uint8_t argument[16] = { 0 };
	uint8_t reply[DEVICE_REPLY_MAX];
	size_t size;

	(void)state;
	assert_int_equal(fake_set_up(0, 0), 0);
	fake_lines[0] = '\0';
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(device_ioctl(&fake.device, false,
					      _IOC(_IOC_READ, '5', 6, sizes[i]), NULL, 0, reply,
					      &size, &fake_caller),
				 0);
		check_lines("1234 client PMIOTSTAMP {rate=2600 MHz, value=1311768467463790320} = 0 "
			    "<9 us>\n");
		assert_int_equal(device_ioctl(&fake.device, false,
					      _IOC(_IOC_READ | _IOC_WRITE, '5', 4, sizes[i]),
					      argument, sizeof argument, reply, &size,
					      &fake_caller),
				 0);
		check_lines("1234 client PMIOREAD {num=0, value=0} = 0 <9 us>\n");
	}
}

static void test_errors(void **state)
{
	struct pmc pmc = { .pmc_num = 7 };
	uint8_t reply[DEVICE_REPLY_MAX];
	int number = 0;
	size_t size;
	uint64_t value;

	(void)state;
	assert_int_equal(fake_int(PMIOSTART, -1), -EINVAL);
	check_lines("1234 client PMIOSTART [-1] = -1 EINVAL <9 us>\n");
	assert_int_equal(fake_int(PMIOSTOP, 1), -EBUSY);
	check_lines("1234 client PMIOSTOP [1] = -1 EBUSY <9 us>\n");
	assert_int_equal(fake_int(PMIORESET, 2147483647), -EINVAL);
	check_lines("1234 client PMIORESET [2147483647] = -1 EINVAL <9 us>\n");
	assert_int_equal(fake_read(-2147483647 - 1, &value), -EINVAL);
	check_lines("1234 client PMIOREAD {num=-2147483648} = -1 EINVAL <9 us>\n");
	assert_int_equal(fake_pmc(PMIOGET, &pmc), -EINVAL);
	check_lines("1234 client PMIOGET {num=7} = -1 EINVAL <9 us>\n");
	assert_int_equal(fake_set_up(7, PMCF_USR), -EINVAL);
	check_lines("1234 client PMIOSETUP {num=7, event=0x79 PMC6_CPU_CLK_UNHALTED, unit=0x00, "
		    "flags=USR, mask=0} = -1 EINVAL <9 us>\n");
	fake.failure = -EOPNOTSUPP;
	assert_int_equal(fake_set_up(0, PMCF_USR), -EOPNOTSUPP);
	check_lines("1234 client PMIOSETUP {num=0, event=0x79 PMC6_CPU_CLK_UNHALTED, unit=0x00, "
		    "flags=USR, mask=0} = -1 EOPNOTSUPP <9 us>\n");
	fake_stamp_result = -ENOTTY;
	assert_int_equal(
		device_ioctl(&fake.device, false, PMIOTSTAMP, NULL, 0, reply, &size, &fake_caller),
		-ENOTTY);
	check_lines("1234 client PMIOTSTAMP {} = -1 ENOTTY <9 us>\n");
	assert_int_equal(device_ioctl(&fake.device, false, PMIOSTART, &number, sizeof number, reply,
				      &size, &fake_caller),
			 -EPERM);
	check_lines("1234 client PMIOSTART [0] = -1 EPERM <9 us>\n");
	assert_int_equal(
		device_ioctl(&fake.device, true, 0x5401, NULL, 0, reply, &size, &fake_caller),
		-ENOTTY);
	check_lines("1234 client ioctl 0x00005401 = -1 ENOTTY <9 us>\n");
}

/* The token is not told: who reads the trace could take the event. */
static void test_ebb(void **state)
{
	struct perfmon_ebb ebb = { .peb_thread = 17,
				   .peb_type = 4,
				   .peb_config = UINT64_C(0x800000000001001e),
				   .peb_period = 100000 };
	struct perfmon_event event = { .pme_val = 0x10079 };
	char reply[DEVICE_REPLY_MAX];
	size_t size;

	(void)state;
	assert_int_equal(device_ioctl(&fake.device, false, PMIOEBB, &ebb, sizeof ebb, reply, &size,
				      &fake_caller),
			 0);
	check_lines("1234 client PMIOEBB {thread=17, type=4, config=0x800000000001001e, "
		    "period=100000} = 0 <9 us>\n");
	assert_int_equal(device_ioctl(&fake.device, false, PMIOTRANSLATE, &event, sizeof event,
				      reply, &size, &fake_caller),
			 0);
	check_lines("1234 client PMIOTRANSLATE {val=0x00010079, ...} = 0 <9 us>\n");
	fake_stamp_mhz = 2600;
	fake_stamp_value = 77;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	fake_lines[0] = '\0';
	assert_int_equal(
		device_ioctl(&fake.device, false, PMIOSNAP, NULL, 0, reply, &size, &fake_caller),
		0);
	check_lines("1234 client PMIOSNAP {rate=2600 MHz, stamp=77, lasted=0, EBUSY, value=0} = 0 "
		    "<9 us>\n");
}

/* What an event became, with its class and how it differs; a refusal is told in the log. */
static void test_setup_and_event(void **state)
{
	struct perfmon_event event;
	struct pmc pmc = { .pmc_num = 1 };

	(void)state;
	fake.device.rules.set = EVENT_SET_P6;
	pmc.pmc_val = 0x00030345;
	assert_int_equal(fake_pmc(PMIOSETUP, &pmc), 0);
	check_lines("1234 client PMIOSETUP {num=1, event=0x45 PMC6_DCU_LINES_IN, unit=0x03, "
		    "flags=USR|OS, mask=0} = 0 <9 us> counted by L1-dcache-load-misses (near): "
		    "lines that came into the L1 data cache; prefetches count on some CPUs\n");
	assert_int_equal(fake_event(1, &event), 0);
	check_lines("1234 client PMIOEVENT {num=1, ...} = 0 <9 us>\n");
	assert_int_equal(fake_event(0, &event), -EBUSY);
	check_lines("1234 client PMIOEVENT {num=0} = -1 EBUSY <9 us>\n");
	assert_int_equal(fake_event(-1, &event), -EINVAL);
	check_lines("1234 client PMIOEVENT {num=-1} = -1 EINVAL <9 us>\n");
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	check_lines("1234 client PMIOSETUP {num=0, event=0x79 PMC6_CPU_CLK_UNHALTED, unit=0x00, "
		    "flags=USR, mask=0} = 0 <9 us> counted by cycles (exact)\n");
	pmc.pmc_val = PMC6_BR_BOGUS;
	assert_int_equal(fake_pmc(PMIOSETUP, &pmc), -EOPNOTSUPP);
	check_lines("1234 client PMIOSETUP {num=1, event=0xe4 PMC6_BR_BOGUS, unit=0x00, flags=0, "
		    "mask=0} = -1 EOPNOTSUPP <9 us>\n");
}

/* Each flag by its name, and codes that have no name. */
static void test_flags(void **state)
{
	static const struct {
		unsigned flags;
		const char *line;
		bool counted;
	} rows[] = {
		{ 0x00, "flags=0, mask=255} = 0 <9 us>", true },
		{ 0x01, "flags=USR, mask=255} = 0 <9 us>", true },
		{ 0x02, "flags=OS, mask=255} = 0 <9 us>", true },
		{ 0x04, "flags=E, mask=255} = 0 <9 us>", true },
		{ 0x08, "flags=PC, mask=255} = 0 <9 us>", true },
		{ 0x10, "flags=INT, mask=255} = 0 <9 us>", true },
		{ 0x40, "flags=EN, mask=255} = 0 <9 us>", true },
		{ 0x80, "flags=INV, mask=255} = 0 <9 us>", true },
		{ 0xdf, "flags=USR|OS|E|PC|INT|EN|INV, mask=255} = 0 <9 us>", true },
		{ 0x20, "flags=0x20, mask=255} = -1 EOPNOTSUPP <9 us>\n", false },
		{ 0xff, "flags=USR|OS|E|PC|INT|0x20|EN|INV, mask=255} = -1 EOPNOTSUPP <9 us>\n",
		  false },
	};
	static const char *const begin = "1234 client PMIOSETUP {num=1, event=0x01, unit=0xff, ";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pmc pmc = { .pmc_num = 1 };
		char counted[64];
		char wanted[160];

		snprintf(counted, sizeof counted, " counted by event select 0x%08x (native)\n",
			 0xff00ff01u | (rows[i].flags & ~PMCF_SYS_FLAGS) << 16);

		pmc.pmc_val = 0xff00ff01u | rows[i].flags << 16;
		fake_pmc(PMIOSETUP, &pmc);
		assert_memory_equal(fake_lines, begin, strlen(begin));
		snprintf(wanted, sizeof wanted, "%s%s", rows[i].line,
			 rows[i].counted ? counted : "");
		assert_string_equal(fake_lines + strlen(begin), wanted);
		fake_lines[0] = '\0';
	}
}

#define TEST(name) cmocka_unit_test_setup(test_##name, traced_setup)

/* Where a start or stop went over several CPUs, and succeeded. */
static void test_skew(void **state)
{
	(void)state;
	fake_tick = 0;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	fake_lines[0] = '\0';
	fake.skew = 3449;
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	assert_int_equal(fake_int(PMIOSTOP, 0), 0);
	fake.skew = 0;
	assert_int_equal(fake_int(PMIOSTART, 0), 0);
	fake.skew = 5;
	fake.failure = -EIO;
	assert_int_equal(fake_int(PMIOSTOP, 0), -EIO);
	check_lines("1234 client PMIOSTART [0] = 0 <0 us> skew 3.4 us\n"
		    "1234 client PMIOSTART [0] = 0 <0 us>\n"
		    "1234 client PMIOSTOP [0] = 0 <0 us> skew 3.4 us\n"
		    "1234 client PMIOSTART [0] = 0 <0 us>\n"
		    "1234 client PMIOSTOP [0] = -1 EIO <0 us>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_and_close), TEST(unknown_caller),  TEST(microseconds),
		TEST(requests),       TEST(setup_and_event), TEST(both_layouts),
		TEST(errors),         TEST(flags),           TEST(ebb),
		TEST(skew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

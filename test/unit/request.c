/* SPDX-License-Identifier: BSD-2-Clause */

/* What a request looks like: its number, its rights and its bytes, native and of i386. */

#include <errno.h>
#include <linux/ioctl.h>
#include <string.h>

#include "fake.h"
#include "unit.h"

#define READ  _IOC_READ
#define WRITE _IOC_WRITE

/* The requests in their layouts, spelled out from the table of the original, and what Linux makes
 * of them. */
static const struct row {
	unsigned group;
	unsigned nr;
	unsigned direction;
	unsigned size;
	uint32_t on_x86;
	bool takes;
	bool changes; /* for the writer alone */
} rows[] = {
	{ '5', 1, WRITE, 8, 0x40083501, true, true },
	{ '5', 2, WRITE, 4, 0x40043502, true, true },
	{ '5', 3, WRITE, 4, 0x40043503, true, true },
	{ '5', 4, READ | WRITE, 16, 0xc0103504, true, false },
	{ '5', 4, READ | WRITE, 12, 0xc00c3504, true, false },
	{ '5', 5, WRITE, 4, 0x40043505, true, true },
	{ '5', 6, READ, 16, 0x80103506, false, false },
	{ '5', 6, READ, 12, 0x800c3506, false, false },
	{ '5', 7, READ | WRITE, 8, 0xc0083507, true, false },
	{ 'P', 1, READ | WRITE, 696, 0xc2b85001, true, false },
	{ 'P', 2, READ | WRITE, 48, 0xc0305002, true, false },
	{ 'P', 3, READ | WRITE, 696, 0xc2b85003, true, false },
	{ 'P', 4, READ, 56, 0x80385004, false, false },
	{ 'P', 5, READ | WRITE, 16, 0xc0105005, true, true },
	{ 'P', 6, READ, 8, 0x80085006, false, false },
};

/* An i386 client's on a kernel of this machine's direction bits. */
#define READ_12   _IOC(READ | WRITE, '5', 4, 12)
#define READ_16   _IOC(READ | WRITE, '5', 4, 16)
#define TSTAMP_12 _IOC(READ, '5', 6, 12)
#define TSTAMP_16 _IOC(READ, '5', 6, 16)

static uint32_t number_of(const struct row *row)
{
	return _IOC(row->direction, row->group, row->nr, row->size);
}

static const struct row *row_of(uint32_t number)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (number_of(&rows[i]) == number)
			return &rows[i];
	return NULL;
}

/* All that a number may say it brings, zeros: counter 0. */
static const uint8_t argument[1 << _IOC_SIZEBITS];

static int ask(uint32_t number, bool write)
{
	uint8_t reply[DEVICE_REPLY_MAX];
	size_t size = 0;

	return device_ioctl(&fake.device, write, number, argument, _IOC_SIZE(number), reply, &size,
			    &fake_caller);
}

static void test_numbers(void **state)
{
	(void)state;
#if defined __powerpc__
	print_message("# POWER has direction bits of its own\n");
#else
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(number_of(&rows[i]), rows[i].on_x86);
#endif
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	fake.device.has_writer = true;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(ask(number_of(&rows[i]), true), 0);
}

/* 1 where a request is served; the rest must be unknown, and seen by nobody. */
static unsigned check_number(uint32_t number)
{
	unsigned calls = fake_calls();

	if (row_of(number)) {
		assert_int_not_equal(ask(number, true), -ENOTTY);
		return 1;
	}
	assert_int_equal(ask(number, true), -ENOTTY);
	assert_int_equal(ask(number, false), -ENOTTY);
	assert_int_equal(fake_calls(), calls);
	return 0;
}

static void test_other_numbers(void **state)
{
	unsigned served = 0;

	(void)state;
	for (unsigned direction = 0; direction < 1 << _IOC_DIRBITS; direction++)
		for (unsigned nr = 0; nr < 256; nr++)
			for (unsigned size = 0; size <= 64; size++) {
				served += check_number(_IOC(direction, '5', nr, size));
				served += check_number(_IOC(direction, 'P', nr, size));
			}
	assert_int_equal(served, COUNT(rows) - 2);
}

static void test_other_sizes(void **state)
{
	unsigned served = 0;

	(void)state;
	for (unsigned direction = 0; direction < 1 << _IOC_DIRBITS; direction++)
		for (unsigned nr = 1; nr <= 7; nr++)
			for (unsigned size = 0; size < 1 << _IOC_SIZEBITS; size++) {
				served += check_number(_IOC(direction, '5', nr, size));
				served += check_number(_IOC(direction, 'P', nr, size));
			}
	assert_int_equal(served, COUNT(rows));
}

static void test_other_groups(void **state)
{
	(void)state;
	for (unsigned group = 0; group < 256; group++)
		for (size_t i = 0; i < COUNT(rows); i++)
			if (group != rows[i].group)
				check_number(
					_IOC(rows[i].direction, group, rows[i].nr, rows[i].size));
}

static void test_rights(void **state)
{
	(void)state;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	fake.device.has_writer = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned calls = fake_calls();

		if (rows[i].changes) {
			assert_int_equal(ask(number_of(&rows[i]), false), -EPERM);
			assert_int_equal(fake_calls(), calls);
		} else {
			assert_int_equal(ask(number_of(&rows[i]), false), 0);
		}
	}
}

/* Reads the bytes that it is given and no other: a sanitizer sees an overrun of the copy. */
static void test_short_argument(void **state)
{
	(void)state;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t size = 0; rows[i].takes && size < rows[i].size; size++) {
			unsigned calls = fake_calls();
			uint8_t reply[DEVICE_REPLY_MAX];
			size_t reply_size = SIZE_MAX;

			assert_int_equal(device_ioctl(&fake.device, true, number_of(&rows[i]),
						      argument, size, reply, &reply_size,
						      &fake_caller),
					 -EFAULT);
			assert_int_equal(reply_size, SIZE_MAX);
			assert_int_equal(fake_calls(), calls);
		}
}

/* In the byte order of the machine that the client runs on. */
static void put_int(uint8_t *bytes, int32_t value)
{
	memcpy(bytes, &value, sizeof value);
}

static void put_quad(uint8_t *bytes, uint64_t value)
{
	memcpy(bytes, &value, sizeof value);
}

/* The reply of a request, with the rest of the room untouched. */
static void check_reply(uint32_t number, const uint8_t *bytes, const uint8_t *wanted, size_t size)
{
	uint8_t reply[DEVICE_REPLY_MAX];
	size_t reply_size = SIZE_MAX;

	memset(reply, 0xee, sizeof reply);
	assert_int_equal(device_ioctl(&fake.device, true, number, bytes, _IOC_SIZE(number), reply,
				      &reply_size, &fake_caller),
			 0);
	assert_int_equal(reply_size, size);
	assert_memory_equal(reply, wanted, size);
	for (size_t i = size; i < sizeof reply; i++)
		assert_int_equal(reply[i], 0xee);
}

static void test_pmc_bytes(void **state)
{
	uint8_t bytes[8] = { [4] = 0xc0, 0x12, 0x57, 0x80 };
	uint8_t got[8] = { [4] = 0xc0, 0x12, 0x07, 0x80 };
	uint8_t asked[8] = { [4] = 0xaa, 0xaa, 0xaa, 0xaa };

	(void)state;
	put_int(bytes, 1);
	put_int(got, 1);
	put_int(asked, 1);
	check_reply(PMIOSETUP, bytes, NULL, 0);
	assert_true(fake.counter[1].set_up);
	assert_int_equal(fake.counter[1].event.select, 0x800712c0);
	check_reply(PMIOGET, asked, got, 8);
	check_reply(PMIOSTART, asked, NULL, 0);
	got[6] = 0x47;
	check_reply(PMIOGET, asked, got, 8);
}

static void test_int_bytes(void **state)
{
	uint8_t bytes[4];

	(void)state;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	put_int(bytes, 1);
	check_reply(PMIOSTART, bytes, NULL, 0);
	assert_true(fake.counter[1].started);
	check_reply(PMIORESET, bytes, NULL, 0);
	check_reply(PMIOSTOP, bytes, NULL, 0);
	assert_false(fake.counter[1].started);
}

/* Whatever the client left in the value and the padding, it gets the value and zeros. */
static void test_read_bytes(void **state)
{
	uint8_t asked[16];
	uint8_t wanted[16] = { 0 };

	(void)state;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	fake.counter[1].count = UINT64_C(0x0102030405);
	memset(asked, 0xaa, sizeof asked);
	put_int(asked, 1);

	put_int(wanted, 1);
	put_quad(wanted + 4, UINT64_C(0x0102030405));
	check_reply(READ_12, asked, wanted, 12);

	memset(wanted, 0, sizeof wanted);
	put_int(wanted, 1);
	put_quad(wanted + 8, UINT64_C(0x0102030405));
	check_reply(READ_16, asked, wanted, 16);
}

static void test_tstamp_bytes(void **state)
{
	uint8_t wanted[16] = { 0 };

	(void)state;
	put_int(wanted, 2600);
	put_quad(wanted + 4, fake_stamp_value);
	check_reply(TSTAMP_12, NULL, wanted, 12);

	memset(wanted, 0, sizeof wanted);
	put_int(wanted, 2600);
	put_quad(wanted + 8, fake_stamp_value);
	check_reply(TSTAMP_16, NULL, wanted, 16);
	assert_int_equal(fake_calls(), 0);
}

/* Where each member lies, for 32-bit and 64-bit clients alike. */
_Static_assert(sizeof(struct perfmon_event) == 696, "no padding that an ABI could change");

static void test_event_bytes(void **state)
{
	static const char counted[] = "L1-dcache-loads+L1-dcache-stores";
	uint8_t asked[696];
	uint8_t wanted[696] = { 0 };

	(void)state;
	fake.device.rules.set = EVENT_SET_P6;
	assert_int_equal(
		fake_pmc(PMIOSETUP, &(struct pmc){ .pmc_num = 1, { .pmcu_val = 0x10043 } }), 0);
	memset(asked, 0xaa, sizeof asked);
	put_int(asked, 1);

	put_int(wanted, 1);
	put_int(wanted + 4, 0x10043);
	put_int(wanted + 8, PME_NEAR);
	put_int(wanted + 16, -1);
	put_int(wanted + 20, 2);
	put_int(wanted + 24, 3);
	put_int(wanted + 40, 3);
	put_quad(wanted + 48, 0x100);
	memcpy(wanted + 88, "PMC6_DATA_MEM_REFS", sizeof "PMC6_DATA_MEM_REFS");
	memcpy(wanted + 136, counted, sizeof counted);
	memcpy(wanted + 536, fake.counter[1].event.note, strlen(fake.counter[1].event.note));
	assert_true(strlen(fake.counter[1].event.note) > 20);
	check_reply(PMIOEVENT, asked, wanted, sizeof wanted);
}

/* PMIOTRANSLATE: as a PMIOSETUP and PMIOEVENT, and no counter is touched. */
static void test_translate_bytes(void **state)
{
	struct perfmon_event asked = { .pme_num = 1, .pme_val = 0x10043 };
	struct perfmon_event wanted;
	unsigned calls;

	(void)state;
	fake.device.rules.source.pmu = true;
	fake.device.rules.set = EVENT_SET_P6;
	assert_int_equal(
		fake_pmc(PMIOSETUP, &(struct pmc){ .pmc_num = 1, { .pmcu_val = 0x10043 } }), 0);
	assert_int_equal(fake_event(1, &wanted), 0);
	calls = fake_calls();
	check_reply(PMIOTRANSLATE, (const uint8_t *)&asked, (const uint8_t *)&wanted,
		    sizeof wanted);
	assert_int_equal(fake_calls(), calls);
	/* What would be counted by a PMU is not, where there is none. */
	fake.device.rules.source.pmu = false;
	assert_int_equal(device_ioctl(&fake.device, false, PMIOTRANSLATE, &asked, sizeof asked,
				      &wanted, &(size_t){ 0 }, &fake_caller),
			 -EOPNOTSUPP);
	fake.device.rules.source.pmu = true;
	asked.pme_val = 0x100e4; /* PMC6_BR_BOGUS: nothing stands for it */
	assert_int_equal(device_ioctl(&fake.device, false, PMIOTRANSLATE, &asked, sizeof asked,
				      &wanted, &(size_t){ 0 }, &fake_caller),
			 -EOPNOTSUPP);
}

/* PMIOEBB: all that was asked goes to who opens the event, and comes back with the token. */
static void test_ebb_bytes(void **state)
{
	struct perfmon_ebb asked = { .peb_thread = 17,
				     .peb_type = 4,
				     .peb_config = UINT64_C(0x800000000001001e),
				     .peb_address = 0x1122334455667788,
				     .peb_length = 8,
				     .peb_period = 100000,
				     .peb_leader = 0x0ebd000000000001,
				     .peb_token = 99 };
	struct perfmon_ebb wanted = asked;

	(void)state;
	wanted.peb_token = FAKE_TOKEN;
	check_reply(PMIOEBB, (const uint8_t *)&asked, (const uint8_t *)&wanted, sizeof wanted);
	assert_memory_equal(&fake.asked, &asked, sizeof asked);
	assert_int_equal(fake.asking.thread, fake_caller.thread);
	assert_int_equal(fake.asking.user, fake_caller.user);
	fake.failure = -EPERM;
	assert_int_equal(ask(PMIOEBB, false), -EPERM);
	fake.device.brancher = NULL;
	assert_int_equal(ask(PMIOEBB, false), -EOPNOTSUPP);
}

/* PMIODIRECT: the token, and nothing that was asked with. */
static void test_direct_bytes(void **state)
{
	const struct perfmon_direct asked = { .pmd_num = 1,
					      .pmd_reserved = UINT32_MAX,
					      .pmd_token = 99 };
	const struct perfmon_direct wanted = { .pmd_num = 1, .pmd_token = FAKE_TOKEN };

	(void)state;
	assert_int_equal(fake_set_up(1, PMCF_USR), 0);
	check_reply(PMIODIRECT, (const uint8_t *)&asked, (const uint8_t *)&wanted, sizeof wanted);
	assert_int_equal(fake.asking.thread, fake_caller.thread);
	assert_int_equal(ask(PMIODIRECT, false), -EPERM);
}

/* Between two readings of the stamp, which moves with each count that is read. */
static void test_snap_bytes(void **state)
{
	uint8_t wanted[56] = { 0 };
	uint8_t none[1] = { 0 };

	(void)state;
	fake_stamp_mhz = 2600;
	fake_stamp_value = 0x1122334455667788;
	fake.device.rules.set = EVENT_SET_P6;
	assert_int_equal(
		fake_pmc(PMIOSETUP, &(struct pmc){ .pmc_num = 1, { .pmcu_val = 0x10043 } }), 0);
	assert_int_equal(fake_int(PMIOSTART, 1), 0);
	fake.counter[1].count = UINT64_C(0xabcd123456789abc);
	fake_read_lasts = 1000;
	put_quad(wanted, 0x1122334455667788);
	put_quad(wanted + 8, 1000);
	put_int(wanted + 16, 2600);
	put_int(wanted + 24, EBUSY);
	put_int(wanted + 44, 0x10043 | PMCF_EN << 16);
	put_quad(wanted + 48, UINT64_C(0x3456789abc));
	check_reply(PMIOSNAP, none, wanted, sizeof wanted);
	fake_stamp_value = 0x1122334455667788;
	/* A count that is lost. */
	fake.failure = -EIO;
	put_int(wanted + 40, EIO);
	put_quad(wanted + 48, 0);
	check_reply(PMIOSNAP, none, wanted, sizeof wanted);
	fake.failure = 0;
	fake_stamp_result = -ENOTTY;
	memset(wanted, 0, 24);
	put_int(wanted + 40, 0);
	put_quad(wanted + 48, UINT64_C(0x3456789abc));
	check_reply(PMIOSNAP, none, wanted, sizeof wanted);
}

/* All that can be in a reply, at its longest: nothing is cut off. */
static void test_long_event(void **state)
{
	static const char name[] = "PMC6_A_NAME_AS_LONG_AS_THE_LAYOUT_HAS_ROOM_FOR_";
	struct event *event = &fake.device.counter[0].event;
	struct perfmon_event got;
	char note[160] = { 0 };

	(void)state;
	assert_int_equal(fake_set_up(0, PMCF_USR), 0);
	memset(note, 'n', sizeof note - 1);
	memset(event->counted, 'c', sizeof event->counted - 1);
	event->name = name;
	event->note = note;
	event->class = EVENT_CLASS_MODEL;
	event->fidelity = FIDELITY_MEDIUM;
	event->counter = 1;
	event->terms = EVENT_TERMS;
	for (unsigned i = 0; i < EVENT_TERMS; i++)
		event->term[i] = (struct event_term){ i, UINT64_MAX - i };
	assert_int_equal(fake_event(0, &got), 0);
	assert_string_equal(got.pme_name, name);
	assert_string_equal(got.pme_counted, event->counted);
	assert_int_equal(strlen(got.pme_counted), sizeof got.pme_counted - 1);
	assert_string_equal(got.pme_note, note);
	assert_int_equal(got.pme_class, PME_MODEL);
	assert_int_equal(got.pme_fidelity, PME_MEDIUM);
	assert_int_equal(got.pme_counter, 1);
	assert_int_equal(got.pme_terms, PME_TERMS);
	for (unsigned i = 0; i < PME_TERMS; i++) {
		assert_int_equal(got.pme_term[i].pmet_type, i);
		assert_int_equal(got.pme_term[i].pmet_reserved, 0);
		assert_int_equal(got.pme_term[i].pmet_config, UINT64_MAX - i);
	}
}

static void test_no_time_stamp(void **state)
{
	uint8_t reply[DEVICE_REPLY_MAX];
	size_t size = SIZE_MAX;

	(void)state;
	fake_stamp_result = -ENOTTY;
	assert_int_equal(
		device_ioctl(&fake.device, false, PMIOTSTAMP, NULL, 0, reply, &size, &fake_caller),
		-ENOTTY);
	assert_int_equal(size, SIZE_MAX);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers),       TEST(other_numbers),   TEST(other_sizes), TEST(other_groups),
		TEST(rights),        TEST(short_argument),  TEST(pmc_bytes),   TEST(int_bytes),
		TEST(read_bytes),    TEST(event_bytes),     TEST(long_event),  TEST(tstamp_bytes),
		TEST(no_time_stamp), TEST(translate_bytes), TEST(ebb_bytes),   TEST(snap_bytes),
		TEST(direct_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* The simulated P6 against the rules that model.h states, counted here clock by clock. */

#include "backend/model.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdbool.h>

#include "unit.h"

#define SELECT_0  0x186u
#define SELECT_1  0x187u
#define COUNTER_0 0xc1u
#define COUNTER_1 0xc2u

#define USR        0x010000u
#define OS         0x020000u
#define EDGE       0x040000u
#define ENABLE     0x400000u
#define INV        0x800000u
#define BOTH       (USR | OS)
#define MASK(mask) ((uint32_t)(mask) << 24)

static struct registers *model;

static int open_model(void **state)
{
	(void)state;
	return model_open(4, &model);
}

static int close_model(void **state)
{
	(void)state;
	model->operations->close(model);
	return 0;
}

static uint64_t get(unsigned cpu, uint32_t address)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(model->operations->read(model, cpu, address, &value), 0);
	return value;
}

static void set(unsigned cpu, uint32_t address, uint64_t value)
{
	assert_int_equal(model->operations->write(model, cpu, address, value), 0);
}

/* A counter's condition in clock number `clock` of a mode. */
static bool holds(uint32_t select, uint64_t clock)
{
	unsigned code = select & 0xff;
	unsigned mask = select >> 24;
	bool event = code == PMC6_CPU_CLK_UNHALTED || (clock + 1) % (code + 1) == 0;

	if (mask == 0)
		return event;
	return select & INV ? event < mask : event >= mask;
}

/* What the counter counts in clocks from..until - 1 of a CPU. */
static uint64_t expected(uint32_t select, uint64_t from, uint64_t until)
{
	uint64_t clocks[2] = { 0 };
	bool before[2] = { holds(select, 0), holds(select, 0) };
	uint64_t count = 0;

	for (uint64_t clock = 0; clock < until; clock++) {
		bool kernel = clock % 4 == 3;
		bool now = holds(select, clocks[kernel]++);
		bool counts = now && (!(select & EDGE) || !before[kernel]);

		before[kernel] = now;
		if (clock >= from && counts && select & (kernel ? OS : USR))
			count++;
	}
	return count;
}

/* The select is written at clock 1000; the counter is read 1000 clocks after the step. */
static uint64_t counted(uint32_t select, uint64_t step)
{
	uint64_t before = get(0, COUNTER_0);
	uint64_t value;

	set(0, SELECT_0, select | ENABLE);
	model_step(model, 0, step);
	value = get(0, COUNTER_0);
	set(0, SELECT_0, 0);
	return value - before;
}

/* By hand: from clock 2000 to 6000, 3000 clocks of user and 1000 of the kernel. */
static void test_rates(void **state)
{
	static const struct {
		uint32_t select;
		uint64_t count;
	} rows[] = {
		{ 0x79 | USR, 3000 },
		{ 0x79 | OS, 1000 },
		{ 0x79 | BOTH, 4000 },
		{ 0x79, 0 },
		{ 0x00 | BOTH, 4000 },
		{ 0x09 | USR, 300 },
		{ 0x09 | OS, 100 },
		{ 0x09 | BOTH, 400 },
		{ 0x09 | USR | MASK(1), 300 },
		{ 0x09 | USR | MASK(2), 0 },
		{ 0x09 | USR | MASK(1) | INV, 2700 },
		{ 0x09 | USR | MASK(2) | INV, 3000 },
		{ 0x09 | USR | INV, 300 },
		{ 0x09 | USR | EDGE, 300 },
		{ 0x09 | USR | EDGE | INV | MASK(1), 300 },
		{ 0x79 | USR | EDGE, 0 },
		{ 0x79 | USR | INV | MASK(1), 0 },
		{ 0x09 | BOTH | 0xff00, 400 },
		{ 0xc0 | USR, 16 },  /* 4500 / 193 - 1500 / 193 */
		{ 0xc0 | OS, 5 },    /* 1500 / 193 - 500 / 193 */
		{ 0xff | BOTH, 16 }, /* 4500 / 256 - 1500 / 256 + 1500 / 256 - 500 / 256 */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(counted(rows[i].select, 3000), rows[i].count);
		close_model(state);
		open_model(state);
	}
}

static void test_every_combination(void **state)
{
	static const unsigned codes[] = { 0x00, 0x01, 0x03, 0x06, 0x79, 0xc0, 0xff };
	static const unsigned masks[] = { 0, 1, 2, 255 };
	static const uint64_t steps[] = { 0, 1, 2, 3, 5, 1234 };

	for (unsigned flags = 0; flags < 16; flags++)
		for (size_t code = 0; code < COUNT(codes); code++)
			for (size_t mask = 0; mask < COUNT(masks); mask++)
				for (size_t step = 0; step < COUNT(steps); step++) {
					uint32_t select = codes[code] | MASK(masks[mask]) |
							  (flags & 7) << 16 | (flags & 8 ? INV : 0);

					assert_int_equal(
						counted(select, steps[step]),
						expected(select, 2000, 3000 + steps[step]));
					close_model(state);
					open_model(state);
				}
}

static void test_enable_gates_both(void **state)
{
	(void)state;
	set(0, SELECT_0, 0x79 | USR);
	set(0, SELECT_1, 0x79 | OS | ENABLE);
	model_step(model, 0, 4000);
	assert_int_equal(get(0, COUNTER_0), 0);
	assert_int_equal(get(0, COUNTER_1), 0);
	set(0, SELECT_0, 0x79 | USR | ENABLE);
	model_step(model, 0, 4000);
	set(0, SELECT_0, 0x79 | USR);
	model_step(model, 0, 4000);
	assert_int_equal(get(0, COUNTER_0), 3750);
	assert_int_equal(get(0, COUNTER_1), 1250);
	set(0, SELECT_1, 0x79 | OS);
	set(0, SELECT_0, 0x79 | USR | ENABLE);
	set(0, SELECT_0, 0);
	assert_int_equal(get(0, COUNTER_0), 4500);
	assert_int_equal(get(0, COUNTER_1), 1500);
}

static void test_access_runs_one_cpu(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < 2; cpu++)
		set(cpu, SELECT_0, 0x79 | BOTH | ENABLE);
	model_step(model, 1, 77);
	assert_int_equal(get(0, COUNTER_0), MODEL_ACCESS_CLOCKS);
	assert_int_equal(get(0, COUNTER_0), 2 * MODEL_ACCESS_CLOCKS);
	assert_int_equal(get(1, COUNTER_0), MODEL_ACCESS_CLOCKS + 77);
	assert_int_equal(get(0, SELECT_0), 0x79 | BOTH | ENABLE);
	assert_int_equal(get(0, COUNTER_0), 4 * MODEL_ACCESS_CLOCKS);
	assert_int_equal(get(2, COUNTER_0), 0);
	assert_int_equal(MODEL_ACCESS_CLOCKS, 1000);
}

static void test_writes(void **state)
{
	static const struct {
		uint32_t address;
		uint64_t written;
		uint64_t read;
	} rows[] = {
		{ COUNTER_0, 0, 0 },
		{ COUNTER_0, 0x7fffffff, 0x7fffffff },
		{ COUNTER_0, 0x80000000, UINT64_C(0xff80000000) },
		{ COUNTER_1, 0xffffffff, UINT64_C(0xffffffffff) },
		{ COUNTER_1, UINT64_C(0x127fffffff), 0x7fffffff },
		{ COUNTER_0, UINT64_C(0xffffffff00000001), 1 },
		{ SELECT_0, UINT64_C(0xffffffff00ff1234), 0x00ff1234 },
		{ SELECT_1, 0xffbfffff, 0xffbfffff },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		set(0, SELECT_0, 0);
		set(0, rows[i].address, rows[i].written);
		/* With no mode in it, an enabled select counts nothing. */
		if (rows[i].address != SELECT_0)
			assert_int_equal(get(0, rows[i].address), rows[i].read);
		else
			assert_int_equal(get(0, SELECT_0), rows[i].read);
	}
}

static void test_counter_wraps(void **state)
{
	(void)state;
	set(0, COUNTER_0, 0xfffffe0c); /* 2^40 - 500 */
	set(0, SELECT_0, 0x79 | BOTH | ENABLE);
	assert_int_equal(get(0, COUNTER_0), 500);
}

static void test_other_registers(void **state)
{
	static const uint32_t addresses[] = { 0,    0x10,  0x11,  0x12,  0xc0,
					      0xc3, 0x185, 0x188, 0x38f, 0xffffffff };
	uint64_t value = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		assert_int_equal(model->operations->read(model, 0, addresses[i], &value), -EIO);
		assert_int_equal(value, UNTOUCHED);
		assert_int_equal(model->operations->write(model, 0, addresses[i], 0), -EIO);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, open_model, close_model)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rates),
		TEST(every_combination),
		TEST(enable_gates_both),
		TEST(access_runs_one_cpu),
		TEST(writes),
		TEST(counter_wraps),
		TEST(other_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

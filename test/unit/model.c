/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Flags of a select of the P6's layout. */
#define USR 0x010000u
#define OS  0x020000u
#define E   0x040000u
#define PC  0x080000u
#define INT 0x100000u
#define EN  0x400000u
#define INV 0x800000u

#define CMASK(events) ((uint64_t)(events) << 24)

/* Halves of CESR. */
#define RING_0_2 0x40u
#define RING_3   0x80u
#define CLOCKS   0x100u

#define CLOCK MODEL_ACCESS_CLOCKS

static struct registers *registers;

static void open_model(enum model_kind kind, unsigned cpus)
{
	assert_int_equal(model_open(kind, cpus, &registers), 0);
	assert_int_equal(registers->cpus, cpus);
}

static void close_model(void)
{
	registers->operations->close(registers);
}

static int read_on(unsigned cpu, uint32_t address, uint64_t *ret_value)
{
	return registers->operations->read(registers, cpu, address, ret_value);
}

static int write_on(unsigned cpu, uint32_t address, uint64_t value)
{
	return registers->operations->write(registers, cpu, address, value);
}

static uint64_t value_on(unsigned cpu, uint32_t address)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(read_on(cpu, address, &value), 0);
	return value;
}

static uint64_t peek(uint32_t address)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(model_peek(registers, 0, address, &value), 0);
	return value;
}

static void poke(uint32_t address, uint64_t value)
{
	assert_int_equal(model_poke(registers, 0, address, value), 0);
}

/* What a register holds after a write. */
static void assert_write(uint32_t address, uint64_t value, uint64_t held)
{
	assert_int_equal(write_on(0, address, value), 0);
	assert_int_equal(peek(address), held);
}

static void assert_refused(uint32_t address, uint64_t value)
{
	uint64_t before = peek(address);

	assert_int_equal(write_on(0, address, value), -EIO);
	assert_int_equal(peek(address), before);
}

/*
 * In the first 1000 clocks: 750 of user mode and 250 of the kernel's. The event of code 9 happens
 * 75 and 25 times.
 */
static void rates_of_a_select(void **state)
{
	static const struct {
		uint64_t select;
		uint64_t count;
	} rows[] = {
		{ 0x79, 0 },
		{ 0x79 | USR, 750 },
		{ 0x79 | OS, 250 },
		{ 0x79 | USR | OS, 1000 },
		{ 0x79 | 0xff00 | USR | OS, 1000 },
		{ 0x79 | USR | OS | PC | INT, 1000 },
		{ 0x79 | USR | OS | E, 0 },
		{ 0x79 | USR | OS | INV, 1000 },
		{ 0x79 | USR | OS | CMASK(1), 1000 },
		{ 0x79 | USR | OS | CMASK(2), 0 },
		{ 0x79 | USR | OS | INV | CMASK(1), 0 },
		{ 0x79 | USR | OS | INV | CMASK(2), 1000 },
		{ 0x00 | USR | OS, 1000 },
		{ 0x09 | USR, 75 },
		{ 0x09 | OS, 25 },
		{ 0x09 | USR | OS, 100 },
		{ 0x09 | USR | OS | E, 100 },
		{ 0x09 | USR | OS | CMASK(1), 100 },
		{ 0x09 | USR | OS | CMASK(255), 0 },
		{ 0x09 | USR | OS | INV, 100 },
		{ 0x09 | USR | OS | INV | CMASK(1), 900 },
		{ 0x09 | USR | OS | INV | CMASK(2), 1000 },
		{ 0x09 | USR | OS | INV | E | CMASK(1), 100 },
		{ 0x09 | USR | OS | INV | E | CMASK(2), 0 },
		{ 0x0a | USR | INV | E | CMASK(1), 69 },
		{ 0xff | USR | OS, 2 },
		{ 0xfa | OS, 0 },
		{ 0xf9 | OS, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_model(MODEL_P6, 1);
		poke(0x186, rows[i].select | EN);
		model_step(registers, 0, 1000);
		if (peek(0xc1) != rows[i].count)
			fail_msg("select 0x%llx counts %llu", (unsigned long long)rows[i].select,
				 (unsigned long long)peek(0xc1));
		close_model();
	}
}

/* Each clock counts once, however the time is cut. */
static void time_may_be_cut_anywhere(void **state)
{
	(void)state;
	open_model(MODEL_P6, 1);
	poke(0x186, 0x09 | USR | OS | EN);
	for (unsigned i = 1; i <= 100; i++)
		model_step(registers, 0, i);
	assert_int_equal(peek(0xc1), 3788 / 10 + 1262 / 10);
	close_model();
}

static void accesses_run_their_own_cpu(void **state)
{
	uint64_t value;

	(void)state;
	open_model(MODEL_P6, 3);
	assert_int_equal(write_on(1, 0x186, 0x79 | USR | OS | EN), 0);
	assert_int_equal(value_on(1, 0xc1), CLOCK);
	assert_int_equal(value_on(1, 0xc1), 2 * CLOCK);
	assert_int_equal(write_on(2, 0x186, 0x79 | USR | EN), 0);
	assert_int_equal(value_on(2, 0xc1), CLOCK / 4 * 3);
	assert_int_equal(value_on(0, 0xc1), 0);
	assert_int_equal(read_on(1, 0x10, &value), -EIO);
	assert_int_equal(value_on(1, 0xc1), 4 * CLOCK);
	assert_int_equal(model_accesses(registers), 8);
	assert_int_equal(model_peek(registers, 1, 0xc1, &value), 0);
	assert_int_equal(value, 4 * CLOCK);
	assert_int_equal(model_accesses(registers), 8);
	close_model();
}

static void p5_rates(void **state)
{
	static const struct {
		uint64_t half;
		uint64_t count;
	} rows[] = {
		{ 0x09, 0 },
		{ 0x09 | CLOCKS, 0 },
		{ 0x09 | RING_3, 75 },
		{ 0x09 | RING_0_2, 25 },
		{ 0x09 | RING_3 | RING_0_2, 100 },
		{ 0x09 | RING_3 | RING_0_2 | 0x200, 100 },
		{ 0x09 | RING_3 | CLOCKS, 750 },
		{ 0x09 | RING_0_2 | CLOCKS, 250 },
		{ 0x3f | RING_3 | RING_0_2 | CLOCKS, 1000 },
		{ 0x3f | RING_3 | RING_0_2, 14 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_model(MODEL_P5, 1);
		poke(0x11, rows[i].half | (0x04 | RING_3) << 16);
		model_step(registers, 0, 1000);
		assert_int_equal(peek(0x12), rows[i].count);
		assert_int_equal(peek(0x13), 150);
		close_model();
	}
}

static void p5_stop_before_changing(void **state)
{
	const uint64_t one = (0x04 | RING_3) << 16;

	(void)state;
	open_model(MODEL_P5, 1);
	poke(0x11, 0x09 | RING_3 | one);
	model_step(registers, 0, 1000);

	/* Rings and clocks may change. */
	assert_int_equal(write_on(0, 0x11, 0x09 | RING_0_2 | CLOCKS | one), 0);
	assert_int_equal(peek(0x12), 150);
	/* An event may not: the counter is 0, the other one goes on. */
	assert_int_equal(write_on(0, 0x11, 0x0a | RING_3 | one), 0);
	assert_int_equal(peek(0x12), 0);
	assert_int_equal(peek(0x13), 450);
	/* Stopped in the same write is too late. */
	model_step(registers, 0, 1000);
	assert_true(peek(0x12) > 0);
	assert_int_equal(write_on(0, 0x11, 0x09 | one), 0);
	assert_int_equal(peek(0x12), 0);
	/* Stopped first. */
	poke(0x12, 7);
	assert_int_equal(write_on(0, 0x11, 0x0b | one), 0);
	assert_int_equal(write_on(0, 0x11, 0x0b | RING_3 | one), 0);
	assert_int_equal(peek(0x12), 7);
	close_model();
}

static void p5_registers(void **state)
{
	(void)state;
	open_model(MODEL_P5, 1);
	assert_write(0x11, 0x03ff03ff, 0x03ff03ff);
	assert_refused(0x11, 0x400);
	assert_refused(0x11, 0x04000000);
	assert_write(0x11, 0, 0);
	assert_write(0x12, 0x123456789abcdef0, 0x789abcdef0);
	assert_write(0x13, 0xffffffff, 0xffffffff);
	close_model();
}

static void p6_enable_is_in_select_0(void **state)
{
	(void)state;
	open_model(MODEL_P6, 1);
	assert_int_equal(write_on(0, 0x187, 0x79 | USR | OS | EN), 0);
	assert_int_equal(peek(0x187), 0x79 | USR | OS);
	model_step(registers, 0, 1000);
	assert_int_equal(peek(0xc2), 0);
	poke(0x186, EN);
	model_step(registers, 0, 1000);
	assert_int_equal(peek(0xc2), 1000);
	assert_int_equal(peek(0xc1), 0);
	close_model();
}

static void p6_registers(void **state)
{
	(void)state;
	open_model(MODEL_P6, 1);
	assert_write(0xc1, 0x7fffffff, 0x7fffffff);
	assert_write(0xc1, 0x80000000, 0xff80000000);
	assert_write(0xc2, 0x1280000000, 0xff80000000);
	assert_write(0xc2, 0x1200000001, 1);
	assert_write(0x186, 0xf00000000 | USR, USR);
	/* 40 bits: the next clock is 0, and there is no status. */
	poke(0x186, 0x79 | USR | OS | EN);
	poke(0xc1, 0xffffffffff);
	model_step(registers, 0, 3);
	assert_int_equal(peek(0xc1), 2);
	close_model();
}

static void arch_counts_while_both_enables_are_set(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(peek(0x38f), 0xf);
		poke(0x186 + n, 0x3c | USR | OS);
		model_step(registers, 0, 100);
		assert_int_equal(peek(0xc1 + n), 0);
		poke(0x186 + n, 0x3c | USR | OS | EN);
		model_step(registers, 0, 100);
		assert_int_equal(peek(0xc1 + n), 100);
		poke(0x38f, 0xf & ~(1u << n));
		model_step(registers, 0, 100);
		assert_int_equal(peek(0xc1 + n), 100);
		poke(0x38f, 0xf);
	}
	/* The code of a P6's clocks is none here, and LLC references are absent. */
	poke(0x186, 0x79 | USR | OS | EN);
	poke(0xc1, 0);
	poke(0x187, 0x4f2e | USR | OS | EN);
	poke(0xc2, 0);
	poke(0x188, 0x412e | USR | OS | EN);
	poke(0xc3, 0);
	model_step(registers, 0, UINT64_C(47) * 122 * 8);
	assert_int_equal(peek(0xc1), 47 * 8);
	assert_int_equal(peek(0xc2), 0);
	assert_int_equal(peek(0xc3), 122 * 8);
	close_model();
}

static void arch_writes_of_counters(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	for (unsigned n = 0; n < 4; n++) {
		assert_write(0xc1 + n, 0x1280000000, 0xffff80000000);
		assert_write(0xc1 + n, 0x127fffffff, 0x7fffffff);
		assert_write(0x4c1 + n, 0x123456789abc, 0x123456789abc);
		assert_int_equal(peek(0xc1 + n), 0x123456789abc);
		assert_refused(0x4c1 + n, UINT64_C(1) << 48);
	}
	assert_int_equal(peek(0x345), 0x2000);
	poke(0x345, 0);
	assert_refused(0x4c1, 1);
	close_model();
}

static void arch_refuses_reserved_bits(void **state)
{
	static const struct {
		uint32_t address;
		uint64_t held;
		uint64_t refused;
	} rows[] = {
		{ 0x186, 0x3fff7ffff, PC },      { 0x189, 0x3fff7ffff, UINT64_C(1) << 34 },
		{ 0x38d, 0xfff, 0x1000 },        { 0x38f, 0x70000000f, 0x10 },
		{ 0x38f, 0, UINT64_C(1) << 35 }, { 0x309, 0xffffffffffff, UINT64_C(1) << 48 },
		{ 0x30b, 5, UINT64_C(1) << 63 },
	};

	(void)state;
	open_model(MODEL_ARCH, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_write(rows[i].address, rows[i].held, rows[i].held);
		assert_refused(rows[i].address, rows[i].refused);
	}
	assert_refused(0x345, 0x2000);
	assert_refused(0x38e, 0);
	assert_refused(0x392, 0);
	close_model();
}

/* No program of the model runs transactions. */
static void arch_transactions(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	poke(0x186, (UINT64_C(1) << 32) | 0x3c | USR | OS | EN);
	poke(0x187, (UINT64_C(2) << 32) | 0x3c | USR | OS | EN);
	model_step(registers, 0, 100);
	assert_int_equal(peek(0xc1), 0);
	assert_int_equal(peek(0xc2), 100);
	close_model();
}

static void arch_fixed_counters(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	poke(0x38d, 0x123);
	model_step(registers, 0, UINT64_C(193) * 4);
	assert_int_equal(peek(0x30a), 0);
	poke(0x38f, 0x70000000f);
	model_step(registers, 0, UINT64_C(193) * 4);
	assert_int_equal(peek(0x309), 4);
	assert_int_equal(peek(0x30a), 193 * 3);
	assert_int_equal(peek(0x30b), 193);
	close_model();
}

static void arch_status(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	poke(0x38f, 0x70000000f);
	poke(0x38d, 0x333);
	poke(0x188, 0x3c | USR | OS | EN);
	poke(0xc3, 0xffffffffffff);
	poke(0x30b, 0xfffffffffffe);
	model_step(registers, 0, 1);
	assert_int_equal(peek(0x38e), 4);
	assert_int_equal(peek(0xc3), 0);
	model_step(registers, 0, 1);
	assert_int_equal(peek(0x38e), 0x400000004);
	assert_int_equal(write_on(0, 0x390, 4), 0);
	assert_int_equal(peek(0x38e), 0x400000000);
	assert_int_equal(peek(0x390), 0);
	close_model();
}

/* INUSE says no more than that a low byte is not 0. */
static void arch_in_use(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	assert_int_equal(peek(0x392), 0);
	poke(0x187, 0xff00 | USR | EN);
	assert_int_equal(peek(0x392), 0);
	assert_int_equal(write_on(0, 0x187, 0x01), 0);
	assert_int_equal(peek(0x392), 2);
	poke(0x38d, 0x010);
	assert_int_equal(peek(0x392), 0x200000002);
	poke(0x186, INT);
	assert_int_equal(peek(0x392), 0x8000000200000002);
	poke(0x186, 0);
	poke(0x38d, 0x800);
	assert_int_equal(peek(0x392), 0x8000000000000002);
	assert_int_equal(model_poke(registers, 0, 0x392, 1), -EIO);
	close_model();
}

static void amd_counters(void **state)
{
	(void)state;
	open_model(MODEL_AMD, 1);
	assert_int_equal(peek(0xc0000301), 0x3f);
	for (unsigned n = 0; n < 6; n++) {
		poke(0xc0010200 + 2 * n, 0x76 | USR | OS | EN);
		model_step(registers, 0, 100);
		assert_int_equal(peek(0xc0010201 + 2 * n), 100);
		poke(0xc0000301, 0x3f & ~(1u << n));
		model_step(registers, 0, 100);
		assert_int_equal(peek(0xc0010201 + 2 * n), 100);
		poke(0xc0000301, 0x3f);
		poke(0xc0010200 + 2 * n, 0x76 | USR | OS);
		if (n < 4) {
			assert_int_equal(peek(0xc0010000 + n), 0x76 | USR | OS);
			assert_write(0xc0010004 + n, 77, 77);
			assert_int_equal(peek(0xc0010201 + 2 * n), 77);
		}
	}
	assert_int_equal(model_poke(registers, 0, 0xc0010008, 0), -EIO);
	close_model();
}

static void amd_events_have_12_bits(void **state)
{
	(void)state;
	open_model(MODEL_AMD, 1);
	poke(0xc0010200, (UINT64_C(1) << 32) | 0x76 | USR | OS | EN);
	poke(0xc0010202, (UINT64_C(0xf) << 32) | 0xff | USR | OS | EN);
	model_step(registers, 0, UINT64_C(4096) * 375 * 4);
	assert_int_equal(peek(0xc0010201), 4096 * 4);
	assert_int_equal(peek(0xc0010203), 375 * 4);
	close_model();
}

/* There is no guest. */
static void amd_guests(void **state)
{
	(void)state;
	open_model(MODEL_AMD, 1);
	for (uint64_t n = 0; n < 4; n++)
		poke((uint32_t)(0xc0010200 + 2 * n), n << 40 | 0x76 | USR | OS | EN);
	model_step(registers, 0, 100);
	for (uint32_t n = 0; n < 4; n++)
		assert_int_equal(peek(0xc0010201 + 2 * n), n == 1 ? 0 : 100);
	close_model();
}

static void amd_registers(void **state)
{
	(void)state;
	open_model(MODEL_AMD, 1);
	assert_write(0xc0010200, UINT64_MAX, 0x70fffdfffff);
	assert_write(0xc0010201, UINT64_MAX, 0xffffffffffff);
	assert_refused(0xc0000301, 0x40);
	assert_refused(0xc0000300, 0);
	assert_write(0xc0010200, 0x76 | USR | OS | EN, 0x76 | USR | OS | EN);
	model_step(registers, 0, 1);
	assert_int_equal(peek(0xc0000300), 1);
	assert_int_equal(write_on(0, 0xc0000302, 1), 0);
	assert_int_equal(peek(0xc0000300), 0);
	assert_int_equal(peek(0xc0000302), 0);
	close_model();
}

static const enum model_kind kinds[] = { MODEL_P5, MODEL_P6, MODEL_ARCH, MODEL_AMD };

/* Of the whole of both ranges, the registers that it lists, and no other. */
static void registers_are_those_listed(void **state)
{
	static const uint32_t begins[] = { 0x0, 0xc0000000, 0xc0010000 };
	static const unsigned counts[] = { 3, 4, 21, 23 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const uint32_t *listed = model_addresses(kinds[i]);
		unsigned found = 0;
		uint64_t value;

		open_model(kinds[i], 1);
		for (unsigned n = 0; listed[n]; n++)
			assert_int_equal(read_on(0, listed[n], &value), 0);
		for (size_t range = 0; range < COUNT(begins); range++)
			for (uint32_t n = 0; n < 0x2000; n++)
				found += read_on(0, begins[range] + n, &value) == 0;
		assert_int_equal(found, counts[i]);
		assert_int_equal(write_on(0, 0x10, 0), -EIO);
		assert_int_equal(model_poke(registers, 0, 0x10, 0), -EIO);
		assert_int_equal(model_peek(registers, 0, 0x10, &value), -EIO);
		close_model();
	}
}

static void faults(void **state)
{
	uint64_t value = 5;

	(void)state;
	open_model(MODEL_P6, 2);
	model_fail(registers, 2, -EPERM, false);
	assert_int_equal(read_on(0, 0xc1, &value), 0);
	assert_int_equal(write_on(1, 0xc1, 1), 0);
	assert_int_equal(write_on(1, 0xc1, 9), -EPERM);
	assert_int_equal(value_on(1, 0xc1), 1);

	model_fail(registers, 0, -EIO, true);
	value = 5;
	assert_int_equal(read_on(1, 0xc1, &value), -EIO);
	assert_int_equal(value, 5);
	assert_int_equal(write_on(0, 0xc1, 9), -EIO);
	model_fail(registers, -1, 0, false);
	assert_int_equal(value_on(0, 0xc1), 0);

	model_fail(registers, 1, -EIO, true);
	value_on(0, 0xc1);
	assert_int_equal(read_on(0, 0xc1, &value), -EIO);
	assert_int_equal(read_on(1, 0xc1, &value), -EIO);
	close_model();
}

static void offline(void **state)
{
	uint64_t stopped;
	uint64_t value;

	(void)state;
	open_model(MODEL_ARCH, 2);
	assert_int_equal(write_on(1, 0x186, 0x3c | USR | OS | EN), 0);
	assert_int_equal(write_on(1, 0x38f, 1), 0);
	model_set_online(registers, 1, false);
	assert_int_equal(read_on(1, 0xc1, &value), -ENXIO);
	assert_int_equal(write_on(1, 0xc1, 0), -ENXIO);
	assert_int_equal(model_peek(registers, 1, 0xc1, &stopped), 0);
	assert_int_equal(stopped, CLOCK);
	model_step(registers, 1, 1000);
	assert_int_equal(model_peek(registers, 1, 0xc1, &value), 0);
	assert_int_equal(value, stopped);
	assert_int_equal(value_on(0, 0x38f), 0xf);
	/* Back with what it had, and counting on. */
	model_set_online(registers, 1, true);
	assert_int_equal(value_on(1, 0xc1), stopped + CLOCK);
	assert_int_equal(value_on(1, 0x186), 0x3c | USR | OS | EN);
	assert_int_equal(value_on(1, 0x38f), 1);
	close_model();
}

static void another_owner(void **state)
{
	static const struct {
		enum model_kind kind;
		uint32_t select;
		uint32_t value;
		uint64_t taken;
		uint64_t left;
	} rows[] = {
		{ MODEL_P5, 0x11, 0x13, (0x28 | CLOCKS | RING_3 | RING_0_2) << 16,
		  (0x28 | CLOCKS) << 16 },
		{ MODEL_P6, 0x187, 0xc2, 0x79 | USR | OS | INT, 0x79 | USR | OS | INT },
		{ MODEL_ARCH, 0x187, 0xc2, 0x3c | USR | OS | INT | EN, 0x3c | USR | OS | INT },
		{ MODEL_AMD, 0xc0010202, 0xc0010203, 0x76 | USR | OS | INT | EN,
		  0x76 | USR | OS | INT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_model(rows[i].kind, 1);
		model_take(registers, 0, 1);
		assert_int_equal(peek(rows[i].select), rows[i].taken);
		if (rows[i].kind == MODEL_P6)
			assert_int_equal(peek(0x186), EN);
		model_step(registers, 0, 100);
		assert_int_equal(peek(rows[i].value), 100);
		model_release(registers, 0, 1);
		assert_int_equal(peek(rows[i].select), rows[i].left);
		if (rows[i].kind == MODEL_P6)
			assert_int_equal(peek(0x186), 0);
		model_step(registers, 0, 100);
		assert_int_equal(peek(rows[i].value), 100);
		close_model();
	}
}

/* It sets its bit of the global control, and INUSE shows it, after its release as well. */
static void another_owner_in_global_registers(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	poke(0x38f, 0);
	model_take(registers, 0, 1);
	assert_int_equal(peek(0x38f), 2);
	assert_int_equal(peek(0x392), 0x8000000000000002);
	model_release(registers, 0, 1);
	assert_int_equal(peek(0x38f), 2);
	assert_int_equal(peek(0x392), 0x8000000000000002);
	close_model();
}

static void hollow(void **state)
{
	(void)state;
	open_model(MODEL_ARCH, 1);
	model_hollow(registers);
	assert_int_equal(write_on(0, 0x186, 0x3c | USR | OS | EN), 0);
	assert_int_equal(value_on(0, 0x186), 0);
	assert_int_equal(value_on(0, 0x38f), 0);
	assert_int_equal(write_on(0, 0x1234, UINT64_MAX), 0);
	assert_int_equal(value_on(0, 0x1234), 0);
	assert_int_equal(peek(0x345), 0);
	close_model();
}

static void cpuid_leaves(void **state)
{
	static const struct {
		enum model_kind kind;
		uint32_t leaf;
		struct cpuid value;
	} rows[] = {
		{ MODEL_P5, 1, { 0x525, 0, 0, 0x30 } },
		{ MODEL_P6, 1, { 0x619, 0, 0, 0x30 } },
		{ MODEL_ARCH, 1, { 0x50654, 0, 0x8000, 0x30 } },
		{ MODEL_ARCH, 0xa, { 0x07300404, 8, 0, 0x603 } },
		{ MODEL_AMD, 1, { 0xa10f11, 0, 0, 0x30 } },
		{ MODEL_AMD, 0x80000001, { 0xa10f11, 0, 0x800000, 0 } },
		{ MODEL_AMD, 0x80000022, { 1, 6, 0, 0 } },
		{ MODEL_P6, 0xa, { 0 } },
		{ MODEL_ARCH, 0x80000022, { 0 } },
	};
	static const char *const vendors[] = { "GenuntelineI", "GenuntelineI", "GenuntelineI",
					       "AuthcAMDenti" };
	static const uint32_t last[] = { 1, 2, 0xa, 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct cpuid vendor = model_cpuid(kinds[i], 0);

		assert_int_equal(vendor.eax, last[i]);
		assert_memory_equal(&vendor.ebx, vendors[i], 12);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cpuid value = model_cpuid(rows[i].kind, rows[i].leaf);

		assert_memory_equal(&value, &rows[i].value, sizeof value);
	}
	assert_int_equal(model_cpuid(MODEL_AMD, 0x80000000).eax, 0x80000022);
	assert_int_equal(model_cpuid(MODEL_ARCH, 0x80000000).eax, 0);
}

static void kinds_by_name(void **state)
{
	static const char *const names[] = { "p5", "p6", "arch", "amd" };
	enum model_kind kind = MODEL_P6;

	(void)state;
	assert_int_equal(model_kind_by_name("p4", &kind), -EINVAL);
	assert_int_equal(kind, MODEL_P6);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_int_equal(model_kind_by_name(names[i], &kind), 0);
		assert_int_equal(kind, kinds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_of_a_select),
		cmocka_unit_test(time_may_be_cut_anywhere),
		cmocka_unit_test(accesses_run_their_own_cpu),
		cmocka_unit_test(p5_rates),
		cmocka_unit_test(p5_stop_before_changing),
		cmocka_unit_test(p5_registers),
		cmocka_unit_test(p6_enable_is_in_select_0),
		cmocka_unit_test(p6_registers),
		cmocka_unit_test(arch_counts_while_both_enables_are_set),
		cmocka_unit_test(arch_writes_of_counters),
		cmocka_unit_test(arch_refuses_reserved_bits),
		cmocka_unit_test(arch_transactions),
		cmocka_unit_test(arch_fixed_counters),
		cmocka_unit_test(arch_status),
		cmocka_unit_test(arch_in_use),
		cmocka_unit_test(amd_counters),
		cmocka_unit_test(amd_events_have_12_bits),
		cmocka_unit_test(amd_guests),
		cmocka_unit_test(amd_registers),
		cmocka_unit_test(registers_are_those_listed),
		cmocka_unit_test(faults),
		cmocka_unit_test(offline),
		cmocka_unit_test(another_owner),
		cmocka_unit_test(another_owner_in_global_registers),
		cmocka_unit_test(hollow),
		cmocka_unit_test(cpuid_leaves),
		cmocka_unit_test(kinds_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* The register programming on the modelled CPUs, with every access written down. */

#include "backend/msr.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/model.h"
#include "capture.h"
#include "unit.h"

#define CPUS 4

#define SELECT(counter)  (0x186u + (counter))
#define COUNTER(counter) (0xc1u + (counter))
#define ENABLE           0x400000u
#define CLOCKS           0x030079u /* CPU_CLK_UNHALTED, both modes */
#define USER_CLOCKS      0x010079u

struct access {
	char kind; /* 'r', 'w' */
	unsigned cpu;
	uint32_t address;
	uint64_t value; /* of a write */
};

/* The model's registers, and a fault in them. */
static struct watched {
	struct registers registers;
	struct registers *model;
	struct access access[64];
	size_t count;
	char fail_kind;
	unsigned fail_cpu;
	bool closed;
} watched;

static struct backend *backend;

static int note(char kind, unsigned cpu, uint32_t address, uint64_t value)
{
	if (watched.count < COUNT(watched.access))
		watched.access[watched.count] = (struct access){ kind, cpu, address, value };
	watched.count++;
	return kind == watched.fail_kind && cpu == watched.fail_cpu ? -EPERM : 0;
}

static int watched_read(struct registers *registers, unsigned cpu, uint32_t address,
			uint64_t *ret_value)
{
	int result = note('r', cpu, address, 0);

	assert_ptr_equal(registers, &watched.registers);
	if (result < 0)
		return result;
	return watched.model->operations->read(watched.model, cpu, address, ret_value);
}

static int watched_write(struct registers *registers, unsigned cpu, uint32_t address,
			 uint64_t value)
{
	int result = note('w', cpu, address, value);

	assert_ptr_equal(registers, &watched.registers);
	if (result < 0)
		return result;
	return watched.model->operations->write(watched.model, cpu, address, value);
}

static void watched_close(struct registers *registers)
{
	assert_ptr_equal(registers, &watched.registers);
	assert_false(watched.closed);
	watched.closed = true;
}

static const struct register_operations watched_operations = {
	.read = watched_read,
	.write = watched_write,
	.close = watched_close,
};

static const struct backend_operations operations = { .name = "watched" };

static int open_cpus(unsigned cpus)
{
	watched = (struct watched){ .registers = { &watched_operations, cpus } };
	if (model_open(cpus, &watched.model) < 0)
		return -1;
	return msr_open(&watched.registers, &operations, "description", &backend);
}

static int open_one(void **state)
{
	(void)state;
	return open_cpus(1);
}

static int open_four(void **state)
{
	(void)state;
	return open_cpus(CPUS);
}

static int close_all(void **state)
{
	(void)state;
	msr_close(backend);
	watched.model->operations->close(watched.model);
	return watched.closed ? 0 : -1;
}

static void set_up(unsigned counter, uint32_t select)
{
	assert_int_equal(msr_setup(backend, counter, &(struct event){ .select = select }), 0);
}

static uint64_t read_count(unsigned counter)
{
	uint64_t count = UNTOUCHED;

	assert_int_equal(msr_read(backend, counter, &count), 0);
	return count;
}

static uint64_t stop_count(unsigned counter)
{
	uint64_t count = UNTOUCHED;

	assert_int_equal(msr_stop(backend, counter, &count), 0);
	return count;
}

/* The model's register, past what is watched. */
static uint64_t peek(unsigned cpu, uint32_t address)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(watched.model->operations->read(watched.model, cpu, address, &value), 0);
	return value;
}

static void test_open(void **state)
{
	(void)state;
	assert_ptr_equal(backend->operations, &operations);
	assert_string_equal(backend->description, "description");
	assert_true(backend->native);
	assert_false(backend->legacy);
	assert_int_equal(backend->cpu, CPU_P6);
	assert_int_equal(watched.count, 0);
}

/* Each access lets the model run 1000 clocks; between START's and STOP's write they are counted. */
static void test_one_cpu(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(stop_count(0), 1000);
	assert_int_equal(msr_start(backend, 0), 0);
	model_step(watched.model, 0, 123);
	assert_int_equal(read_count(0), 1123);
	assert_int_equal(read_count(0), 2123);
	assert_int_equal(stop_count(0), 3123);
	model_step(watched.model, 0, 5000);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(stop_count(0), 1000);
}

static void test_four_cpus(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		model_step(watched.model, cpu, 1 + 10 * cpu);
	assert_int_equal(read_count(0), 4 * 1000 + 1 + 11 + 21 + 31);
	assert_int_equal(stop_count(0), 8 * 1000 + 64);
}

static void test_setup_replaces(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	set_up(0, USER_CLOCKS);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(peek(cpu, SELECT(0)), USER_CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(stop_count(0), 4 * 750);
}

/* The enable bit of select 0 is both counters'. */
static void test_p6_rule(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	set_up(1, CLOCKS);
	assert_int_equal(msr_start(backend, 1), 0);
	model_step(watched.model, 0, 5000);
	assert_int_equal(read_count(1), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	model_step(watched.model, 0, 5000);
	assert_int_equal(stop_count(0), 6000);
	model_step(watched.model, 0, 5000);
	assert_int_equal(read_count(1), 6000);
	assert_int_equal(stop_count(1), 6000);
}

static void test_counter_wraps(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		watched.model->operations->write(watched.model, cpu, COUNTER(0), 0xffffff00);
	set_up(0, CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(read_count(0), 4 * 1000);
	assert_int_equal(peek(0, COUNTER(0)), 2000 - 256);
	assert_int_equal(stop_count(0), 4 * 2000 + 1000);
}

/* Each CPU was asked `kind` at `address` once, in order, beginning at `first`. */
static void check_sweep(size_t first, char kind, uint32_t address, uint64_t value)
{
	assert_true(first + CPUS <= watched.count);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		const struct access *access = &watched.access[first + cpu];

		assert_int_equal(access->kind, kind);
		assert_int_equal(access->cpu, cpu);
		assert_int_equal(access->address, address);
		if (kind == 'w')
			assert_int_equal(access->value, value);
	}
}

static void test_accesses(void **state)
{
	(void)state;
	for (unsigned counter = 0; counter < NPMC; counter++) {
		watched.count = 0;
		set_up(counter, CLOCKS);
		assert_int_equal(watched.count, CPUS);
		check_sweep(0, 'w', SELECT(counter), CLOCKS);

		watched.count = 0;
		assert_int_equal(msr_start(backend, counter), 0);
		assert_int_equal(watched.count, 2 * CPUS);
		check_sweep(0, 'r', COUNTER(counter), 0);
		check_sweep(CPUS, 'w', SELECT(counter), CLOCKS | ENABLE);

		watched.count = 0;
		read_count(counter);
		assert_int_equal(watched.count, CPUS);
		check_sweep(0, 'r', COUNTER(counter), 0);

		watched.count = 0;
		stop_count(counter);
		assert_int_equal(watched.count, 2 * CPUS);
		check_sweep(0, 'w', SELECT(counter), CLOCKS);
		check_sweep(CPUS, 'r', COUNTER(counter), 0);

		watched.count = 0;
		msr_release(backend, counter);
		assert_int_equal(watched.count, CPUS);
		check_sweep(0, 'w', SELECT(counter), 0);
	}
}

static void fail_at(char kind, unsigned cpu)
{
	watched.fail_kind = kind;
	watched.fail_cpu = cpu;
	watched.count = 0;
	capture_start(STDERR_FILENO);
}

/* The fault was logged with register and CPU. */
static void heal(const char *cause)
{
	const char *said = capture_end();
	char text[64];

	snprintf(text, sizeof text, "of CPU %u cannot be %s", watched.fail_cpu, cause);
	assert_non_null(strstr(said, text));
	watched.fail_kind = '\0';
}

static void check_selects(unsigned counter, uint32_t wanted)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(peek(cpu, SELECT(counter)), wanted);
}

static void test_setup_fails_at(void **state)
{
	(void)state;
	set_up(1, USER_CLOCKS);
	set_up(0, USER_CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		int result;

		fail_at('w', cpu);
		result = msr_setup(backend, 0, &(struct event){ .select = CLOCKS });
		heal("written");
		assert_int_equal(result, -EPERM);
		assert_int_equal(watched.count, 2 * cpu + 1);
		check_selects(0, USER_CLOCKS | ENABLE);
		check_selects(1, USER_CLOCKS);
	}
	stop_count(0);
	check_selects(0, USER_CLOCKS);
}

static void test_start_fails_at(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		int result;

		fail_at('w', cpu);
		result = msr_start(backend, 0);
		heal("written");
		assert_int_equal(result, -EPERM);
		check_selects(0, CLOCKS);

		fail_at('r', cpu);
		result = msr_start(backend, 0);
		heal("read");
		assert_int_equal(result, -EPERM);
		assert_int_equal(watched.count, cpu + 1);
		check_selects(0, CLOCKS);
	}
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(stop_count(0), 4 * 1000);
}

static void test_stop_fails_at(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		uint64_t count = UNTOUCHED;
		int result;

		set_up(0, CLOCKS);
		assert_int_equal(msr_start(backend, 0), 0);
		fail_at('w', cpu);
		result = msr_stop(backend, 0, &count);
		heal("written");
		assert_int_equal(result, -EIO);
		assert_int_equal(count, UNTOUCHED);
		for (unsigned other = 0; other < CPUS; other++)
			assert_int_equal(peek(other, SELECT(0)),
					 other == cpu ? CLOCKS | ENABLE : CLOCKS);

		set_up(0, CLOCKS);
		assert_int_equal(msr_start(backend, 0), 0);
		fail_at('r', cpu);
		result = msr_stop(backend, 0, &count);
		heal("read");
		assert_int_equal(result, -EIO);
		assert_int_equal(count, UNTOUCHED);
		check_selects(0, CLOCKS);
	}
}

static void test_read_fails_at(void **state)
{
	(void)state;
	set_up(0, CLOCKS);
	assert_int_equal(msr_start(backend, 0), 0);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		uint64_t count = UNTOUCHED;
		int result;

		fail_at('r', cpu);
		result = msr_read(backend, 0, &count);
		heal("read");
		assert_int_equal(result, -EIO);
		assert_int_equal(count, UNTOUCHED);
		check_selects(0, CLOCKS | ENABLE);
	}
}

static void test_release_goes_on(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		set_up(0, CLOCKS);
		fail_at('w', cpu);
		msr_release(backend, 0);
		heal("written");
		for (unsigned other = 0; other < CPUS; other++)
			assert_int_equal(peek(other, SELECT(0)), other == cpu ? CLOCKS : 0);
	}
}

static void test_sim(void **state)
{
	struct backend *sim;
	uint64_t count = UNTOUCHED;

	(void)state;
	assert_string_equal(sim_backend.name, "sim");
	assert_int_equal(sim_backend.open(&sim), 0);
	assert_ptr_equal(sim->operations, &sim_backend);
	assert_non_null(strstr(sim->description, "simulated"));
	assert_int_equal(sim->cpu, CPU_P6);
	assert_int_equal(sim_backend.setup(sim, 0, &(struct event){ .select = CLOCKS }), 0);
	assert_int_equal(sim_backend.start(sim, 0), 0);
	assert_int_equal(sim_backend.read(sim, 0, &count), 0);
	assert_int_equal(count, 1000);
	assert_int_equal(sim_backend.stop(sim, 0, &count), 0);
	assert_int_equal(count, 2000);
	sim_backend.release(sim, 0);
	sim_backend.close(sim);
}

#define ONE(name)  cmocka_unit_test_setup_teardown(test_##name, open_one, close_all)
#define FOUR(name) cmocka_unit_test_setup_teardown(test_##name, open_four, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOUR(open),
		ONE(one_cpu),
		FOUR(four_cpus),
		FOUR(setup_replaces),
		ONE(p6_rule),
		FOUR(counter_wraps),
		FOUR(accesses),
		FOUR(setup_fails_at),
		FOUR(start_fails_at),
		FOUR(stop_fails_at),
		FOUR(read_fails_at),
		FOUR(release_goes_on),
		cmocka_unit_test(test_sim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

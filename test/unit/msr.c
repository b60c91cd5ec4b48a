/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/model.h"
#include "backend/msr.h"

/*
 * The msr backend on modelled CPUs. A register file in between watches every access.
 */
struct watched {
	struct registers registers;
	struct registers *below;
	struct pmu pmu;
	unsigned long reads;
	unsigned long writes;
};

static int watched_read(struct registers *registers, unsigned cpu, uint32_t address,
			uint64_t *ret_value)
{
	struct watched *watched = (struct watched *)registers;

	watched->reads++;
	return watched->below->operations->read(watched->below, cpu, address, ret_value);
}

static int watched_write(struct registers *registers, unsigned cpu, uint32_t address,
			 uint64_t value)
{
	struct watched *watched = (struct watched *)registers;

	if (!pmu_may_write(&watched->pmu, address))
		fail_msg("register 0x%x was written", address);
	watched->writes++;
	return watched->below->operations->write(watched->below, cpu, address, value);
}

static void watched_close(struct registers *registers)
{
	(void)registers;
}

static const struct register_operations watched_operations = { .read = watched_read,
							       .write = watched_write,
							       .close = watched_close };

static const struct backend_operations operations = {
	.close = msr_close,
	.setup = msr_setup,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read,
	.release = msr_release,
};

struct kind {
	const char *name;
	enum model_kind kind;
	uint8_t clocks;  /* the event that happens in every clock */
	unsigned global; /* 1: there is a global control */
};

static const struct kind kinds[] = {
	{ "p5", MODEL_P5, 0x16, 0 },
	{ "p6", MODEL_P6, 0x79, 0 },
	{ "arch", MODEL_ARCH, 0x3c, 1 },
	{ "amd", MODEL_AMD, 0x76, 1 },
};

#define KINDS (sizeof kinds / sizeof *kinds)

static struct watched watched;
static struct backend *backend;

static struct pmu pmu_of(enum model_kind kind)
{
	switch (kind) {
	case MODEL_P5:
		return pmu_p5;
	case MODEL_P6:
		return pmu_p6;
	case MODEL_ARCH:
		return pmu_arch(4, 48, 1u << 3, true);
	default:
		return pmu_amd(AMD_PERF_V2);
	}
}

static void open_on(const struct kind *kind, unsigned cpus, const char *journal)
{
	const struct msr_options options = { .journal = journal, .description = "test" };

	memset(&watched, 0, sizeof watched);
	watched.pmu = pmu_of(kind->kind);
	assert_int_equal(model_open(kind->kind, cpus, &watched.below), 0);
	watched.registers.operations = &watched_operations;
	watched.registers.cpus = cpus;
	assert_int_equal(
		msr_open(&watched.registers, &watched.pmu, &options, &operations, &backend), 0);
}

static void close_all(void)
{
	msr_close(backend);
	watched.below->operations->close(watched.below);
}

static int setup(const struct kind *kind, unsigned counter)
{
	const struct event event = { .kind = EVENT_NATIVE,
				     .select = kind->clocks | (PMCF_USR | PMCF_OS) << 16 };

	return msr_setup(backend, counter, &event);
}

static uint64_t read_count(unsigned counter)
{
	uint64_t count = UINT64_MAX;

	assert_int_equal(msr_read(backend, counter, &count), 0);
	return count;
}

/* All registers of all CPUs, to compare before and after. */
struct snapshot {
	uint64_t value[4][64];
};

static struct snapshot take_snapshot(const struct kind *kind, unsigned cpus)
{
	struct snapshot snapshot = { 0 };
	const uint32_t *address = model_addresses(kind->kind);

	for (unsigned cpu = 0; cpu < cpus; cpu++)
		for (unsigned i = 0; address[i]; i++)
			assert_int_equal(
				model_peek(watched.below, cpu, address[i], &snapshot.value[cpu][i]),
				0);
	return snapshot;
}

#define ASSERT_AS_BEFORE(kind, cpus, before)                             \
	do {                                                             \
		const struct snapshot after = take_snapshot(kind, cpus); \
		assert_memory_equal(&after, &(before), sizeof after);    \
	} while (0)

static void counts_exactly(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned cpus = 1; cpus <= 4; cpus += 3) {
			uint64_t once =
				(uint64_t)(2 + kinds[i].global) * MODEL_ACCESS_CLOCKS * cpus;
			uint64_t count;

			open_on(&kinds[i], cpus, NULL);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			assert_int_equal(read_count(0), once);
			for (unsigned cpu = 0; cpu < cpus; cpu++)
				model_step(watched.below, cpu, UINT64_C(10) * (cpu + 1));
			assert_int_equal(read_count(0), 2 * once + (cpus == 1 ? 10 : 100));
			assert_int_equal(msr_stop(backend, 0, &count), 0);
			assert_int_equal(count, 3 * once + (cpus == 1 ? 10 : 100));
			close_all();
		}
}

/* The table of backend/msr.h. */
static void accesses(const struct kind *kind, unsigned cpus, const char *what, unsigned reads,
		     unsigned writes)
{
	if (watched.reads != (unsigned long)reads * cpus ||
	    watched.writes != (unsigned long)writes * cpus)
		fail_msg("%s: %s on %u CPUs: %lu reads, %lu writes", kind->name, what, cpus,
			 watched.reads, watched.writes);
	watched.reads = 0;
	watched.writes = 0;
}

static void touches_registers_least(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned cpus = 1; cpus <= 4; cpus += 3) {
			const struct kind *kind = &kinds[i];
			unsigned global = kind->global;
			bool p6 = kind->kind == MODEL_P6;
			uint64_t count;

			open_on(kind, cpus, NULL);
			accesses(kind, cpus, "open", 0, 0);
			assert_int_equal(setup(kind, 0), 0);
			watched.reads--; /* the first one of all looks whether the register holds */
			/* A P6 looks at counter 1 as well, and finds nothing to stop. */
			accesses(kind, cpus, "SETUP", 3 + global + (p6 ? 4 : 0), 1);
			assert_int_equal(msr_start(backend, 0), 0);
			accesses(kind, cpus, "START", 2, 1);
			read_count(0);
			accesses(kind, cpus, "READ", 2 + global, 0);
			assert_int_equal(msr_stop(backend, 0, &count), 0);
			accesses(kind, cpus, "STOP", 2 + global, 1);
			msr_release(backend, 0);
			accesses(kind, cpus, "release", 1 + global + (p6 ? 1 : 0), p6 ? 4 : 2);
			close_all();
			accesses(kind, cpus, "close", 0, 0);
		}
}

static void p6_counter_1_has_no_enable_bit(void **state)
{
	uint64_t count;

	(void)state;
	open_on(&kinds[1], 1, NULL);
	assert_int_equal(setup(&kinds[1], 0), 0);
	assert_int_equal(setup(&kinds[1], 1), 0);
	watched.writes = 0;
	assert_int_equal(msr_start(backend, 1), 0);
	assert_int_equal(read_count(1), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_true(read_count(1) > 0);
	assert_int_equal(msr_stop(backend, 1, &count), 0);
	assert_int_equal(watched.writes, 1);
	close_all();
}

static void puts_registers_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct snapshot before;
		uint64_t value;

		open_on(kind, 4, NULL);
		/* What perf leaves behind: an event, not enabled, and a count. */
		for (unsigned counter = 0; counter < NPMC; counter++) {
			model_take(watched.below, 2, counter);
			model_step(watched.below, 2, 5);
			model_release(watched.below, 2, counter);
		}
		if (watched.pmu.global_control) {
			assert_int_equal(
				model_peek(watched.below, 1, watched.pmu.global_control, &value),
				0);
			model_poke(watched.below, 1, watched.pmu.global_control,
				   value & ~UINT64_C(1));
		}
		before = take_snapshot(kind, 4);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(setup(kind, 1), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_int_equal(msr_start(backend, 1), 0);
		assert_true(read_count(0) > 0);
		assert_int_equal(setup(kind, 1), 0);
		msr_release(backend, 0);
		msr_release(backend, 1);
		ASSERT_AS_BEFORE(kind, 4, before);
		close_all();
	}
}

static void takes_no_counter_in_use(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		unsigned counter = kind->kind == MODEL_P6 ? 0 : 1;
		struct snapshot before;

		open_on(kind, 4, NULL);
		model_take(watched.below, 3, counter);
		before = take_snapshot(kind, 4);
		watched.writes = 0;
		assert_int_equal(setup(kind, counter), -EBUSY);
		assert_int_equal(watched.writes, 0);
		model_release(watched.below, 3, counter);
		assert_int_equal(setup(kind, counter), 0);
		close_all();
		(void)before;
	}
}

static void says_so_when_a_counter_is_stolen(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint64_t stolen;
		uint64_t after;
		uint64_t count;

		open_on(kind, 4, NULL);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		read_count(0);
		model_take(watched.below, 2, 0);
		assert_int_equal(
			model_peek(watched.below, 2, watched.pmu.counter[0].select, &stolen), 0);
		assert_int_equal(msr_read(backend, 0, &count), -EIO);
		assert_int_equal(msr_stop(backend, 0, &count), -EIO);
		msr_release(backend, 0);
		assert_int_equal(
			model_peek(watched.below, 2, watched.pmu.counter[0].select, &after), 0);
		assert_int_equal(after, stolen);
		assert_int_equal(
			model_peek(watched.below, 1, watched.pmu.counter[0].select, &after), 0);
		assert_int_equal(after, 0);
		model_release(watched.below, 2, 0);
		close_all();
	}
}

/* Every access of a whole life fails once; afterwards all is as it was, once the fault is gone. */
static void survives_every_fault(void **state)
{
	static const int errors[] = { -EIO, -EPERM };

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t e = 0; e < 2; e++)
			for (long n = 0;; n++) {
				const struct kind *kind = &kinds[i];
				struct snapshot before;
				uint64_t count;
				bool failed = false;

				open_on(kind, 3, NULL);
				before = take_snapshot(kind, 3);
				model_fail(watched.below, n, errors[e], false);
				failed |= setup(kind, 0) < 0;
				failed = failed || msr_start(backend, 0) < 0;
				failed = failed || msr_read(backend, 0, &count) < 0;
				failed = failed || msr_stop(backend, 0, &count) < 0;
				msr_release(backend, 0);
				model_fail(watched.below, -1, 0, false);
				/* A fault in the release itself is tried again at the next SETUP.
				 */
				if (setup(kind, 0) < 0)
					fail_msg("%s: fault %ld: cannot be set up again",
						 kind->name, n);
				msr_release(backend, 0);
				ASSERT_AS_BEFORE(kind, 3, before);
				close_all();
				if (!failed && n > 200)
					break;
			}
}

static void offline_cpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint64_t count;

		open_on(kind, 2, NULL);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		model_set_online(watched.below, 1, false);
		assert_int_equal(msr_read(backend, 0, &count), -EIO);
		/* Set up anew without it, and it comes back. */
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_true(read_count(0) > 0);
		model_set_online(watched.below, 1, true);
		assert_int_equal(msr_read(backend, 0, &count), -EIO);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_true(read_count(0) > 0);
		close_all();
	}
}

static void tells_hollow_registers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		open_on(&kinds[i], 2, NULL);
		model_hollow(watched.below);
		assert_int_equal(setup(&kinds[i], 0), -EOPNOTSUPP);
		close_all();
	}
}

/* All 256 values of each byte: no register but those of the model's table is written. */
static void writes_no_other_register(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned value = 0; value < 256; value++)
			for (unsigned byte = 0; byte < 4; byte++) {
				const struct event event = { .kind = EVENT_NATIVE,
							     .select = value << (8 * byte) };
				uint64_t count;

				open_on(&kinds[i], 2, NULL);
				if (msr_setup(backend, 1, &event) == 0) {
					assert_int_equal(msr_start(backend, 1), 0);
					assert_int_equal(msr_stop(backend, 1, &count), 0);
				}
				close_all();
			}
}

/* What perf left behind the gate of a P6 neither counts nor changes while counter 0 does. */
static void p6_stale_counter_1_stays(void **state)
{
	struct snapshot before;

	(void)state;
	open_on(&kinds[1], 2, NULL);
	assert_int_equal(model_poke(watched.below, 1, 0x187, 0x300c0), 0);
	assert_int_equal(model_poke(watched.below, 1, 0xc2, 77), 0);
	before = take_snapshot(&kinds[1], 2);
	assert_int_equal(setup(&kinds[1], 0), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_true(read_count(0) > 0);
	msr_release(backend, 0);
	ASSERT_AS_BEFORE(&kinds[1], 2, before);
	assert_int_equal(setup(&kinds[1], 0), 0);
	assert_int_equal(setup(&kinds[1], 1), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_true(read_count(1) == 0 || msr_start(backend, 1) == 0);
	msr_release(backend, 1);
	read_count(0);
	msr_release(backend, 0);
	ASSERT_AS_BEFORE(&kinds[1], 2, before);
	close_all();
}

/* 40 bits, and a counter about to wrap; the overflow that it leaves is cleared. */
static void wraps(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint64_t once = (uint64_t)(2 + kind->global) * MODEL_ACCESS_CLOCKS;
		struct snapshot before;

		open_on(kind, 1, NULL);
		model_poke(watched.below, 0, watched.pmu.counter[0].value,
			   (UINT64_C(1) << watched.pmu.width) - 500);
		before = take_snapshot(kind, 1);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_int_equal(read_count(0), once);
		msr_release(backend, 0);
		ASSERT_AS_BEFORE(kind, 1, before);
		close_all();
	}
}

/* The daemon is killed: its registers stay, and the next one finds them in the journal. */
static void recovers_by_the_journal(void **state)
{
	char path[] = "/tmp/perfmond-journal-XXXXXX";
	const struct msr_options options = { .journal = path, .description = "test" };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct snapshot before;
		struct backend *killed;

		open_on(kind, 2, path);
		before = take_snapshot(kind, 2);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(setup(kind, 1), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		killed = backend;
		assert_int_equal(access(path, F_OK), 0);
		assert_int_equal(
			msr_open(&watched.registers, &watched.pmu, &options, &operations, &backend),
			0);
		ASSERT_AS_BEFORE(kind, 2, before);
		assert_int_equal(access(path, F_OK), -1);
		msr_close(killed);
		close_all();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_exactly),
		cmocka_unit_test(touches_registers_least),
		cmocka_unit_test(p6_counter_1_has_no_enable_bit),
		cmocka_unit_test(puts_registers_back),
		cmocka_unit_test(takes_no_counter_in_use),
		cmocka_unit_test(says_so_when_a_counter_is_stolen),
		cmocka_unit_test(survives_every_fault),
		cmocka_unit_test(offline_cpus),
		cmocka_unit_test(tells_hollow_registers),
		cmocka_unit_test(writes_no_other_register),
		cmocka_unit_test(p6_stale_counter_1_stays),
		cmocka_unit_test(wraps),
		cmocka_unit_test(recovers_by_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

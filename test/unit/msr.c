/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/model.h"
#include "backend/msr.h"
#include "backend/msr_state.h"
#include "capture.h"

/*
 * The msr backend on modelled CPUs. A register file in between watches every access.
 */
struct watched {
	struct registers registers;
	struct registers *below;
	struct pmu pmu;
	unsigned long reads;
	unsigned long writes;
	/* What somebody does just before the access that follows `wait` others; < 0: nothing. */
	long wait;
	void (*intrude)(void);
	bool before_write;             /* that access was a write */
	void (*look)(void);            /* after each write */
	void (*ask)(uint32_t address); /* before each read */
};

static void count_down(struct watched *watched, bool write)
{
	if (watched->wait < 0 || watched->wait-- > 0)
		return;
	watched->before_write = write;
	watched->intrude();
}

static int watched_read(struct registers *registers, unsigned cpu, uint32_t address,
			uint64_t *ret_value)
{
	struct watched *watched = (struct watched *)registers;

	count_down(watched, false);
	if (watched->ask)
		watched->ask(address);
	watched->reads++;
	return watched->below->operations->read(watched->below, cpu, address, ret_value);
}

static int watched_write(struct registers *registers, unsigned cpu, uint32_t address,
			 uint64_t value)
{
	struct watched *watched = (struct watched *)registers;
	int result;

	count_down(watched, true);
	if (!pmu_may_write(&watched->pmu, address))
		fail_msg("register 0x%x was written", address);
	watched->writes++;
	result = watched->below->operations->write(watched->below, cpu, address, value);
	if (watched->look)
		watched->look();
	return result;
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

/* The journal of the tests that have one; removed when each of them begins. */
static char journal[] = "/tmp/perfmond-journal-XXXXXX";

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

/* Another life of the daemon, on the same registers. */
static int open_again(const char *path)
{
	const struct msr_options options = { .journal = path, .description = "test" };

	return msr_open(&watched.registers, &watched.pmu, &options, &operations, &backend);
}

static void open_on(const struct kind *kind, unsigned cpus, const char *path)
{
	memset(&watched, 0, sizeof watched);
	watched.wait = -1;
	watched.pmu = pmu_of(kind->kind);
	assert_int_equal(model_open(kind->kind, cpus, &watched.below), 0);
	watched.registers.operations = &watched_operations;
	watched.registers.cpus = cpus;
	if (path)
		unlink(path);
	assert_int_equal(open_again(path), 0);
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

	return msr_setup(backend, counter, &event, 0);
}

static uint64_t read_count(unsigned counter)
{
	uint64_t count = UINT64_MAX;

	assert_int_equal(msr_read(backend, counter, &count), 0);
	return count;
}

static uint64_t peek(unsigned cpu, uint32_t address)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(model_peek(watched.below, cpu, address, &value), 0);
	return value;
}

static void poke(unsigned cpu, uint32_t address, uint64_t value)
{
	assert_int_equal(model_poke(watched.below, cpu, address, value), 0);
}

static uint64_t select_on(unsigned cpu, unsigned counter)
{
	return peek(cpu, watched.pmu.counter[counter].select) & watched.pmu.counter[counter].field;
}

static bool journal_is_there(void)
{
	return access(journal, F_OK) == 0;
}

static void assert_said(const char *said, const char *wanted)
{
	if (!said || !strstr(said, wanted))
		fail_msg("not '%s' but: %s", wanted, said ? said : "nothing");
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
			/* The value is what is read first, and the select after it. */
			uint64_t first = (uint64_t)MODEL_ACCESS_CLOCKS * cpus;
			uint64_t once = (2 + kinds[i].global) * first;
			uint64_t count;

			open_on(&kinds[i], cpus, NULL);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			assert_int_equal(read_count(0), first);
			for (unsigned cpu = 0; cpu < cpus; cpu++)
				model_step(watched.below, cpu, UINT64_C(10) * (cpu + 1));
			first += cpus == 1 ? 10 : 100;
			assert_int_equal(read_count(0), first + once);
			assert_int_equal(msr_stop(backend, 0, &count), 0);
			assert_int_equal(count, first + 2 * once);
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
			accesses(kind, cpus, "SETUP", 4 + 2 * global + (p6 ? 4 : 0), 1);
			assert_int_equal(setup(kind, 0), 0);
			accesses(kind, cpus, "SETUP anew", 2 + global, 1);
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

#define PASS_CPUS 4

/* The values of all CPUs, and nothing between them, before what tells whose they are. */
static void values_come_first(uint32_t address)
{
	bool value = address == watched.pmu.counter[0].value;

	if (value != (watched.reads < PASS_CPUS))
		fail_msg("read %lu is of register 0x%x", watched.reads, address);
	if (watched.writes)
		fail_msg("register 0x%x is read after a write", address);
}

static uint64_t now;

static uint64_t tick(void)
{
	now += 100;
	return now;
}

/* One pass writes the selects, another reads the values, and the clock goes with one of them. */
static void goes_over_cpus_in_one_pass(void **state)
{
	const uint64_t last = UINT64_C(100) * (PASS_CPUS - 1);

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint64_t count;

		open_on(&kinds[i], PASS_CPUS, NULL);
		assert_int_equal(setup(&kinds[i], 0), 0);
		watched.ask = values_come_first;
		backend->pass.clock = tick;
		now = 0;
		for (int again = 0; again < 2; again++) {
			watched.reads = watched.writes = 0;
			assert_int_equal(msr_start(backend, 0), 0);
			assert_int_equal(backend->pass.skew, last);
			assert_int_equal(now, 100 * PASS_CPUS);
			watched.reads = watched.writes = 0;
			backend->pass.skew = now = 0;
			read_count(0);
			assert_int_equal(backend->pass.skew, 0);
			assert_int_equal(now, 0);
			watched.reads = watched.writes = 0;
			assert_int_equal(msr_stop(backend, 0, &count), 0);
			assert_int_equal(backend->pass.skew, last);
			assert_int_equal(now, 100 * PASS_CPUS);
			backend->pass.skew = now = 0;
		}
		watched.ask = NULL;
		close_all();
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
				if (msr_setup(backend, 1, &event, 0) == 0) {
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
		struct snapshot before;

		open_on(kind, 1, NULL);
		model_poke(watched.below, 0, watched.pmu.counter[0].value,
			   (UINT64_C(1) << watched.pmu.width) - 500);
		before = take_snapshot(kind, 1);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_int_equal(read_count(0), MODEL_ACCESS_CLOCKS);
		msr_release(backend, 0);
		ASSERT_AS_BEFORE(kind, 1, before);
		close_all();
	}
}

/* The daemon is killed: its registers stay, and the next one finds them in the journal. */
static void recovers_by_the_journal(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct snapshot before;
		struct backend *killed;

		open_on(kind, 2, journal);
		before = take_snapshot(kind, 2);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(setup(kind, 1), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		killed = backend;
		assert_true(journal_is_there());
		assert_int_equal(open_again(journal), 0);
		ASSERT_AS_BEFORE(kind, 2, before);
		assert_false(journal_is_there());
		msr_close(killed);
		close_all();
	}
}

/* A CPU that is offline keeps its registers: they are put back once it is online again. */
static void what_is_offline_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct snapshot before;
		const char *said;
		uint64_t count;

		open_on(kind, 2, journal);
		before = take_snapshot(kind, 2);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		model_set_online(watched.below, 1, false);
		capture_start(STDERR_FILENO);
		assert_int_equal(msr_read(backend, 0, &count), -EIO);
		assert_int_equal(msr_stop(backend, 0, &count), -EIO);
		msr_release(backend, 0);
		said = capture_end();
		assert_said(said, "CPU 1 went offline: its counter 0 is put back when");
		assert_null(strstr(strstr(said, "its counter 0 is") + 1, "its counter 0 is"));
		assert_true(select_on(1, 0) != 0);
		assert_true(journal_is_there());
		/* Set up without it, while it waits. */
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_true(read_count(0) > 0);
		/* Back: it is no other owner's, in the next SETUP, and counts anew. */
		model_set_online(watched.below, 1, true);
		assert_int_equal(msr_read(backend, 0, &count), -EIO);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_int_equal(read_count(0), 2 * MODEL_ACCESS_CLOCKS);
		/* And away, freed, and back. */
		model_set_online(watched.below, 1, false);
		msr_release(backend, 0);
		assert_true(journal_is_there());
		model_set_online(watched.below, 1, true);
		msr_release(backend, 0);
		ASSERT_AS_BEFORE(kind, 2, before);
		assert_false(journal_is_there());
		close_all();
	}
}

/* On a P6 it is the gate that waits: counter 1 is no other owner's either. */
static void a_gate_that_waits_is_put_back_first(void **state)
{
	struct snapshot before;

	(void)state;
	open_on(&kinds[1], 2, journal);
	poke(1, 0x187, 0x300c0);
	before = take_snapshot(&kinds[1], 2);
	assert_int_equal(setup(&kinds[1], 0), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	model_set_online(watched.below, 1, false);
	msr_release(backend, 0);
	model_set_online(watched.below, 1, true);
	assert_int_equal(setup(&kinds[1], 1), 0);
	msr_release(backend, 1);
	ASSERT_AS_BEFORE(&kinds[1], 2, before);
	assert_false(journal_is_there());
	close_all();
}

/* The end of the daemon comes first: the next life does it, or the one after that. */
static void what_is_offline_waits_in_the_journal(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		struct snapshot before;

		open_on(kind, 2, journal);
		before = take_snapshot(kind, 2);
		assert_int_equal(setup(kind, 0), 0);
		assert_int_equal(setup(kind, 1), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		model_set_online(watched.below, 1, false);
		msr_close(backend);
		assert_true(journal_is_there());
		/* Online when CPUs are listed, offline when its registers are touched. */
		assert_int_equal(open_again(journal), 0);
		msr_close(backend);
		assert_true(journal_is_there());
		/* Not among the CPUs of this life, which uses the journal for itself as well. */
		watched.registers.cpus = 1;
		assert_int_equal(open_again(journal), 0);
		assert_int_equal(setup(kind, 0), 0);
		msr_close(backend);
		assert_true(journal_is_there());
		watched.registers.cpus = 2;
		model_set_online(watched.below, 1, true);
		assert_int_equal(open_again(journal), 0);
		ASSERT_AS_BEFORE(kind, 2, before);
		assert_false(journal_is_there());
		close_all();
	}
}

/* Bits of a stale select that no client can write do not change what is counted, and come back. */
static void counts_without_stale_bits(void **state)
{
	static const uint64_t stale[KINDS] = { 0, 0, UINT64_C(3) << 32, UINT64_C(0x10f) << 32 };

	(void)state;
	for (size_t i = 2; i < KINDS; i++) {
		struct snapshot before;

		open_on(&kinds[i], 1, NULL);
		poke(0, watched.pmu.counter[0].select, stale[i] | 0x100c0);
		before = take_snapshot(&kinds[i], 1);
		assert_int_equal(setup(&kinds[i], 0), 0);
		assert_int_equal(msr_start(backend, 0), 0);
		assert_int_equal(read_count(0), MODEL_ACCESS_CLOCKS);
		msr_release(backend, 0);
		ASSERT_AS_BEFORE(&kinds[i], 1, before);
		close_all();
	}
}

static uint64_t stale_select;

/* The select that was found, enabled, behind a global control that lets it count. */
static void assert_stale_select_is_held(void)
{
	if (select_on(0, 0) == stale_select)
		assert_int_equal(peek(0, watched.pmu.global_control) & 1, 0);
}

static void never_lets_a_stale_select_count(void **state)
{
	(void)state;
	for (size_t i = 2; i < KINDS; i++)
		for (unsigned killed = 0; killed < 2; killed++) {
			struct snapshot before;

			open_on(&kinds[i], 1, journal);
			stale_select = kinds[i].clocks | (uint64_t)0x530000;
			poke(0, watched.pmu.global_control,
			     peek(0, watched.pmu.global_control) & ~UINT64_C(1));
			poke(0, watched.pmu.counter[0].select, stale_select);
			before = take_snapshot(&kinds[i], 1);
			watched.look = assert_stale_select_is_held;
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			if (killed) {
				struct backend *first = backend;

				assert_int_equal(open_again(journal), 0);
				ASSERT_AS_BEFORE(&kinds[i], 1, before);
				msr_close(first);
			}
			msr_release(backend, 0);
			ASSERT_AS_BEFORE(&kinds[i], 1, before);
			close_all();
		}
}

#define FOREIGN UINT64_C(0x7000000)

/* CPU 2's counter, with a count of their own. */
static void steal(void)
{
	model_take(watched.below, 2, 0);
	poke(2, watched.pmu.counter[0].value, FOREIGN);
}

/* Whenever the counter is taken, what is read is a count of ours, or none. */
static void gives_no_foreign_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned stop = 0; stop < 2; stop++)
			for (long n = 0;; n++) {
				uint64_t count = 0;
				bool over;
				int result;

				open_on(&kinds[i], 3, NULL);
				assert_int_equal(setup(&kinds[i], 0), 0);
				assert_int_equal(msr_start(backend, 0), 0);
				watched.intrude = steal;
				watched.wait = n;
				result = stop ? msr_stop(backend, 0, &count)
					      : msr_read(backend, 0, &count);
				over = watched.wait >= 0;
				watched.wait = -1;
				if (result == 0)
					assert_true(count < FOREIGN);
				else
					assert_int_equal(result, -EIO);
				assert_true(n > 0 || result == -EIO);
				close_all();
				if (over)
					break;
			}
}

/* A SETUP that fails at any access leaves what was set up, and stopped, as it was. */
static void a_failed_setup_keeps_the_old_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (long n = 0;; n++) {
			const struct event other = { .kind = EVENT_NATIVE,
						     .select = 0x20 | PMCF_USR << 16 };
			struct snapshot before;
			struct snapshot found;
			uint64_t count;
			int result;

			open_on(&kinds[i], 3, journal);
			found = take_snapshot(&kinds[i], 3);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(setup(&kinds[i], 1), 0);
			before = take_snapshot(&kinds[i], 3);
			model_fail(watched.below, n, n % 2 ? -EIO : -EPERM, false);
			result = msr_setup(backend, 0, &other, 0);
			model_fail(watched.below, -1, 0, false);
			if (result < 0)
				ASSERT_AS_BEFORE(&kinds[i], 3, before);
			assert_int_equal(msr_start(backend, 0), 0);
			assert_int_equal(msr_read(backend, 0, &count), 0);
			assert_true((count == UINT64_C(3) * MODEL_ACCESS_CLOCKS) == (result < 0));
			assert_int_equal(msr_stop(backend, 0, &count), 0);
			msr_release(backend, 0);
			msr_release(backend, 1);
			ASSERT_AS_BEFORE(&kinds[i], 3, found);
			assert_false(journal_is_there());
			close_all();
			if (result == 0)
				break;
			assert_true(n < 100);
		}
}

/* While it counts, the count goes on, or is lost where it would be partial. */
static void a_failed_setup_keeps_the_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (long n = 0;; n++) {
			const struct event other = { .kind = EVENT_NATIVE,
						     .select = 0x20 | PMCF_USR << 16 };
			unsigned long clocks;
			unsigned long writes;
			uint64_t count;
			int result;

			open_on(&kinds[i], 2, NULL);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			clocks = model_accesses(watched.below);
			writes = watched.writes;
			model_fail(watched.below, n, -EIO, false);
			result = msr_setup(backend, 0, &other, 0);
			model_fail(watched.below, -1, 0, false);
			clocks = model_accesses(watched.below) - clocks;
			if (result < 0 && watched.writes - writes < 2) {
				assert_int_equal(msr_read(backend, 0, &count), 0);
				/* The accesses of SETUP, and READ's first one of each CPU. */
				assert_int_equal(count, (clocks + 2) * MODEL_ACCESS_CLOCKS);
			} else if (result < 0) {
				assert_int_equal(msr_read(backend, 0, &count), -EIO);
				assert_int_equal(setup(&kinds[i], 0), 0);
			}
			close_all();
			if (result == 0)
				break;
			assert_true(n < 100);
		}
}

/* No room for the journal: nothing is changed. */
static void a_full_disk_keeps_the_old_one(void **state)
{
	static const char directory[] = "/tmp/perfmond-gone";
	char path[64];

	(void)state;
	snprintf(path, sizeof path, "%s/journal", directory);
	for (size_t i = 0; i < KINDS; i++) {
		const struct event other = { .kind = EVENT_NATIVE,
					     .select = 0x20 | PMCF_USR << 16 };
		uint64_t count;
		uint64_t ours;

		(void)mkdir(directory, 0700);
		open_on(&kinds[i], 2, path);
		assert_int_equal(setup(&kinds[i], 0), 0);
		ours = select_on(0, 0);
		assert_int_equal(msr_start(backend, 0), 0);
		unlink(path);
		assert_int_equal(rmdir(directory), 0);
		watched.writes = 0;
		assert_int_equal(msr_setup(backend, 0, &other, 0), -EIO);
		assert_int_equal(watched.writes, 0);
		assert_true(read_count(0) > 0);
		assert_int_equal(msr_stop(backend, 0, &count), 0);
		assert_int_equal(select_on(0, 0), ours);
		close_all();
	}
}

/* Killed at any access of a SETUP anew: the journal tells of both selects. */
static void recovers_from_the_middle_of_a_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (long n = 0;; n++) {
			const struct event other = { .kind = EVENT_NATIVE,
						     .select = 0x20 | PMCF_USR << 16 };
			const struct event failing = { .kind = EVENT_NATIVE,
						       .select = 0x21 | PMCF_USR << 16 };
			struct backend *killed;
			struct snapshot before;
			int result;

			open_on(&kinds[i], 3, journal);
			before = take_snapshot(&kinds[i], 3);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			/* One that fails at its first write comes before. */
			model_fail(watched.below, 3 * (1 + kinds[i].global) + 1, -EIO, false);
			assert_int_equal(msr_setup(backend, 0, &failing, 0), -EIO);
			model_fail(watched.below, n, -EIO, true);
			result = msr_setup(backend, 0, &other, 0);
			if (result == 0)
				(void)msr_start(backend, 0);
			model_fail(watched.below, -1, 0, false);
			killed = backend;
			assert_int_equal(open_again(journal), 0);
			ASSERT_AS_BEFORE(&kinds[i], 3, before);
			msr_close(killed);
			close_all();
			if (result == 0)
				break;
			assert_true(n < 100);
		}
}

/* The other half of a P5's select, and the whole of others'. */
static unsigned intruded;
static unsigned victim;

static void take_over(void)
{
	model_take(watched.below, victim, intruded);
}

/* Counter `intruded` of `victim` is taken before access n. Returns whether there were so many. */
static bool is_taken_over(const struct kind *kind, long n)
{
	uint64_t taken;
	int result;

	open_on(kind, 3, NULL);
	watched.intrude = take_over;
	watched.wait = n;
	result = setup(kind, 0);
	if (watched.wait >= 0) {
		close_all();
		return false;
	}
	assert_true(result == 0 || result == -EBUSY);
	/*
	 * Of the other CPUs, none was written before the first, nor is when that is undone; but a
	 * P6's counter 1 was held still everywhere, and has 2 writes.
	 */
	assert_true(result == 0 || victim > 0 ||
		    watched.writes <= (kind->kind == MODEL_P6 ? 7 : 1));
	msr_release(backend, 0);
	taken = select_on(victim, intruded);
	model_take(watched.below, victim, intruded);
	/* Between a look and its write there is nothing to be done. */
	if (!watched.before_write)
		assert_int_equal(taken, select_on(victim, intruded));
	model_release(watched.below, victim, intruded);
	close_all();
	return true;
}

/* Nobody's select is overwritten that was there when the select was looked at. */
static void overwrites_no_new_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (victim = 0; victim < 2; victim++)
			for (intruded = 0; intruded < (kinds[i].kind == MODEL_P5 ? 2u : 1u);
			     intruded++)
				for (long n = 0; is_taken_over(&kinds[i], n); n++)
					;
}

/* A P6's counter 1 behind the gate: another's select is not made 0. */
static void p6_parks_no_other_owner(void **state)
{
	(void)state;
	open_on(&kinds[1], 2, NULL);
	assert_int_equal(setup(&kinds[1], 0), 0);
	assert_int_equal(setup(&kinds[1], 1), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	poke(1, 0x187, 0x30024);
	capture_start(STDERR_FILENO);
	msr_release(backend, 1);
	assert_said(capture_end(), "counter 1 of CPU 1 was taken by somebody else");
	assert_int_equal(peek(1, 0x187), 0x30024);
	assert_int_equal(peek(0, 0x187), 0);
	assert_int_equal(setup(&kinds[1], 1), -EBUSY);
	msr_release(backend, 0);
	assert_int_equal(peek(1, 0x187), 0x30024);
	close_all();
}

/* A fault while it is parked: what stands there is ours still. */
static void p6_parks_after_a_fault(void **state)
{
	(void)state;
	for (long n = 0; n < 8; n++) {
		struct snapshot before;

		open_on(&kinds[1], 2, NULL);
		before = take_snapshot(&kinds[1], 2);
		assert_int_equal(setup(&kinds[1], 0), 0);
		assert_int_equal(setup(&kinds[1], 1), 0);
		model_fail(watched.below, n, -EIO, true);
		msr_release(backend, 1);
		model_fail(watched.below, -1, 0, false);
		assert_int_equal(setup(&kinds[1], 1), 0);
		msr_release(backend, 0);
		msr_release(backend, 1);
		ASSERT_AS_BEFORE(&kinds[1], 2, before);
		close_all();
	}
}

/* An overflow that was there stays, and one of ours goes, whatever the counter held. */
static void clears_its_own_overflow(void **state)
{
	(void)state;
	for (size_t i = 2; i < KINDS; i++)
		for (uint64_t found = 0; found < 2; found++) {
			uint32_t status;
			struct snapshot before;

			open_on(&kinds[i], 1, NULL);
			status = watched.pmu.global_status;
			poke(0, status, found);
			before = take_snapshot(&kinds[i], 1);
			assert_int_equal(setup(&kinds[i], 0), 0);
			assert_int_equal(msr_start(backend, 0), 0);
			poke(0, watched.pmu.counter[0].value,
			     (UINT64_C(1) << watched.pmu.width) - 500);
			assert_true(read_count(0) > 0);
			assert_int_equal(peek(0, status), 1);
			msr_release(backend, 0);
			ASSERT_AS_BEFORE(&kinds[i], 1, before);
			close_all();
		}
}

static void take_cpu_offline(void)
{
	model_set_online(watched.below, 1, false);
}

/* One life, in which CPU 1 goes offline before access n. Returns whether there were so many. */
static bool goes_offline(const struct kind *kind, long n)
{
	struct snapshot before;
	uint64_t count;
	const char *said;
	bool over;
	int result;

	open_on(kind, 2, journal);
	before = take_snapshot(kind, 2);
	watched.intrude = take_cpu_offline;
	watched.wait = n;
	capture_start(STDERR_FILENO);
	result = setup(kind, 0);
	if (result < 0)
		assert_int_equal(result, -EAGAIN);
	result = result < 0 ? -EIO : msr_start(backend, 0);
	if (result == 0)
		result = msr_read(backend, 0, &count);
	if (result == 0)
		result = msr_stop(backend, 0, &count);
	said = capture_end();
	over = watched.wait >= 0;
	watched.wait = -1;
	if (result < 0) {
		assert_int_equal(result, -EIO);
		if (!strstr(said, "CPU 1 went offline") &&
		    !strstr(said, "the CPU went offline on CPU 1"))
			fail_msg("%s, access %ld: '%s'", kind->name, n, said);
	}
	msr_release(backend, 0);
	model_set_online(watched.below, 1, true);
	assert_int_equal(setup(kind, 0), 0);
	assert_int_equal(msr_start(backend, 0), 0);
	msr_release(backend, 0);
	ASSERT_AS_BEFORE(kind, 2, before);
	assert_false(journal_is_there());
	close_all();
	return !over;
}

static void says_when_a_cpu_goes_offline(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (long n = 0; goes_offline(&kinds[i], n); n++)
			;
}

static void refuses_to_write_other_registers(void **state)
{
	(void)state;
	open_on(&kinds[2], 1, NULL);
	capture_start(STDERR_FILENO);
	assert_int_equal(msr_access_write((struct msr_backend *)backend, 0, 0x10, 1), -EIO);
	assert_said(capture_end(), "register 0x10 is none that perfmond writes");
	assert_int_equal(watched.writes, 0);
	close_all();
}

/* A register that can never be put back does not keep perfmond from starting for ever. */
static void names_the_way_out_of_a_journal(void **state)
{
	struct backend *killed;

	(void)state;
	open_on(&kinds[2], 1, journal);
	assert_int_equal(setup(&kinds[2], 0), 0);
	killed = backend;
	model_fail(watched.below, 0, -EIO, true);
	capture_start(STDERR_FILENO);
	assert_int_equal(open_again(journal), -EIO);
	assert_said(capture_end(), "reboot, which resets them, or remove the file");
	assert_true(journal_is_there());
	model_fail(watched.below, -1, 0, false);
	assert_int_equal(open_again(journal), 0);
	msr_close(killed);
	close_all();
}

static void fail_once(void)
{
	model_fail(watched.below, 0, -EIO, false);
}

/*
 * START fails at access n, and undoing it at a later one: it can be started again, and what counts
 * on is stopped where that fails too. Returns whether there were so many accesses.
 */
static bool fails_to_start(const struct kind *kind, long n, long later)
{
	struct snapshot before;
	uint64_t count;
	uint64_t ours;
	bool failed;

	open_on(kind, 3, NULL);
	before = take_snapshot(kind, 3);
	assert_int_equal(setup(kind, 0), 0);
	ours = select_on(0, 0);
	model_fail(watched.below, n, -EIO, false);
	watched.intrude = fail_once;
	watched.wait = n + later;
	failed = msr_start(backend, 0) < 0;
	watched.wait = -1;
	/* Before the write of the last CPU, which is the 9th access, or the 8th. */
	model_fail(watched.below, 7, -EIO, false);
	if (failed && msr_start(backend, 0) < 0)
		for (unsigned cpu = 0; cpu < 3; cpu++)
			assert_int_equal(select_on(cpu, 0), ours);
	model_fail(watched.below, -1, 0, false);
	assert_int_equal(msr_start(backend, 0), 0);
	assert_int_equal(msr_stop(backend, 0, &count), 0);
	assert_true(count >= UINT64_C(3) * MODEL_ACCESS_CLOCKS);
	msr_release(backend, 0);
	ASSERT_AS_BEFORE(kind, 3, before);
	close_all();
	return failed;
}

static void starts_after_a_failed_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (long later = 1; later < 4; later++)
			for (long n = 0; fails_to_start(&kinds[i], n, later); n++)
				;
}

/* A P5's counters share a select: a figure beside a counter's own bits would change the other's. */
static void writes_no_bits_beside_a_counters(void **state)
{
	struct journal_entry entry = { .select_found = UINT64_C(1) << 16 };
	const struct journal bad = { "p5", &entry, 1 };

	(void)state;
	open_on(&kinds[0], 1, NULL);
	assert_int_equal(journal_write(journal, &bad), 0);
	msr_close(backend);
	capture_start(STDERR_FILENO);
	assert_int_equal(open_again(journal), -EBADMSG);
	assert_said(capture_end(), "with other bits in its event selects");
	assert_int_equal(watched.writes, 0);
	assert_true(journal_is_there());
	entry.select_found = 0x16;
	assert_int_equal(journal_write(journal, &bad), 0);
	assert_int_equal(open_again(journal), 0);
	assert_int_equal(peek(0, 0x11), 0x16);
	assert_false(journal_is_there());
	close_all();
}

static int name_journal(void **state)
{
	int fd = mkstemp(journal);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_journal(void **state)
{
	(void)state;
	unlink(journal);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_exactly),
		cmocka_unit_test(touches_registers_least),
		cmocka_unit_test(goes_over_cpus_in_one_pass),
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
		cmocka_unit_test(what_is_offline_waits),
		cmocka_unit_test(a_gate_that_waits_is_put_back_first),
		cmocka_unit_test(what_is_offline_waits_in_the_journal),
		cmocka_unit_test(counts_without_stale_bits),
		cmocka_unit_test(never_lets_a_stale_select_count),
		cmocka_unit_test(gives_no_foreign_count),
		cmocka_unit_test(a_failed_setup_keeps_the_old_one),
		cmocka_unit_test(a_failed_setup_keeps_the_count),
		cmocka_unit_test(a_full_disk_keeps_the_old_one),
		cmocka_unit_test(recovers_from_the_middle_of_a_setup),
		cmocka_unit_test(overwrites_no_new_owner),
		cmocka_unit_test(p6_parks_no_other_owner),
		cmocka_unit_test(p6_parks_after_a_fault),
		cmocka_unit_test(clears_its_own_overflow),
		cmocka_unit_test(says_when_a_cpu_goes_offline),
		cmocka_unit_test(refuses_to_write_other_registers),
		cmocka_unit_test(names_the_way_out_of_a_journal),
		cmocka_unit_test(starts_after_a_failed_start),
		cmocka_unit_test(writes_no_bits_beside_a_counters),
	};

	return cmocka_run_group_tests(tests, name_journal, remove_journal);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "conformance.h"

static void get_returns_setup(void)
{
	int fd = open_writer();
	struct pmc pmc = other;

	for (pmc.pmc_num = 0; pmc.pmc_num < NPMC; pmc.pmc_num++) {
		CHECK(pm_setup(fd, pmc) == 0);
		CHECK(must_get(fd, pmc.pmc_num).pmc_val == pmc.pmc_val);
	}
}

/* pmc_val is the P6's event select as a little-endian machine has it. */
static void pmc_val_layout(void)
{
	int fd = open_writer();
	struct pmc pmc = { .pmc_num = 0 };
	unsigned char bytes[4] = { other.pmc_event, other.pmc_unit, other.pmc_flags, 0 };

	memcpy(&pmc.pmc_val, bytes, sizeof bytes);
	CHECK(pm_setup(fd, pmc) == 0);
	pmc = must_get(fd, 0);
	CHECK(pmc.pmc_event == other.pmc_event && pmc.pmc_unit == other.pmc_unit &&
	      pmc.pmc_flags == other.pmc_flags && pmc.pmc_mask == 0);
}

static void system_flags_are_cleared(void)
{
	int fd = open_writer();
	struct pmc pmc = countable;

	pmc.pmc_flags |= PMCF_SYS_FLAGS;
	CHECK(pm_setup(fd, pmc) == 0);
	CHECK(must_get(fd, 0).pmc_flags == countable.pmc_flags);
}

static void get_shows_en_while_running(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	CHECK(must_get(fd, 0).pmc_flags == countable.pmc_flags);
	must_start(fd, 0);
	CHECK(must_get(fd, 0).pmc_flags == (countable.pmc_flags | PMCF_EN));
	must_stop(fd, 0);
	CHECK(must_get(fd, 0).pmc_flags == countable.pmc_flags);
}

static void setup_begins_at_zero(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	CHECK(must_read(fd, 0) == 0);
}

static void setup_replaces(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	CHECK(pm_setup(fd, other) == 0);
	CHECK(must_get(fd, 0).pmc_val == other.pmc_val);
	CHECK(must_read(fd, 0) == 0);
}

static void stop_keeps(void)
{
	int fd = open_writer();
	quad_t value;

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	value = must_read(fd, 0);
	CHECK(value > 0);
	usleep(50000);
	for (int i = 0; i < 100; i++)
		CHECK(must_read(fd, 0) == value);
	must_stop(fd, 0);
	CHECK(must_read(fd, 0) == value);
}

static void start_continues(void)
{
	int fd = open_writer();
	quad_t value;

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	value = must_read(fd, 0);
	must_start(fd, 0);
	CHECK(read_above(fd, 0, value) > value);
}

/* Farther than the count gets between one request and the next. */
static quad_t distance(void)
{
	static const quad_t distances[] = {
		[SOURCE_SIM] = 50000, [SOURCE_INTERRUPTS] = 50, [SOURCE_PMU] = 100000000
	};

	return distances[source];
}

/* It goes back to the value of the latest STOP; what came since is forgotten. */
static void start_of_a_running_counter(void)
{
	int fd = open_writer();
	quad_t kept;
	quad_t far;

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	kept = must_read(fd, 0);
	must_start(fd, 0);
	far = read_above(fd, 0, kept + distance());
	must_start(fd, 0);
	CHECK(must_read(fd, 0) < far);
	CHECK(must_read(fd, 0) >= kept);
}

static void reset_of_a_stopped_counter(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	must_reset(fd, 0);
	CHECK(must_read(fd, 0) == 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
}

static void reset_of_a_running_counter(void)
{
	int fd = open_writer();
	quad_t far;

	must_setup(fd, 0);
	must_start(fd, 0);
	far = read_above(fd, 0, distance());
	must_reset(fd, 0);
	CHECK(must_read(fd, 0) < far);
	CHECK(must_get(fd, 0).pmc_flags & PMCF_EN);
	read_above(fd, 0, 0);
}

static void counters_are_two(void)
{
	int fd = open_writer();
	struct pmc pmc = other;
	quad_t value;

	must_setup(fd, 0);
	must_setup(fd, 1);
	pmc.pmc_num = 1;
	CHECK(pm_setup(fd, pmc) == 0);
	CHECK(must_get(fd, 0).pmc_val == countable.pmc_val &&
	      must_get(fd, 1).pmc_val == pmc.pmc_val);
	must_setup(fd, 1);
	must_start(fd, 0);
	must_start(fd, 1);
	read_above(fd, 0, 0);
	read_above(fd, 1, 0);
	must_stop(fd, 1);
	value = must_read(fd, 1);
	must_reset(fd, 0);
	CHECK(must_read(fd, 1) == value);
	read_above(fd, 0, 0);
}

/* The original sample's own order of requests. */
static void sample_loop(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	must_start(fd, 0);
	for (int i = 0; i < 200; i++) {
		must_stop(fd, 0);
		must_read(fd, 0);
		must_reset(fd, 0);
		must_start(fd, 0);
	}
	read_above(fd, 0, 0);
}

const struct test counter_tests[] = {
	{ "GET returns what SETUP set", get_returns_setup },
	{ "pmc_val lies as event, unit, flags, mask", pmc_val_layout },
	{ "SETUP clears INT and EN without a word", system_flags_are_cleared },
	{ "GET shows EN while the counter runs", get_shows_en_while_running },
	{ "SETUP makes the value 0", setup_begins_at_zero },
	{ "SETUP of a running counter replaces and stops it", setup_replaces },
	{ "STOP keeps the value", stop_keeps },
	{ "START continues from the latest STOP", start_continues },
	{ "START of a running counter goes back to the latest STOP", start_of_a_running_counter },
	{ "RESET of a stopped counter makes it 0", reset_of_a_stopped_counter },
	{ "RESET of a running counter goes on from 0", reset_of_a_running_counter },
	{ "the two counters are independent", counters_are_two },
	{ "the sample's loop STOP READ RESET START", sample_loop },
	{ NULL, NULL },
};

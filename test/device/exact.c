/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Proof of counts, on a node: exact NODE CHECK...
 *
 *   slope E F         loops of 10^3, 10^5 and 10^7 instructions: the counts differ by as much
 *   constant E F      ten loops of 10^5: the same count each time, less than 1000 above
 *   modes E           user and kernel are together both
 *   both-cpus E       a loop on CPU 0 and one on CPU 1: the sum of them
 *   one-cpu E N       the same, where CPU N's alone counts
 *   family UNIT       the opener's threads and children, each once; UNIT is loop or burn
 *   taken-start E     START while others' events fill the PMU is EBUSY
 *   taken-read E      so is the count that such others made partial EIO
 *   event E CLASS     PMIOEVENT gives the class
 *   refused E         SETUP is EOPNOTSUPP
 *   hotplug E         CPU 1 goes offline: its share is kept; the next START has it again
 *   total E           the count of a loop of 10^8, printed
 *   ask E F THREADS   SETUP, START, READ, STOP, READ, RESET by a process of so many threads
 *
 * E and F are an event and flags, numbers as <machine/perfmon.h> has them. Prints TAP, and the
 * figures as comments.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "work.h"

int node;
static unsigned tests;
static unsigned failures;

void result(bool good, const char *name)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++tests, name);
	failures += !good;
}

void expect(const char *what, int wanted, int seen)
{
	if (wanted != seen)
		fail("%s: %s, not %s", what, seen ? strerrorname_np(seen) : "0",
		     wanted ? strerrorname_np(wanted) : "0");
}

unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 0);
}

/* The count of a loop between START and STOP. */
static int64_t count_loop(unsigned event, unsigned flags, uint64_t instructions)
{
	int64_t count = 0;

	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)event, (unsigned char)flags));
	expect("PMIOSTART", 0, start(node, 0));
	loop(instructions);
	expect("PMIOSTOP", 0, stop(node, 0));
	expect("PMIOREAD", 0, read_count(node, 0, &count));
	return count;
}

#define RUNS 31

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one;
	int64_t b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

/*
 * The least count that comes three times, or the least of all: interrupts add to the others, and
 * once in a while the way to the daemon and back is a shorter one.
 */
static int64_t usual_loop(unsigned event, unsigned flags, uint64_t instructions)
{
	int64_t counts[RUNS];

	for (int i = 0; i < RUNS; i++)
		counts[i] = count_loop(event, flags, instructions);
	qsort(counts, RUNS, sizeof *counts, compare);
	for (int i = 0; i + 2 < RUNS; i++)
		if (counts[i] == counts[i + 2])
			return counts[i];
	return counts[0];
}

/* How much more is counted for each instruction more. */
static double slope(const int64_t *count, const uint64_t *instructions)
{
	return (double)(count[1] - count[0]) / (double)(instructions[1] - instructions[0]);
}

/* Half of the last digit of 1.0000, or of 1.000 where the kernel counts too, whose ticks add. */
static double tolerance(unsigned flags)
{
	return flags & PMCF_OS ? 5e-4 : 5e-5;
}

static bool is_one(double slope, unsigned flags)
{
	return slope > 1 - tolerance(flags) && slope < 1 + tolerance(flags);
}

/*
 * Otherwise the scheduler has the choice whether perfmond, once it has answered, or its client goes
 * on first, and chooses by how long each ran: a loop's length would change what the kernel does.
 */
static void run_when_answered(void)
{
	struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };

	if (sched_setscheduler(0, SCHED_FIFO, &lowest) < 0)
		fail("sched_setscheduler: %s", strerrorname_np(errno));
}

static void measure_slopes(char **argument, double *ret_slopes)
{
	static const uint64_t lengths[] = { 1000, 100000, 10000000 };
	unsigned event = number(argument[0]);
	unsigned flags = number(argument[1]);
	int64_t counts[3];

	run_when_answered();
	for (int i = 0; i < 3; i++)
		counts[i] = usual_loop(event, flags, lengths[i]);
	for (int i = 0; i < 2; i++)
		ret_slopes[i] = slope(&counts[i], &lengths[i]);
	printf("# event 0x%02x flags 0x%x: %lld %lld %lld, slopes %.6f %.6f\n", event, flags,
	       (long long)counts[0], (long long)counts[1], (long long)counts[2], ret_slopes[0],
	       ret_slopes[1]);
}

static void check_slope(char **argument)
{
	unsigned flags = number(argument[1]);
	double slopes[2];

	measure_slopes(argument, slopes);
	result(is_one(slopes[0], flags) && is_one(slopes[1], flags),
	       flags & PMCF_OS ? "slope 1.000 from 10^3 to 10^7 instructions"
			       : "slope 1.0000 from 10^3 to 10^7 instructions");
}

static void check_constant(char **argument)
{
	unsigned event = number(argument[0]);
	unsigned flags = number(argument[1]);
	int64_t first = count_loop(event, flags, 100000);
	bool same = true;

	for (int i = 0; i < 9; i++)
		same &= count_loop(event, flags, 100000) == first;
	printf("# event 0x%02x flags 0x%x: %lld more than the loop\n", event, flags,
	       (long long)(first - 100000));
	result(same, "the same count on ten runs");
	result(first >= 100000 && first - 100000 < 1000, "less than 1000 above the loop");
}

static void check_modes(char **argument)
{
	unsigned event = number(argument[0]);
	int64_t user = usual_loop(event, PMCF_USR, 1000000);
	int64_t kernel = usual_loop(event, PMCF_OS, 1000000);
	int64_t both = usual_loop(event, BOTH, 1000000);
	int64_t difference = both - user - kernel;

	printf("# event 0x%02x: user %lld + kernel %lld, both %lld\n", event, (long long)user,
	       (long long)kernel, (long long)both);
	/* The kernel's way is not quite the same each time; the loop is a thousand times as long.
	 */
	result(difference > -1000 && difference < 1000 && user >= 1000000, "USR + OS = both");
}

static void check_total(char **argument)
{
	int64_t count = count_loop(number(argument[0]), PMCF_USR, 100000000);

	printf("# %lld\n", (long long)count);
	result(count >= 100000000, "a loop of 10^8 instructions");
}

static const struct check {
	const char *name;
	int arguments;
	void (*run)(char **argument);
} checks[] = {
	{ "slope", 2, check_slope },
	{ "constant", 2, check_constant },
	{ "modes", 1, check_modes },
	{ "both-cpus", 1, check_both_cpus },
	{ "one-cpu", 2, check_one_cpu },
	{ "family", 1, check_family },
	{ "taken-start", 1, check_taken_start },
	{ "taken-read", 1, check_taken_read },
	{ "event", 2, check_event },
	{ "refused", 1, check_refused },
	{ "hotplug", 1, check_hotplug },
	{ "total", 1, check_total },
	{ "ask", 3, check_ask },
};

/* One check is one process's: what it leaves behind ends with it. */
int main(int argc, char *argv[])
{
	if (argc < 3)
		fail("usage: exact NODE CHECK [ARGUMENT...]");
	node = node_open(argv[1], O_RDWR);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (strcmp(argv[2], checks[i].name) == 0 && argc == 3 + checks[i].arguments) {
			checks[i].run(argv + 3);
			printf("1..%u\n", tests);
			return failures > 0;
		}
	fail("no such check: %s", argv[2]);
}

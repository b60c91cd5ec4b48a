/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A program that profiles itself with event-based branches. After each period of its counter it
 * branches to note(), which keeps the interrupted address; at the end it prints how often each
 * address was there. Its hot loop has three parts of known weight, so that the profile can be
 * judged: few() makes 10 of 100 steps, some() 20 and many() 70. A step is the same in all three.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLES     2000
#define SECONDS_MAX 10 /* of CPU time */
#define BAR         50 /* characters for 100 % */

#define EXIT_USAGE 2

/* All in a section of its own: the linker says where that begins and ends. */
#define HOT __attribute__((noinline, section("hot")))
extern const char hot_start[] __asm__("__start_hot");
extern const char hot_stop[] __asm__("__stop_hot");

static const struct source {
	uint32_t type;
	uint64_t config;
	uint64_t period; /* a prime, so as not to keep in step with the loop */
	const char *unit;
} sources[] = {
	{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 100003, "cycles" },
	{ PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 500009,
	  "ns of CPU time, for want of a PMU" },
};
#define SOURCES (sizeof sources / sizeof sources[0])

static uintptr_t addresses[SAMPLES];
static volatile unsigned noted;

/* The handler. It runs between two instructions of the loop. */
static void note(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	if (noted < SAMPLES)
		addresses[noted++] = ebb_address();
}

/* The empty statement keeps the compiler from making several steps at once. */
static inline uint64_t step(uint64_t value, uint64_t factor)
{
	value = value * factor + 1;
	__asm__ volatile("" : "+r"(value));
	return value;
}

HOT static uint64_t few(uint64_t value, uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++)
		value = step(value, 0x5851f42d4c957f2d);
	return value;
}

HOT static uint64_t some(uint64_t value, uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++)
		value = step(value, 0xd1342543de82ef95);
	return value;
}

HOT static uint64_t many(uint64_t value, uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++)
		value = step(value, 0xaf251af3b0f025b5);
	return value;
}

/* Rounds of 100 to 3200 steps, in no order that a period could keep in step with. */
HOT static void work(void)
{
	uint64_t value = 1;

	for (clock_t end = clock() + SECONDS_MAX * CLOCKS_PER_SEC; clock() < end;)
		for (unsigned round = 0; round < 1000; round++) {
			uint64_t unit = (value >> 59) + 1;

			value = few(value, unit * 10);
			value = some(value, unit * 20);
			value = many(value, unit * 70);
			if (noted == SAMPLES)
				return;
		}
}

static struct part {
	const char *name;
	uintptr_t start;
	unsigned steps; /* of 100; 0: it makes none itself */
	unsigned count; /* of samples */
} parts[] = {
	{ .name = "few", .start = (uintptr_t)few, .steps = 10 },
	{ .name = "some", .start = (uintptr_t)some, .steps = 20 },
	{ .name = "many", .start = (uintptr_t)many, .steps = 70 },
	{ .name = "work", .start = (uintptr_t)work },
	{ .name = "elsewhere" },
};
#define PARTS     (sizeof parts / sizeof parts[0])
#define ELSEWHERE (&parts[PARTS - 1])

/* The one that begins last before the address. */
static struct part *part_of(uintptr_t address)
{
	struct part *found = ELSEWHERE;

	if (address < (uintptr_t)hot_start || address >= (uintptr_t)hot_stop)
		return ELSEWHERE;
	for (struct part *part = parts; part < ELSEWHERE; part++)
		if (part->start <= address && part->start >= found->start)
			found = part;
	return found;
}

static int by_address(const void *left, const void *right)
{
	uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;

	return a < b ? -1 : a > b;
}

/* total: of all rows, not 0. */
static void print_row(const char *name, unsigned count, unsigned total)
{
	char bar[BAR + 1] = { 0 };
	unsigned length = (count * BAR + total / 2) / total;

	memset(bar, '#', length);
	printf("%-16s %5.1f %% %8u%s%s\n", name, count * 100.0 / total, count, length ? "  " : "",
	       bar);
}

/* A row for each address of the loop; addresses elsewhere have one together, below. */
static void print_addresses(unsigned total)
{
	unsigned next;

	qsort(addresses, total, sizeof addresses[0], by_address);
	printf("%-16s %7s %8s\n", "address", "share", "branches");
	for (unsigned i = 0; i < total; i = next) {
		struct part *part = part_of(addresses[i]);
		char name[32];

		for (next = i; next < total && addresses[next] == addresses[i];)
			next++;
		part->count += next - i;
		if (part == ELSEWHERE)
			continue;
		snprintf(name, sizeof name, "%s+%#jx", part->name,
			 (uintmax_t)(addresses[i] - part->start));
		print_row(name, next - i, total);
	}
}

static void print_parts(unsigned total)
{
	printf("\n%-16s %7s %8s\n", "function", "share", "branches");
	for (struct part *part = parts; part < parts + PARTS; part++) {
		char name[32];

		snprintf(name, sizeof name, "%s%s", part->name, part == ELSEWHERE ? "" : "()");
		print_row(name, part->count, total);
	}
	printf("\nof 100 steps");
	for (struct part *part = parts; part->steps; part++)
		printf("%s %s() makes %u", part == parts ? "" : ",", part->name, part->steps);
	printf("\n");
}

/* The first source that this machine has. */
static struct ebb_event *open_event(const struct source **ret_source)
{
	struct ebb_event *event = NULL;
	int result = -ENOENT;

	for (unsigned i = 0; i < SOURCES && (result == -ENOENT || result == -EOPNOTSUPP); i++) {
		struct perf_event_attr attr = {
			.type = sources[i].type,
			.config = sources[i].config | EBB_CONFIG,
			.exclude_kernel = 1,
			.pinned = 1,
			.exclusive = 1,
		};

		*ret_source = &sources[i];
		result = ebb_event_open(&attr, sources[i].period, NULL, 0, &event);
	}
	return event;
}

static int profile(void)
{
	const struct source *source;
	struct ebb_stats stats;
	struct ebb_event *event = open_event(&source);
	unsigned total;

	if (!event || ebb_set_handler(note, NULL, EBB_SAVE_VSR) < 0 ||
	    ebb_event_enable(event) < 0 || ebb_global_enable() < 0) {
		fprintf(stderr, "ebb-sample: %s\n", ebb_error());
		return EXIT_FAILURE;
	}
	work();
	ebb_global_disable();
	ebb_event_stats(event, &stats);
	ebb_event_close(event);
	total = noted;
	if (total == 0) {
		fprintf(stderr, "ebb-sample: no branch in %d s of CPU time: the counter stands\n",
			SECONDS_MAX);
		return EXIT_FAILURE;
	}
	printf("a branch each %ju %s\n\n", (uintmax_t)source->period, source->unit);
	print_addresses(total);
	print_parts(total);
	printf("%u branches in the profile, %ju delivered, %ju held, %ju missed\n", total,
	       (uintmax_t)stats.delivered, (uintmax_t)stats.held, (uintmax_t)stats.missed);
	return EXIT_SUCCESS;
}

/* What was printed is there. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "ebb-sample: standard output: %s\n", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return finish(profile());
	(void)fputs("usage: ebb-sample [-h]\n"
		    "Profiles a loop of its own by event-based branches, and prints how often\n"
		    "each address of it was interrupted.\n",
		    strcmp(argv[1], "-h") == 0 ? stdout : stderr);
	return finish(argc == 2 && strcmp(argv[1], "-h") == 0 ? EXIT_SUCCESS : EXIT_USAGE);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "spec.h"
#include "tool.h"

/* How perfmond counts an event. */
struct way {
	const char *class;            /* a word: "none", "unknown", or as spec_class() */
	struct perfmon_event counted; /* where it counts it */
};

struct listing {
	struct perfmon *device; /* NULL: perfmond cannot be asked */
	enum codes codes;
	const char *pattern; /* NULL: all */
	bool json;
	size_t listed;
};

static bool matches(const struct event *event, const char *pattern)
{
	char *end;
	unsigned long code;

	if (!pattern || strcasestr(event->name, pattern) || strcasestr(event->meaning, pattern) ||
	    fnmatch(pattern, event->name, FNM_CASEFOLD) == 0)
		return true;
	code = strtoul(pattern, &end, 0);
	return end != pattern && !*end && code == event->code;
}

static struct way find_way(const struct listing *listing, const struct event *event)
{
	struct way way = { .class = "unknown" };
	bool asked = listing->device && listing->codes != CODES_NATIVE &&
		     event->p5 == (listing->codes == CODES_P5);
	uint32_t flags = PMCF_USR | PMCF_OS;
	int result;

	if (!asked)
		return way;
	if (event->p5 && !event->clocks)
		flags |= PMCF_E;
	result = perfmon_translate(listing->device,
				   event->code | (uint32_t)event->unit << 8 | flags << 16,
				   &way.counted);
	if (result == 0)
		way.class = spec_class(&way.counted);
	else if (result == -EOPNOTSUPP)
		way.class = "none";
	return way;
}

static void print_line(const struct event *event, const struct way *way)
{
	printf("%-34s 0x%02x  %-14s %s\n", event->name, event->code, way->class, event->meaning);
	if (*way->counted.pme_note)
		printf("%41s%s: %s\n", "", way->counted.pme_counted, way->counted.pme_note);
	else if (*way->counted.pme_counted)
		printf("%41s%s\n", "", way->counted.pme_counted);
}

static void print_json(const struct event *event, const struct way *way, bool first)
{
	printf("%s  {\"name\": \"%s\", \"family\": \"%s\", \"code\": %u, \"meaning\": ",
	       first ? "" : ",\n", event->name, event->p5 ? "p5" : "p6", event->code);
	json_string(stdout, event->meaning);
	printf(", \"class\": \"%s\", \"counted_by\": ", way->class);
	json_string(stdout, way->counted.pme_counted);
	fputs(", \"note\": ", stdout);
	json_string(stdout, way->counted.pme_note);
	putchar('}');
}

static void print_event(struct listing *listing, const struct event *event)
{
	struct way way;

	if (!matches(event, listing->pattern))
		return;
	way = find_way(listing, event);
	if (listing->json)
		print_json(event, &way, listing->listed == 0);
	else
		print_line(event, &way);
	listing->listed++;
}

/* Why the column says "unknown", where it does. */
static void say_unknown(const struct listing *listing)
{
	if (!listing->device)
		fprintf(stderr,
			"perfmon: how this machine counts them is unknown, as perfmond cannot be "
			"asked: %s\n",
			perfmon_error());
	else if (listing->codes == CODES_NATIVE)
		fputs("perfmon: perfmond takes the CPU's own codes (--events native): how it "
		      "would count the old events is unknown\n",
		      stderr);
	else
		fprintf(stderr,
			"perfmon: perfmond takes %s (--events): how it would count the others is "
			"unknown\n",
			listing->codes == CODES_P5 ? "PMC5_*" : "PMC6_*");
}

static int print_names(void)
{
	for (size_t i = 0; i < EVENTS; i++)
		puts(event_table[i].name);
	return tool_finish(EXIT_SUCCESS);
}

static int print_all(struct listing *listing)
{
	if (listing->json)
		puts("[");
	else
		printf("%-34s %-5s %-14s %s\n", "event", "code", "counted", "meaning, and by what");
	for (size_t i = 0; i < EVENTS; i++)
		print_event(listing, &event_table[i]);
	if (listing->json)
		puts(listing->listed ? "\n]" : "]");
	if (listing->listed == 0)
		return tool_fail("no event has \"%s\" in its name, code or meaning",
				 listing->pattern);
	return EXIT_SUCCESS;
}

static int list(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "names", no_argument, NULL, 'n' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	struct listing listing = { 0 };
	int option;
	int status;

	while ((option = tool_option(&list_subcommand, argc, argv, "h", options, &status)) != -1) {
		if (option == '?')
			return status;
		if (option == 'n')
			return print_names();
		listing.json = true;
	}
	if (argc - optind > 1)
		return tool_usage(&list_subcommand, "one pattern at the most");
	listing.pattern = argv[optind];
	if (perfmon_open(tool_node(), PERFMON_READ, &listing.device) < 0)
		listing.device = NULL;
	else if (spec_codes(listing.device, &listing.codes) < 0) {
		perfmon_close(listing.device);
		return STATUS_FAILURE;
	}
	status = tool_finish(print_all(&listing));
	say_unknown(&listing);
	perfmon_close(listing.device);
	return status;
}

const struct subcommand list_subcommand = {
	.name = "list",
	.summary = "lists events, and how this machine counts them",
	.usage = "[--json] [PATTERN]",
	.help = "  PATTERN  a part of the name or meaning, a code, or a pattern of the shell's\n"
		"  --json   as a JSON array\n"
		"\"counted\" is exact, near (the kernel's generic event), model (events of this\n"
		"CPU's own, with how near they come), software (the kernel's count), none, or\n"
		"unknown where perfmond cannot be asked.\n",
	.run = list,
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "json.h"
#include "spec.h"
#include "tool.h"

#define INDENT 4   /* of what stands below a name */
#define BESIDE 56  /* where it stands on a terminal that is wide enough */
#define WIDE   110 /* for that */

/* How perfmond counts an event. */
struct way {
	const char *class;            /* a word: "none", "unknown", or as spec_class() */
	struct perfmon_event counted; /* where it counts it */
};

struct listing {
	struct perfmon *device; /* NULL: perfmond cannot be asked */
	enum codes codes;
	bool none;           /* perfmond counts none of them, by whichever codes */
	const char *pattern; /* NULL: all */
	bool json;
	int width; /* of the lines */
	size_t listed;
	size_t unknown; /* of those */
};

static bool matches(const struct event *event, const char *pattern)
{
	unsigned code;

	if (!pattern || strcasestr(event->name, pattern) || strcasestr(event->meaning, pattern) ||
	    fnmatch(pattern, event->name, FNM_CASEFOLD) == 0)
		return true;
	return spec_code(pattern, strlen(pattern), &code) && code == event->code;
}

/* Of the family whose codes perfmond does not take. */
static bool is_foreign(const struct listing *listing, const struct event *event)
{
	return listing->device && !listing->none && listing->codes != CODES_NATIVE &&
	       event->p5 != (listing->codes == CODES_P5);
}

/* Whether perfmond can be asked for it. */
static bool is_asked(const struct listing *listing, const struct event *event)
{
	return listing->device && !listing->none && listing->codes != CODES_NATIVE &&
	       !is_foreign(listing, event);
}

/* Returns 0, or a negative errno where perfmond does not answer. */
static int find_way(const struct listing *listing, const struct event *event, struct way *ret_way)
{
	uint32_t flags = PMCF_USR | PMCF_OS;
	int result;

	*ret_way = (struct way){ .class = listing->none ? "none" : "unknown" };
	if (!is_asked(listing, event))
		return 0;
	if (event->p5 && !event->clocks)
		flags |= PMCF_E;
	result = perfmon_translate(listing->device,
				   event->code | (uint32_t)event->unit << 8 | flags << 16,
				   &ret_way->counted);
	if (result < 0 && result != -EOPNOTSUPP)
		return result;
	ret_way->class = result == 0 ? spec_class(&ret_way->counted) : "none";
	return 0;
}

/* Beside the name, or below it. */
static void print_detail(const struct listing *listing, const char *text, bool first)
{
	bool wide = listing->width >= WIDE;
	int indent = wide ? BESIDE : INDENT;

	if (!first || !wide)
		printf("%s%*s", first ? "\n" : "", indent, "");
	else
		putchar(' ');
	fold_print(stdout, text, indent, indent, listing->width);
}

/* Those that perfmond takes no codes of are named, and no more, unless they were asked for. */
static void print_line(const struct listing *listing, const struct event *event,
		       const struct way *way)
{
	bool brief = is_foreign(listing, event) && !listing->pattern;
	char by[700];

	printf("%-34s 0x%02x  %-*s", event->name, event->code,
	       listing->width >= WIDE && !brief ? 14 : 0, way->class);
	if (brief) {
		putchar('\n');
		return;
	}
	print_detail(listing, event->meaning, true);
	if (!*way->counted.pme_counted)
		return;
	snprintf(by, sizeof by, "by %s%s%s", way->counted.pme_counted,
		 *way->counted.pme_note ? ": " : "", way->counted.pme_note);
	print_detail(listing, by, false);
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

/* Returns 0, or a negative errno. */
static int print_event(struct listing *listing, const struct event *event)
{
	struct way way;
	int result;

	if (!matches(event, listing->pattern))
		return 0;
	result = find_way(listing, event, &way);
	if (result < 0)
		return result;
	if (listing->json)
		print_json(event, &way, listing->listed == 0);
	else
		print_line(listing, event, &way);
	listing->listed++;
	listing->unknown += strcmp(way.class, "unknown") == 0;
	return 0;
}

/* What is to be known of all counts, as that they are simulated. */
static void say_note(const struct listing *listing)
{
	struct perfmon_event counted;

	if (listing->device && !listing->none && listing->codes == CODES_NATIVE &&
	    perfmon_translate(listing->device, event_table[0].code, &counted) == 0 &&
	    *counted.pme_note)
		fprintf(stderr, "perfmon: of all counts here: %s\n", counted.pme_note);
}

/* Why the column says "unknown", where it does, or "none" of all. */
static void say_why(const struct listing *listing)
{
	if (listing->none)
		fputs("perfmon: perfmond counts none of them here: perfmond --check says why\n",
		      stderr);
	if (listing->unknown == 0)
		return;
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
	else if (listing->width >= WIDE)
		printf("%-34s %-5s %-14s %s\n", "event", "code", "counted", "meaning, and by what");
	else
		printf("%-34s %-5s %s\n%*smeaning, and by what\n", "event", "code", "counted",
		       INDENT, "");
	for (size_t i = 0; i < EVENTS; i++)
		if (print_event(listing, &event_table[i]) < 0)
			return tool_fail("%s", perfmon_error());
	if (listing->json)
		puts(listing->listed ? "\n]" : "]");
	if (listing->listed == 0)
		return tool_fail("no event has \"%s\" in its name, code or meaning",
				 listing->pattern);
	return EXIT_SUCCESS;
}

/* Where perfmond cannot be asked, the device is NULL. */
static int begin(struct listing *listing)
{
	int result = perfmon_open(tool_node(), PERFMON_READ, &listing->device);

	listing->width = fold_width(stdout);
	if (result < 0) {
		listing->device = NULL;
		listing->none = result == -ENXIO;
		return 0;
	}
	result = spec_find_codes(listing->device, &listing->codes);
	listing->none = result == -EOPNOTSUPP;
	return result == 0 || listing->none ? 0 : tool_fail("%s", perfmon_error());
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
	status = begin(&listing);
	if (status == 0)
		status = tool_finish(print_all(&listing));
	if (status == 0) {
		say_why(&listing);
		say_note(&listing);
	}
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

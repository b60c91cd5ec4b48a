/* SPDX-License-Identifier: BSD-2-Clause */

/* read, get and tstamp: what anybody who may read the node can see. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "tool.h"

static int fail(void)
{
	return tool_fail("%s", perfmon_error());
}

static int begin(const struct subcommand *subcommand, int argc, char **argv, int most,
		 struct perfmon **ret_device, int *ret_status)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };

	if (tool_option(subcommand, argc, argv, "h", options, ret_status) != -1)
		return -1;
	if (argc - optind > most) {
		*ret_status = tool_usage(subcommand, "%s",
					 most ? "one counter at the most" : "it takes no argument");
		return -1;
	}
	if (perfmon_open(tool_node(), PERFMON_READ, ret_device) < 0) {
		*ret_status = fail();
		return -1;
	}
	return 0;
}

static int read_one(struct perfmon *device, int counter, bool both)
{
	uint64_t count;

	if (perfmon_read(device, counter, &count) < 0)
		return fail();
	if (both)
		printf("counter %d: ", counter);
	printf("%llu\n", (unsigned long long)count);
	return EXIT_SUCCESS;
}

static void print_configuration(int counter, uint32_t value, const struct perfmon_event *event)
{
	uint32_t flags = value >> 16 & 0xff;

	printf("counter %d: 0x%02x %s%sunit 0x%02x, counter mask %u,%s%s%s%s, %s\n", counter,
	       value & 0xff, event->pme_name, *event->pme_name ? ", " : "", value >> 8 & 0xff,
	       value >> 24, flags & PMCF_USR ? " user" : "", flags & PMCF_OS ? " kernel" : "",
	       flags & PMCF_E ? " edges" : "", flags & PMCF_INV ? " inverted" : "",
	       flags & PMCF_EN ? "running" : "stopped");
	printf("  counted by %s (%s)%s%s\n", event->pme_counted, spec_class(event),
	       *event->pme_note ? ": " : "", event->pme_note);
}

static int get_one(struct perfmon *device, int counter, bool both)
{
	struct perfmon_event event;
	uint32_t value;

	(void)both;
	if (perfmon_get(device, counter, &value) < 0 || perfmon_event(device, counter, &event) < 0)
		return fail();
	print_configuration(counter, value, &event);
	return EXIT_SUCCESS;
}

/* One counter, or each. */
static int look(const struct subcommand *subcommand, int argc, char **argv,
		int (*show)(struct perfmon *device, int counter, bool both))
{
	struct perfmon *device;
	long counter;
	int status;

	if (begin(subcommand, argc, argv, 1, &device, &status) < 0)
		return status;
	if (argv[optind]) {
		status = tool_number(subcommand, "a counter", argv[optind], 0, NPMC - 1, &counter);
		if (status == 0)
			status = show(device, (int)counter, false);
	} else {
		status = EXIT_SUCCESS;
		for (int i = 0; i < NPMC; i++)
			if (show(device, i, true))
				status = STATUS_FAILURE;
	}
	perfmon_close(device);
	return tool_finish(status);
}

static int read_counters(int argc, char **argv)
{
	return look(&read_subcommand, argc, argv, read_one);
}

static int get_counters(int argc, char **argv)
{
	return look(&get_subcommand, argc, argv, get_one);
}

static int show_stamp(int argc, char **argv)
{
	struct perfmon *device;
	uint64_t stamp;
	unsigned mhz;
	int status;

	if (begin(&tstamp_subcommand, argc, argv, 0, &device, &status) < 0)
		return status;
	if (perfmon_stamp(device, &stamp, &mhz) < 0)
		status = fail();
	else
		status = printf("%llu at %u MHz\n", (unsigned long long)stamp, mhz) < 0;
	perfmon_close(device);
	return tool_finish(status);
}

const struct subcommand read_subcommand = {
	.name = "read",
	.summary = "prints the counters' values",
	.usage = "[COUNTER]",
	.help = "  COUNTER  0 or 1; else both, a line for each with its name before the value\n",
	.run = read_counters,
};

const struct subcommand get_subcommand = {
	.name = "get",
	.summary = "prints what the counters are set up to count",
	.usage = "[COUNTER]",
	.help = "  COUNTER  0 or 1; else both\n",
	.run = get_counters,
};

const struct subcommand tstamp_subcommand = {
	.name = "tstamp",
	.summary = "prints the time stamp and its rate",
	.usage = "",
	.help = "",
	.run = show_stamp,
};

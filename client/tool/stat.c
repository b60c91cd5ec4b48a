/* SPDX-License-Identifier: BSD-2-Clause */
#include "stat.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "signals.h"
#include "tool.h"

#define RUNS_MAX       10000
#define INTERVAL_LEAST 10
#define INTERVAL_MOST  86400000

/* The file is as it was: the command may not run. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int open_report(struct counting *counting)
{
	struct report *report = &counting->report;

	report->format = counting->options.format;
	report->command = counting->options.command;
	report->specs = counting->specs;
	report->spec_count = counting->spec_count;
	report->runs = (unsigned)counting->options.runs;
	report->groups = spec_group(counting->specs, counting->spec_count);
	report->measures = calloc(counting->spec_count * report->runs, sizeof *report->measures);
	report->times = calloc((size_t)report->groups * report->runs, sizeof *report->times);
	if (!report->measures || !report->times)
		return tool_fail("there is no memory for so many runs");
	report->file = counting->options.path ? open_file(counting->options.path) : stderr;
	if (!report->file)
		return tool_fail("%s: %s", counting->options.path, strerror(errno));
	return 0;
}

/* Nothing is lost without a word: a full disk is seen when what was buffered is written. */
static int close_report(struct counting *counting)
{
	FILE *file = counting->report.file;
	bool failed = fflush(file) != 0 || ferror(file);

	if (file != stderr)
		failed |= fclose(file) != 0;
	if (failed)
		return tool_fail("%s: %s",
				 counting->options.path ? counting->options.path : "standard error",
				 strerror(errno));
	return 0;
}

static int count_and_report(struct counting *counting)
{
	int status;

	if (open_report(counting))
		return STATUS_OWN;
	if (counting->report.groups > 1)
		fprintf(stderr,
			"perfmon: %zu events on %d counters: the command runs %u times, two "
			"events at a time\n",
			counting->spec_count, NPMC,
			counting->report.groups * counting->report.runs);
	signals_hold(&counting->awaited, &counting->mask);
	status = stat_count(counting);
	if (counting->report.times_count > 0 &&
	    !(counting->options.interval && counting->options.format == FORMAT_CSV))
		report_end(&counting->report);
	if (*counting->report.error)
		tool_fail("%s: counts are partial: %s", tool_node(), counting->report.error);
	if (close_report(counting))
		return STATUS_OWN;
	return status ? status : counting->status;
}

static int get_format(struct stat_options *options, enum format format)
{
	if (options->format != FORMAT_TEXT && options->format != format)
		return tool_usage(&stat_subcommand, "--json or --csv, not both");
	options->format = format;
	return 0;
}

static int get_option(struct stat_options *options, int option)
{
	switch (option) {
	case 'e':
		options->events = optarg;
		return 0;
	case 'o':
		options->path = optarg;
		return 0;
	case 'r':
		return tool_number(&stat_subcommand, "-r", optarg, 1, RUNS_MAX, &options->runs);
	case 'I':
		return tool_number(&stat_subcommand, "-I", optarg, INTERVAL_LEAST, INTERVAL_MOST,
				   &options->interval);
	case 'j':
		return get_format(options, FORMAT_JSON);
	default:
		return get_format(options, FORMAT_CSV);
	}
}

/* Returns 0; else *ret_status is the exit status. */
static int get_options(int argc, char **argv, struct stat_options *options, int *ret_status)
{
	static const struct option names[] = { { "json", no_argument, NULL, 'j' },
					       { "csv", no_argument, NULL, 'c' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;

	/* The command's own options are its own. */
	while ((option = tool_option(&stat_subcommand, argc, argv, "+e:r:I:o:h", names,
				     ret_status)) != -1) {
		if (option == '?')
			return -1;
		if (get_option(options, option)) {
			*ret_status = STATUS_OWN;
			return -1;
		}
	}
	options->command = argv + optind;
	if (optind == argc) {
		tool_usage(&stat_subcommand, "a command is missing");
		*ret_status = STATUS_OWN;
		return -1;
	}
	return 0;
}

static int stat_command(int argc, char **argv)
{
	static struct counting counting = { .options = { .runs = 1 } };
	int status;

	if (get_options(argc, argv, &counting.options, &status) < 0)
		return status == STATUS_USAGE ? STATUS_OWN : status;
	if (perfmon_open(tool_node(), PERFMON_WRITE, &counting.device) < 0) {
		tool_fail("%s", perfmon_error());
		return STATUS_OWN;
	}
	if (counting.options.events)
		status = spec_parse(&stat_subcommand, counting.device, counting.options.events,
				    counting.specs, &counting.spec_count);
	else
		status = spec_default(&stat_subcommand, counting.device, counting.specs,
				      &counting.spec_count);
	status = status ? STATUS_OWN : count_and_report(&counting);
	perfmon_close(counting.device);
	free(counting.report.measures);
	free(counting.report.times);
	return status;
}

const struct subcommand stat_subcommand = {
	.name = "stat",
	.summary = "counts events while a command runs",
	.usage = "[-e EVENT[:u][:k][:e][:i][:c=N][:m=N],...] [-r RUNS] [-I MS]\n"
		 "                    [-o FILE] [--json | --csv] [--] COMMAND [ARGUMENT...]",
	.help = "  -e EVENTS  names or codes, as perfmon list has them; behind each\n"
		"             :u user mode, :k kernel (neither: both), :e edges, :i inverted,\n"
		"             :c=N counter mask, :m=N unit mask\n"
		"  -r RUNS    runs the command so often, 1 to 10000, and gives mean and deviation\n"
		"  -I MS      a line for each interval, 10 to 86400000 ms\n"
		"  -o FILE    writes there, not to standard error\n"
		"  --json     objects, one in a line\n"
		"  --csv      run,time_s,seconds,event,count,per_second,class,mark\n"
		"More than two events take several runs of the command. The exit status is the\n"
		"command's; 125 counting failed, 126 the command cannot be run, 127 there is "
		"none.\n",
	.run = stat_command,
};

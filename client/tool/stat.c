/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "report.h"
#include "spec.h"
#include "tally.h"
#include "tool.h"

#define RUNS_MAX       10000
#define INTERVAL_LEAST 10
#define INTERVAL_MOST  86400000
#define NANOSECONDS    1000000000

struct options {
	const char *events; /* NULL: the default */
	const char *path;   /* NULL: standard error */
	long runs;
	long interval; /* ms, 0: none */
	enum format format;
	char **command;
};

struct stat {
	struct options options;
	struct perfmon *device;
	struct spec specs[SPECS_MAX];
	size_t spec_count;
	struct report report;
	sigset_t mask;    /* as it was */
	bool interrupted; /* by a signal to end */
	int status;       /* of the command, the latest that is not 0 */
};

/* A run of the command. */
struct run {
	unsigned group;
	unsigned number; /* from 0 */
	const struct spec *on[NPMC];
	bool used[NPMC];
	struct launch launch;
	struct tally tallies[NPMC];
	struct tally reported[NPMC]; /* as they were at the latest interval's end */
	double reported_at;
};

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) +
	       (double)(now.tv_nsec - begin->tv_nsec) / NANOSECONDS;
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1000000;
}

static void end_interval(struct stat *stat, struct run *run, double at)
{
	for (int i = 0; i < NPMC; i++) {
		struct measure measure = { .taken = true };

		if (!run->used[i])
			continue;
		measure.partial = run->tallies[i].partial;
		measure.count = run->tallies[i].count - run->reported[i].count;
		measure.seconds = at - run->reported_at;
		/* What is lost for good is told once. */
		if (!measure.partial || !run->reported[i].partial)
			report_interval(&stat->report, run->number + 1, run->on[i], at, &measure);
		run->reported[i] = run->tallies[i];
	}
	run->reported_at = at;
}

/* Those of the terminal reach the command by themselves. */
static void take_signal(struct stat *stat, const struct run *run, const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD)
		return;
	stat->interrupted = true;
	if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
		kill(run->launch.process, info->si_signo);
}

/* Sleeps for the seconds, or until a signal. */
static void wait_for(struct stat *stat, struct run *run, double seconds)
{
	struct timespec pause;
	siginfo_t info;
	sigset_t awaited;

	if (seconds < 0)
		seconds = 0;
	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * NANOSECONDS);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGQUIT);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGHUP);
	if (sigtimedwait(&awaited, &info, &pause) > 0)
		take_signal(stat, run, &info);
}

/* Counts until the command ends. */
static void follow(struct stat *stat, struct run *run)
{
	const double interval = (double)stat->options.interval / 1000;
	double next = interval;

	for (;;) {
		double at = seconds_since(&run->launch.started);
		double until = TALLY_SECONDS;

		launch_look(&run->launch);
		if (run->launch.ended)
			return;
		if (interval > 0 && at >= next) {
			tally_look(stat->device, run->tallies, run->used);
			end_interval(stat, run, at);
			next += interval * (1 + (double)(long)((at - next) / interval));
		}
		if (interval > 0 && next - at < until)
			until = next - at;
		wait_for(stat, run, until);
		tally_look(stat->device, run->tallies, run->used);
	}
}

/* Returns 0, or STATUS_OWN where a count is not whole. */
static int keep(struct stat *stat, const struct run *run, double elapsed)
{
	struct report *report = &stat->report;
	const struct rusage *rusage = &run->launch.rusage;
	int result = 0;

	for (int i = 0; i < NPMC; i++) {
		size_t at;

		if (!run->used[i])
			continue;
		at = (size_t)(run->on[i] - stat->specs) * report->runs + run->number;
		report->measures[at] = (struct measure){ true, run->tallies[i].partial,
							 run->tallies[i].count, elapsed };
		if (!run->tallies[i].partial)
			continue;
		snprintf(report->error, sizeof report->error, "%s", run->tallies[i].error);
		result = STATUS_OWN;
	}
	report->times[report->times_count++] =
		(struct times){ elapsed, seconds_of(&rusage->ru_utime),
				seconds_of(&rusage->ru_stime) };
	return result;
}

/* Runs the command once, with a group of events. Returns 0, or an exit status, said. */
static int count_run(struct stat *stat, unsigned group, unsigned number)
{
	struct run run = { .group = group, .number = number };
	double elapsed;
	int status;

	for (size_t i = 0; i < stat->spec_count; i++)
		if (stat->specs[i].group == group)
			run.on[stat->specs[i].counter] = &stat->specs[i];
	for (int i = 0; i < NPMC; i++)
		run.used[i] = run.on[i];
	status =
		launch_begin(&run.launch, stat->device, run.on, stat->options.command, &stat->mask);
	if (status)
		return status;
	follow(stat, &run);
	/* A counter that cannot be stopped has an error when it is read. */
	for (int i = 0; i < NPMC; i++)
		if (run.used[i])
			perfmon_stop(stat->device, i);
	elapsed = seconds_since(&run.launch.started);
	tally_look(stat->device, run.tallies, run.used);
	if (stat->options.interval)
		end_interval(stat, &run, elapsed);
	if (launch_status(&run.launch))
		stat->status = launch_status(&run.launch);
	return keep(stat, &run, elapsed);
}

static int count_all(struct stat *stat)
{
	int result;

	for (unsigned group = 0; group < stat->report.groups; group++) {
		for (unsigned number = 0; number < stat->report.runs; number++) {
			result = count_run(stat, group, number);
			if (result)
				return result;
			if (stat->interrupted)
				return 0;
		}
	}
	return 0;
}

static void block_signals(struct stat *stat)
{
	sigset_t blocked;

	/* Who started us may have had it ignored, and then no child could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGQUIT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, &stat->mask);
}

static int open_report(struct stat *stat)
{
	struct report *report = &stat->report;

	report->format = stat->options.format;
	report->command = stat->options.command;
	report->specs = stat->specs;
	report->spec_count = stat->spec_count;
	report->runs = (unsigned)stat->options.runs;
	report->groups = spec_group(stat->specs, stat->spec_count);
	report->measures = calloc(stat->spec_count * report->runs, sizeof *report->measures);
	report->times = calloc((size_t)report->groups * report->runs, sizeof *report->times);
	if (!report->measures || !report->times)
		return tool_fail("there is no memory for so many runs");
	report->file = stat->options.path ? fopen(stat->options.path, "we") : stderr;
	if (!report->file)
		return tool_fail("%s: %s", stat->options.path, strerror(errno));
	return 0;
}

/* Nothing is lost without a word: a full disk is seen when what was buffered is written. */
static int close_report(struct stat *stat)
{
	FILE *file = stat->report.file;
	bool failed = fflush(file) != 0 || ferror(file);

	if (file != stderr)
		failed |= fclose(file) != 0;
	if (failed)
		return tool_fail("%s: %s",
				 stat->options.path ? stat->options.path : "standard error",
				 strerror(errno));
	return 0;
}

static int count_and_report(struct stat *stat)
{
	int status;

	if (open_report(stat))
		return STATUS_OWN;
	if (stat->report.groups > 1)
		fprintf(stderr,
			"perfmon: %zu events on %d counters: the command runs %u times, two "
			"events at a time\n",
			stat->spec_count, NPMC, stat->report.groups * stat->report.runs);
	block_signals(stat);
	report_begin(&stat->report);
	status = count_all(stat);
	if (stat->report.times_count > 0 &&
	    !(stat->options.interval && stat->options.format == FORMAT_CSV))
		report_end(&stat->report);
	if (*stat->report.error)
		tool_fail("%s: counts are partial: %s", tool_node(), stat->report.error);
	if (close_report(stat))
		return STATUS_OWN;
	return status ? status : stat->status;
}

static int get_format(struct options *options, enum format format)
{
	if (options->format != FORMAT_TEXT && options->format != format)
		return tool_usage(&stat_subcommand, "--json or --csv, not both");
	options->format = format;
	return 0;
}

static int get_option(struct options *options, int option)
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
static int get_options(int argc, char **argv, struct options *options, int *ret_status)
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
	static struct stat stat = { .options = { .runs = 1 } };
	int status;

	if (get_options(argc, argv, &stat.options, &status) < 0)
		return status == STATUS_USAGE ? STATUS_OWN : status;
	if (perfmon_open(tool_node(), PERFMON_WRITE, &stat.device) < 0) {
		tool_fail("%s", perfmon_error());
		return STATUS_OWN;
	}
	if (stat.options.events)
		status = spec_parse(&stat_subcommand, stat.device, stat.options.events, stat.specs,
				    &stat.spec_count);
	else
		status = spec_default(&stat_subcommand, stat.device, stat.specs, &stat.spec_count);
	status = status ? STATUS_OWN : count_and_report(&stat);
	perfmon_close(stat.device);
	free(stat.report.measures);
	free(stat.report.times);
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

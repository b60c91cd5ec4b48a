/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "spec.h"
#include "tool.h"

#define INTERVAL_LEAST   50
#define INTERVAL_MOST    3600000
#define INTERVAL_DEFAULT 1000
#define NANOSECONDS      1000000000
#define COUNT_BITS       40
#define COUNT_MASK       ((UINT64_C(1) << COUNT_BITS) - 1)

static volatile sig_atomic_t ended_by; /* the signal */

static void end(int signal)
{
	ended_by = signal;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / NANOSECONDS;
}

double series_rate(const struct series *series, size_t ago)
{
	if (ago >= series->looks || ago >= WATCH_HISTORY)
		return -1;
	return series->history[(series->looks - 1 - ago) % WATCH_HISTORY];
}

const char *watch_holder(const struct watch *watch, char *text, size_t size)
{
	const struct perfmon_writer *writer = &watch->writer;

	if (!watch->held)
		snprintf(text, size, "nobody");
	else if (writer->process == getpid())
		snprintf(text, size, "this program");
	else if (writer->process)
		snprintf(text, size, "process %d (%s) of user %u", writer->process, writer->command,
			 writer->user);
	else
		snprintf(text, size,
			 "user %u, by a process that has ended or is not seen from here",
			 writer->user);
	return text;
}

static void set_label(struct series *series)
{
	uint32_t flags = series->value >> 16;
	char code[8];

	snprintf(code, sizeof code, "0x%02x", series->value & 0xff);
	snprintf(series->label, sizeof series->label, "%s%s%s%s%s",
		 *series->event.pme_name && series->event.pme_class != PME_NATIVE
			 ? series->event.pme_name
			 : code,
		 flags & PMCF_USR && !(flags & PMCF_OS) ? ":u" : "",
		 flags & PMCF_OS && !(flags & PMCF_USR) ? ":k" : "", flags & PMCF_E ? ":e" : "",
		 flags & PMCF_INV ? ":i" : "");
}

/* Another event, or a counter that was set up anew: another series. */
static void begin_series(struct watch *watch, int counter, uint32_t value)
{
	struct series *series = &watch->series[counter];

	*series = (struct series){ .value = value };
	if (perfmon_event(watch->device, counter, &series->event) < 0)
		series->event = (struct perfmon_event){ 0 };
	set_label(series);
}

/* What it counted since the latest look: it may have gone round, or begun again. */
static uint64_t counted(const struct series *series, uint64_t count)
{
	uint64_t half = UINT64_C(1) << (COUNT_BITS - 1);

	if (count >= series->count || (series->count >= half && count < half))
		return (count - series->count) & COUNT_MASK;
	return count;
}

static void add(struct series *series, const struct perfmon_snap_counter *counter, double seconds)
{
	uint64_t more;

	series->error = counter->pmsc_error;
	series->running = counter->pmsc_val >> 16 & PMCF_EN;
	if (series->error)
		return;
	more = counted(series, counter->pmsc_value);
	series->count = counter->pmsc_value;
	if (seconds <= 0)
		return;
	series->total += more;
	series->rate = (double)more / seconds;
	series->history[series->looks++ % WATCH_HISTORY] = series->rate;
}

/* Returns 0, or a negative errno where perfmond cannot be asked any more. */
static int look(struct watch *watch, bool first)
{
	struct perfmon_snap snap;
	double at;
	int result = perfmon_snap(watch->device, &snap);

	at = now();
	if (result < 0)
		return result;
	for (int i = 0; i < NPMC; i++) {
		const struct perfmon_snap_counter *counter = &snap.pms_counter[i];
		uint32_t value = counter->pmsc_val & ~((uint32_t)PMCF_EN << 16);
		struct series *series = &watch->series[i];
		bool other = first || value != series->value || series->error == EBUSY;

		if (counter->pmsc_error != EBUSY && other) {
			begin_series(watch, i, value);
			series->count = counter->pmsc_value;
		}
		add(series, counter, first || other ? 0 : at - watch->at);
	}
	watch->at = at;
	watch->stamp = snap.pms_stamp;
	watch->mhz = snap.pms_rate;
	watch->held = perfmon_writer(watch->device, &watch->writer) == 0;
	return 0;
}

static void print_lines(const struct watch *watch)
{
	for (int i = 0; i < NPMC; i++) {
		const struct series *series = &watch->series[i];
		char digits[32];
		char rate[32];

		if (series->error == EBUSY)
			continue;
		printf("%10.3f s  %d %-34s %20s %12s%s\n", watch->at - watch->begin, i,
		       series->label, report_digits(series->count, digits),
		       report_rate(series->rate, rate),
		       series->error     ? "  PARTIAL"
		       : series->running ? ""
					 : "  stopped");
	}
	fflush(stdout);
}

static void pause_for(double seconds)
{
	struct timespec pause = { .tv_sec = (time_t)seconds };

	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * NANOSECONDS);
	nanosleep(&pause, NULL);
}

/* Until the next look. Returns false at the end. */
static bool wait_for(const struct watch *watch, bool screen, double next)
{
	double seconds = next - now();

	while (seconds > 0 && !ended_by) {
		if (!screen)
			pause_for(seconds);
		else if (screen_wait(watch, seconds))
			return false;
		seconds = next - now();
	}
	return !ended_by;
}

/* Returns 0, or a negative errno. */
static int follow(struct watch *watch, bool screen)
{
	int result = look(watch, true);
	double next = watch->at;

	watch->begin = watch->at;
	while (result == 0) {
		if (screen)
			screen_draw(watch);
		next += watch->interval;
		if (!wait_for(watch, screen, next))
			return 0;
		result = look(watch, false);
		if (result == 0 && !screen) {
			print_lines(watch);
			if (ferror(stdout))
				return 0;
		}
	}
	return result;
}

/* What was seen stays, when the screen is gone. */
static void print_totals(const struct watch *watch, bool partial)
{
	for (int i = 0; i < NPMC; i++) {
		const struct series *series = &watch->series[i];
		char digits[32];

		if (series->looks)
			printf("%d %s: %s in %.3f s%s\n", i, series->label,
			       report_digits(series->total, digits), watch->at - watch->begin,
			       partial || series->error ? " (PARTIAL)" : "");
	}
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* A P6's counter 1 counts while counter 0 runs: so this is the order. */
static int start(struct watch *watch, const struct spec *specs, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = perfmon_setup(watch->device, specs[i].counter, specs[i].value);
	for (size_t i = 0; i < count && result == 0; i++)
		result = perfmon_start(watch->device, specs[i].counter);
	return result < 0 ? tool_fail("%s", perfmon_error()) : 0;
}

static int set_up(struct watch *watch, const char *events)
{
	static struct spec specs[SPECS_MAX];
	size_t count;
	int status = spec_parse(&watch_subcommand, watch->device, events, specs, &count);

	if (status)
		return status;
	if (spec_group(specs, count) > 1)
		return tool_usage(&watch_subcommand, "two events at the most, one on each counter");
	return start(watch, specs, count);
}

static int watch_device(struct watch *watch)
{
	bool screen = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && screen_begin();
	int result;

	catch_signals();
	result = follow(watch, screen);
	if (screen)
		screen_end();
	if (result < 0)
		tool_fail("%s", perfmon_error());
	if (screen || result < 0)
		print_totals(watch, result < 0);
	return result < 0 ? STATUS_FAILURE : EXIT_SUCCESS;
}

/* Returns 0; else *ret_status is the exit status. */
static int get_options(int argc, char **argv, const char **ret_events, long *ret_interval,
		       int *ret_status)
{
	static const struct option names[] = { { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;

	while ((option = tool_option(&watch_subcommand, argc, argv, "e:I:h", names, ret_status)) !=
	       -1) {
		if (option == '?')
			return -1;
		if (option == 'e') {
			*ret_events = optarg;
			continue;
		}
		*ret_status = tool_number(&watch_subcommand, "-I", optarg, INTERVAL_LEAST,
					  INTERVAL_MOST, ret_interval);
		if (*ret_status)
			return -1;
	}
	if (optind < argc) {
		*ret_status = tool_usage(&watch_subcommand, "\"%s\" is too much", argv[optind]);
		return -1;
	}
	return 0;
}

static int watch_command(int argc, char **argv)
{
	static struct watch watch;
	const char *events = NULL;
	long interval = INTERVAL_DEFAULT;
	int status;

	if (get_options(argc, argv, &events, &interval, &status) < 0)
		return status;
	watch.node = tool_node();
	watch.interval = (double)interval / 1000;
	if (perfmon_open(watch.node, events ? PERFMON_WRITE : PERFMON_READ, &watch.device) < 0)
		return tool_fail("%s", perfmon_error());
	status = events ? set_up(&watch, events) : 0;
	if (status == 0)
		status = watch_device(&watch);
	perfmon_close(watch.device);
	return tool_finish(status);
}

const struct subcommand watch_subcommand = {
	.name = "watch",
	.summary = "shows both counters as they count",
	.usage = "[-e EVENT[:u][:k][:e][:i][:c=N][:m=N],...] [-I MS]",
	.help = "  -e EVENTS  sets up and starts these, two at the most; else it looks on while\n"
		"             another program counts\n"
		"  -I MS      from look to look, 50 to 3600000 ms; 1000\n"
		"Full-screen, q ends it; where the output is no terminal, lines, and a signal "
		"ends\n"
		"it. NO_COLOR in the environment: no colour.\n",
	.run = watch_command,
};

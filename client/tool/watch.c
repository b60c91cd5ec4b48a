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

static volatile sig_atomic_t ended_by; /* the signal */

static void end(int signal)
{
	ended_by = signal;
}

/* A state stands where the rate would: there is none. */
static void print_line(const struct watch *watch, int counter)
{
	const struct series *series = &watch->series[counter];
	char digits[32];
	char rate[32];

	printf("%8.3f s  %d %-34s %17s %9s\n", watch->at - watch->begin, counter, series->label,
	       report_digits(series->count, digits),
	       series->error     ? "PARTIAL"
	       : series->running ? report_rate(series->rate, rate)
				 : "stopped");
}

/* Beside the lines: what is counted, once for each that begins. */
static void say_event(struct series *series, int counter)
{
	const struct perfmon_event *event = &series->event;

	if (series->said)
		return;
	series->said = true;
	fprintf(stderr, "perfmon: counter %d: %s is counted by %s (%s)%s%s\n", counter,
		series->label, event->pme_counted, spec_class(event), *event->pme_note ? ": " : "",
		event->pme_note);
}

static void print_lines(struct watch *watch)
{
	for (int i = 0; i < NPMC; i++) {
		if (watch->series[i].error == EBUSY)
			continue;
		say_event(&watch->series[i], i);
		print_line(watch, i);
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
	double seconds = next - watch_now();

	while (seconds > 0 && !ended_by) {
		if (!screen)
			pause_for(seconds);
		else if (screen_wait(watch, seconds))
			return false;
		seconds = next - watch_now();
	}
	return !ended_by;
}

/*
 * Looks that were missed, as by a program that was stopped, are not made up for: those that follow
 * each other at once have rates of chance.
 */
static double look_after(const struct watch *watch, double next)
{
	next += watch->interval;
	return next - watch->at < watch->interval / 2 ? watch->at + watch->interval : next;
}

/* Returns 0, or a negative errno. */
static int follow(struct watch *watch, bool screen)
{
	int result = watch_look(watch, true);
	double next = watch->at;

	watch->begin = watch->at;
	while (result == 0) {
		if (screen)
			screen_draw(watch);
		next = look_after(watch, next);
		if (!wait_for(watch, screen, next))
			return 0;
		result = watch_look(watch, false);
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

/* What is ignored stays so, as nohup(1) has SIGHUP. */
static void catch (int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
		return;
	action = (struct sigaction){ .sa_handler = end };
	sigemptyset(&action.sa_mask);
	sigaction(signal, &action, NULL);
}

/* Every signal that would end it, and leave the terminal as it is. */
static void catch_signals(void)
{
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT,   SIGTERM,  SIGUSR1,
				       SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,  SIGIO,
				       SIGPWR,  SIGXCPU, SIGXFSZ,   SIGSTKFLT };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		catch (signals[i]);
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
	bool screen = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && screen_may_begin();
	int result;

	catch_signals();
	/* Lines end as those of others do where their reader has gone. */
	if (screen)
		catch (SIGPIPE);
	screen = screen && screen_begin();
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

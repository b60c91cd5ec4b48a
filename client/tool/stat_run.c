/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <unistd.h>

#include "launch.h"
#include "signals.h"
#include "stat.h"
#include "tally.h"
#include "tool.h"

#define NANOSECONDS 1000000000

/* How the counts stood. */
struct moment {
	double at;        /* s since the run's beginning */
	bool interrupted; /* a signal to end had come */
	struct tally tallies[NPMC];
};

/* A run of the command. */
struct run {
	unsigned group;
	unsigned number; /* from 0 */
	const struct spec *on[NPMC];
	bool used[NPMC];
	bool interrupted; /* a signal to end came */
	struct launch launch;
	struct tally tallies[NPMC];
	struct moment told; /* the end of the latest interval that was printed */
	struct moment held; /* likewise of one that is yet to be; at: 0 where there is none */
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

static struct moment moment_of(const struct run *run, double at)
{
	struct moment moment = { .at = at, .interrupted = run->interrupted };

	for (int i = 0; i < NPMC; i++)
		moment.tallies[i] = run->tallies[i];
	return moment;
}

/* Prints the interval that ends so. */
static void tell(struct counting *counting, struct run *run, const struct moment *end)
{
	for (int i = 0; i < NPMC; i++) {
		struct measure measure = { .taken = true };

		if (!run->used[i])
			continue;
		measure.partial = end->tallies[i].partial;
		measure.interrupted = end->interrupted;
		measure.count = end->tallies[i].count - run->told.tallies[i].count;
		measure.seconds = end->at - run->told.at;
		/* What is lost for good is told once. */
		if (!measure.partial || !run->told.tallies[i].partial)
			report_interval(&counting->report, run->number + 1, run->on[i], end->at,
					&measure);
	}
	run->told = *end;
}

static void tell_held(struct counting *counting, struct run *run)
{
	if (run->held.at > 0)
		tell(counting, run, &run->held);
	run->held.at = 0;
}

static bool is_partial(const struct run *run)
{
	bool partial = false;

	for (int i = 0; i < NPMC; i++)
		partial |= run->used[i] && run->tallies[i].partial;
	return partial;
}

/*
 * What is left when the command has ended. A rest that is short against an interval has a rate of
 * chance: it belongs to the interval before, which was held back for that.
 */
static void tell_rest(struct counting *counting, struct run *run, double interval, double at)
{
	struct moment end = moment_of(run, at);

	if (at - run->held.at >= interval / 2 || is_partial(run))
		tell_held(counting, run);
	tell(counting, run, &end);
}

static double interval_of(const struct counting *counting)
{
	return (double)counting->options.interval / 1000;
}

static void take_signal(struct counting *counting, struct run *run, const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD)
		return;
	counting->report.interrupted = true;
	run->interrupted = true;
	signals_pass(run->launch.process, info->si_signo, info->si_code);
}

/* Sleeps for the seconds, or until a signal. */
static void wait_for(struct counting *counting, struct run *run, double seconds)
{
	struct timespec pause;
	siginfo_t info;

	if (seconds < 0)
		seconds = 0;
	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * NANOSECONDS);
	if (sigtimedwait(&counting->awaited, &info, &pause) > 0)
		take_signal(counting, run, &info);
}

/* The next end of an interval that is not at once, however late the latest was. */
static double end_after(double next, double interval, double at)
{
	next += interval * (1 + (double)(long)((at - next) / interval));
	return next - at < interval / 2 ? next + interval : next;
}

/* Counts until the command ends. */
static void follow(struct counting *counting, struct run *run)
{
	const double interval = interval_of(counting);
	double next = interval;

	for (;;) {
		double at = seconds_since(&run->launch.started);
		double until = TALLY_SECONDS;

		launch_look(&run->launch);
		if (run->launch.ended)
			return;
		if (interval > 0 && at >= next) {
			tally_look(counting->device, run->tallies, run->used);
			tell_held(counting, run);
			run->held = moment_of(run, at);
			next = end_after(next, interval, at);
		}
		if (run->held.at > 0 && at >= run->held.at + interval / 2)
			tell_held(counting, run);
		if (interval > 0 && next - at < until)
			until = next - at;
		if (run->held.at > 0 && run->held.at + interval / 2 - at < until)
			until = run->held.at + interval / 2 - at;
		wait_for(counting, run, until);
		tally_look(counting->device, run->tallies, run->used);
	}
}

/* Returns 0, or STATUS_OWN where a count is not whole. */
static int keep(struct counting *counting, const struct run *run, double elapsed)
{
	struct report *report = &counting->report;
	const struct rusage *rusage = &run->launch.rusage;
	int result = 0;

	for (int i = 0; i < NPMC; i++) {
		size_t at;

		if (!run->used[i])
			continue;
		at = (size_t)(run->on[i] - counting->specs) * report->runs + run->number;
		report->measures[at] =
			(struct measure){ true, run->tallies[i].partial, run->interrupted,
					  run->tallies[i].count, elapsed };
		if (!run->tallies[i].partial)
			continue;
		snprintf(report->error, sizeof report->error, "%s", run->tallies[i].error);
		result = STATUS_OWN;
	}
	report->times[report->times_count++] =
		(struct times){ result == 0 && !run->interrupted, elapsed,
				seconds_of(&rusage->ru_utime), seconds_of(&rusage->ru_stime) };
	return result;
}

/* A file keeps what it had until it is known that the command runs. */
static void begin(struct counting *counting)
{
	if (counting->begun)
		return;
	counting->begun = true;
	/* A file that is none that could be cut is written to as it is. */
	if (counting->options.path)
		(void)!ftruncate(fileno(counting->report.file), 0);
	report_begin(&counting->report);
}

/* Until the command ends, and what is left then. */
static double count(struct counting *counting, struct run *run)
{
	double elapsed;

	follow(counting, run);
	/* A counter that cannot be stopped has an error when it is read. */
	for (int i = 0; i < NPMC; i++)
		if (run->used[i])
			perfmon_stop(counting->device, i);
	elapsed = seconds_since(&run->launch.started);
	tally_look(counting->device, run->tallies, run->used);
	if (counting->options.interval)
		tell_rest(counting, run, interval_of(counting), elapsed);
	return elapsed;
}

/* Runs the command once, with a group of events. Returns 0, or an exit status, said. */
static int count_run(struct counting *counting, unsigned group, unsigned number)
{
	struct run run = { .group = group, .number = number };
	double elapsed;
	int status;

	for (size_t i = 0; i < counting->spec_count; i++)
		if (counting->specs[i].group == group)
			run.on[counting->specs[i].counter] = &counting->specs[i];
	for (int i = 0; i < NPMC; i++)
		run.used[i] = run.on[i];
	status = launch_begin(&run.launch, counting->device, run.on, counting->options.command,
			      &counting->mask);
	if (status)
		return status;
	begin(counting);
	elapsed = count(counting, &run);
	if (launch_status(&run.launch))
		counting->status = launch_status(&run.launch);
	return keep(counting, &run, elapsed);
}

/* One that came between two runs reached no command. */
static void look_for_signal(struct counting *counting)
{
	const struct timespec none = { 0 };
	siginfo_t info;
	int signal;

	while ((signal = sigtimedwait(&counting->awaited, &info, &none)) > 0) {
		if (signal == SIGCHLD)
			continue;
		counting->report.interrupted = true;
		counting->status = 128 + signal;
	}
}

int stat_count(struct counting *counting)
{
	int result;

	for (unsigned group = 0; group < counting->report.groups; group++) {
		for (unsigned number = 0; number < counting->report.runs; number++) {
			look_for_signal(counting);
			if (counting->report.interrupted)
				return 0;
			result = count_run(counting, group, number);
			if (result)
				return result;
		}
	}
	return 0;
}

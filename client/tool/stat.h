/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_STAT_H
#define PERFMON_STAT_H

#include <perfmon/device.h>
#include <signal.h>
#include <stdbool.h>

#include "report.h"
#include "spec.h"

/* What perfmon stat was asked for, and what it counted: by stat.c, run by stat_run.c. */

struct stat_options {
	const char *events; /* NULL: the default */
	const char *path;   /* NULL: standard error */
	long runs;
	long interval; /* ms, 0: none */
	enum format format;
	char **command;
};

struct counting {
	struct stat_options options;
	struct perfmon *device;
	struct spec specs[SPECS_MAX];
	size_t spec_count;
	struct report report;
	sigset_t mask;    /* as it was */
	sigset_t awaited; /* SIGCHLD, and the signals to end that are not ignored: all blocked */
	bool begun;       /* the command could be run, and the report has its beginning */
	int status;       /* of the command, the latest that is not 0 */
};

/*
 * Runs the command as often as it takes, and puts what was counted into the report. Ends before
 * that where a signal to end comes, or a count is not whole. Returns 0, or an exit status, said.
 */
int stat_count(struct counting *counting);

#endif

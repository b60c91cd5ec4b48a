/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_REPORT_H
#define PERFMON_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "spec.h"

/* What perfmon stat prints: for people, as CSV, or as JSON, an object in a line. */

enum format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

/* A count of one run, or of one interval of it. */
struct measure {
	bool taken;
	bool partial;     /* the count is what is known of it, and may be more; it makes no rate */
	bool interrupted; /* it ends where a signal to end came, and not where the command would */
	uint64_t count;
	double seconds; /* how long it was counted */
};

/* A run of the command. */
struct times {
	bool whole; /* it was neither interrupted, nor is a count of it partial */
	double elapsed;
	double user;
	double system;
};

struct report {
	FILE *file;
	enum format format;
	char **command;
	const struct spec *specs;
	size_t spec_count;
	unsigned runs;            /* of the command, for each group of events */
	unsigned groups;          /* runs it takes to count each event once */
	struct measure *measures; /* [spec * runs + run] */
	struct times *times;      /* [group * runs + run], times_count of them are set */
	size_t times_count;
	bool interrupted; /* by a signal to end: what was to follow is missing */
	char error[256];  /* why counts are partial or missing, "" */
};

/* Before the first line of all. */
void report_begin(const struct report *report);

/*
 * An interval of a run, from 1: at: seconds since its beginning, at the interval's end.
 */
void report_interval(const struct report *report, unsigned run, const struct spec *spec, double at,
		     const struct measure *measure);

/* The whole. */
void report_end(const struct report *report);

/* A count as people read it: 12,345,678. text: room for 32. Returns it. */
const char *report_digits(uint64_t count, char *text);

/* A rate as people read it, 3 digits and k, M, G: text: room for 32. Returns it. */
const char *report_rate(double rate, char *text);

#endif

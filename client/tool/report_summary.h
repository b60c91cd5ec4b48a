/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_REPORT_SUMMARY_H
#define PERFMON_REPORT_SUMMARY_H

#include "report.h"

/* Of what perfmon stat prints at the end: means of the runs that are whole. */

/* Of the counts of an event's runs. */
struct summary {
	unsigned runs; /* that are in the mean; 0: the rest is of one that is not whole, if any */
	bool partial;  /* a count is partial: that of the rest, or one that is left out */
	bool interrupted; /* likewise */
	double mean;
	double deviation; /* of a run's count; 0 for one run */
	double seconds;   /* a run's, in the mean */
};

struct summary report_summarize(const struct report *report, size_t spec);

/* Runs of the command that are whole. */
unsigned report_whole(const struct report *report);

/* A run's, in the mean of those that are whole; of the first where none is. */
struct times report_mean_times(const struct report *report);

double report_per_second(double count, double seconds);

/* For people. */
void report_text_interval(const struct report *report, const struct spec *spec, double at,
			  const struct measure *measure);
void report_text_end(const struct report *report);

/* As JSON. */
void report_json_interval(const struct report *report, unsigned run, const struct spec *spec,
			  double at, const struct measure *measure);
void report_json_end(const struct report *report);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "report_summary.h"

#include <math.h>

static bool is_whole(const struct measure *measure)
{
	return measure->taken && !measure->partial && !measure->interrupted;
}

/* Where nothing is whole, what there is: it is marked. */
static void take_part(const struct measure *measures, unsigned runs, struct summary *summary)
{
	for (unsigned i = 0; i < runs; i++) {
		if (!measures[i].taken)
			continue;
		summary->mean = (double)measures[i].count;
		summary->seconds = measures[i].seconds;
		return;
	}
}

struct summary report_summarize(const struct report *report, size_t spec)
{
	const struct measure *measures = &report->measures[spec * report->runs];
	struct summary summary = { 0 };
	double squares = 0;

	for (unsigned i = 0; i < report->runs; i++) {
		summary.partial |= measures[i].partial;
		summary.interrupted |= measures[i].interrupted;
		if (!is_whole(&measures[i]))
			continue;
		summary.runs++;
		summary.mean += (double)measures[i].count;
		summary.seconds += measures[i].seconds;
	}
	if (summary.runs == 0) {
		take_part(measures, report->runs, &summary);
		return summary;
	}
	summary.mean /= summary.runs;
	summary.seconds /= summary.runs;
	for (unsigned i = 0; i < report->runs; i++)
		if (is_whole(&measures[i]))
			squares += pow((double)measures[i].count - summary.mean, 2);
	if (summary.runs > 1)
		summary.deviation = sqrt(squares / (summary.runs - 1));
	return summary;
}

unsigned report_whole(const struct report *report)
{
	unsigned whole = 0;

	for (size_t i = 0; i < report->times_count; i++)
		whole += report->times[i].whole;
	return whole;
}

struct times report_mean_times(const struct report *report)
{
	double whole = report_whole(report);
	struct times mean = { 0 };

	if (whole == 0)
		return report->times[0];
	for (size_t i = 0; i < report->times_count; i++) {
		if (!report->times[i].whole)
			continue;
		mean.elapsed += report->times[i].elapsed / whole;
		mean.user += report->times[i].user / whole;
		mean.system += report->times[i].system / whole;
	}
	return mean;
}

double report_per_second(double count, double seconds)
{
	return seconds > 0 ? count / seconds : 0;
}

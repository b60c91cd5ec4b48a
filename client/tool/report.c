/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include "report_summary.h"

/* Where nothing is known, nothing stands: no 0 is made up, and a part of a count has no rate. */
static void csv_line(const struct report *report, unsigned run, const struct spec *spec, double at,
		     const struct measure *measure)
{
	fprintf(report->file, "%u,%.6f,%.6f,%s,", run, at, measure->seconds, spec->label);
	if (measure->count > 0 || !measure->partial)
		fprintf(report->file, "%llu", (unsigned long long)measure->count);
	fputc(',', report->file);
	if (!measure->partial)
		fprintf(report->file, "%.3f",
			report_per_second((double)measure->count, measure->seconds));
	fprintf(report->file, ",%s,%s\n", spec_class(&spec->counted),
		measure->partial       ? "partial"
		: measure->interrupted ? "interrupted"
				       : "");
}

/* Without intervals: a line for each run. */
static void csv_end(const struct report *report)
{
	for (size_t i = 0; i < report->spec_count; i++) {
		for (unsigned run = 0; run < report->runs; run++) {
			const struct measure *measure = &report->measures[i * report->runs + run];

			if (measure->taken)
				csv_line(report, run + 1, &report->specs[i], measure->seconds,
					 measure);
		}
	}
}

void report_begin(const struct report *report)
{
	if (report->format == FORMAT_CSV)
		fputs("run,time_s,seconds,event,count,per_second,class,mark\n", report->file);
}

void report_interval(const struct report *report, unsigned run, const struct spec *spec, double at,
		     const struct measure *measure)
{
	switch (report->format) {
	case FORMAT_TEXT:
		report_text_interval(report, spec, at, measure);
		break;
	case FORMAT_CSV:
		csv_line(report, run, spec, at, measure);
		break;
	case FORMAT_JSON:
		report_json_interval(report, run, spec, at, measure);
		break;
	}
	fflush(report->file);
}

void report_end(const struct report *report)
{
	switch (report->format) {
	case FORMAT_TEXT:
		report_text_end(report);
		break;
	case FORMAT_CSV:
		csv_end(report);
		break;
	case FORMAT_JSON:
		report_json_end(report);
		break;
	}
}

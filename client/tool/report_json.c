/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"
#include "report_summary.h"

static const char *boolean(bool truth)
{
	return truth ? "true" : "false";
}

/* A part of a count makes no rate, and where nothing is known of it there is no count. */
static void json_count(FILE *file, double count, double seconds, bool partial)
{
	if (count > 0 || !partial)
		fprintf(file, ", \"count\": %.0f", count);
	else
		fputs(", \"count\": null", file);
	if (partial)
		fputs(", \"per_second\": null", file);
	else
		fprintf(file, ", \"per_second\": %.3f", report_per_second(count, seconds));
}

void report_json_interval(const struct report *report, unsigned run, const struct spec *spec,
			  double at, const struct measure *measure)
{
	fprintf(report->file, "{\"run\": %u, \"time_s\": %.6f, \"seconds\": %.6f, \"event\": ", run,
		at, measure->seconds);
	json_string(report->file, spec->label);
	json_count(report->file, (double)measure->count, measure->seconds, measure->partial);
	fprintf(report->file, ", \"partial\": %s, \"interrupted\": %s}\n",
		boolean(measure->partial), boolean(measure->interrupted));
}

static void json_event(const struct report *report, size_t spec)
{
	const struct perfmon_event *counted = &report->specs[spec].counted;
	struct summary summary = report_summarize(report, spec);

	fputs("{\"event\": ", report->file);
	json_string(report->file, report->specs[spec].label);
	fprintf(report->file, ", \"value\": %u, \"runs\": %u", report->specs[spec].value,
		summary.runs);
	if (summary.runs || summary.partial || summary.interrupted) {
		json_count(report->file, summary.mean, summary.seconds,
			   summary.runs == 0 && summary.partial);
		fprintf(report->file, ", \"deviation\": %.3f", summary.deviation);
	}
	fprintf(report->file,
		", \"partial\": %s, \"interrupted\": %s, \"class\": \"%s\", \"counted_by\": ",
		boolean(summary.partial), boolean(summary.interrupted), spec_class(counted));
	json_string(report->file, counted->pme_counted);
	fputs(", \"note\": ", report->file);
	json_string(report->file, counted->pme_note);
	fputc('}', report->file);
}

void report_json_end(const struct report *report)
{
	struct times times = report_mean_times(report);

	fputs("{\"command\": [", report->file);
	for (char **word = report->command; *word; word++) {
		fputs(word == report->command ? "" : ", ", report->file);
		json_string(report->file, *word);
	}
	fprintf(report->file,
		"], \"runs\": %u, \"elapsed_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f",
		report_whole(report), times.elapsed, times.user, times.system);
	fputs(", \"events\": [", report->file);
	for (size_t i = 0; i < report->spec_count; i++) {
		fputs(i == 0 ? "" : ", ", report->file);
		json_event(report, i);
	}
	fprintf(report->file, "], \"interrupted\": %s, \"error\": ", boolean(report->interrupted));
	json_string(report->file, report->error);
	fputs("}\n", report->file);
}

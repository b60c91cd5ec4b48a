/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <math.h>
#include <string.h>

#include "json.h"
#include "ratio.h"

/* Of the counts of an event's runs. */
struct summary {
	unsigned runs; /* in which it was counted */
	bool partial;
	double mean;
	double deviation; /* of a run's count; 0 for one run */
	double seconds;   /* a run's, in the mean */
};

const char *report_digits(uint64_t count, char *text)
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

const char *report_rate(double rate, char *text)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	size_t unit = 0;

	while (rate >= 999.5 && unit < sizeof units / sizeof *units - 1) {
		rate /= 1000;
		unit++;
	}
	snprintf(text, 32, "%.*f %s/s",
		 rate >= 99.95   ? 0
		 : rate >= 9.995 ? 1
				 : 2,
		 rate, units[unit]);
	return text;
}

static struct summary summarize(const struct report *report, size_t spec)
{
	const struct measure *measures = &report->measures[spec * report->runs];
	struct summary summary = { 0 };
	double squares = 0;

	for (unsigned i = 0; i < report->runs; i++) {
		summary.partial |= measures[i].partial;
		if (!measures[i].taken || measures[i].partial)
			continue;
		summary.runs++;
		summary.mean += (double)measures[i].count;
		summary.seconds += measures[i].seconds;
	}
	/* Where nothing is whole, the parts: they are marked. */
	for (unsigned i = 0; i < report->runs && summary.runs == 0; i++) {
		if (!measures[i].partial)
			continue;
		summary.mean = (double)measures[i].count;
		summary.seconds = measures[i].seconds;
		return summary;
	}
	if (summary.runs == 0)
		return summary;
	summary.mean /= summary.runs;
	summary.seconds /= summary.runs;
	for (unsigned i = 0; i < report->runs; i++)
		if (measures[i].taken && !measures[i].partial)
			squares += pow((double)measures[i].count - summary.mean, 2);
	if (summary.runs > 1)
		summary.deviation = sqrt(squares / (summary.runs - 1));
	return summary;
}

static struct times mean_times(const struct report *report)
{
	struct times mean = { 0 };

	for (size_t i = 0; i < report->times_count; i++) {
		mean.elapsed += report->times[i].elapsed / (double)report->times_count;
		mean.user += report->times[i].user / (double)report->times_count;
		mean.system += report->times[i].system / (double)report->times_count;
	}
	return mean;
}

static void print_command(const struct report *report)
{
	for (char **word = report->command; *word; word++)
		fprintf(report->file, "%s%s", word == report->command ? "" : " ", *word);
}

static double rate_of(double count, double seconds)
{
	return seconds > 0 ? count / seconds : 0;
}

static void text_event(const struct report *report, size_t spec)
{
	struct summary summary = summarize(report, spec);
	char digits[32];
	char rate[32];

	if (summary.runs == 0 && !summary.partial) {
		fprintf(report->file, "%20s  %-34s\n", "not counted", report->specs[spec].label);
		return;
	}
	fprintf(report->file, "%20s  %-34s %12s",
		report_digits((uint64_t)(summary.mean + 0.5), digits), report->specs[spec].label,
		report_rate(rate_of(summary.mean, summary.seconds), rate));
	if (summary.runs > 1)
		fprintf(report->file, "  +- %.2f %%",
			summary.mean > 0 ? 100 * summary.deviation / summary.mean : 0.0);
	if (summary.partial)
		fputs(summary.runs ? "  without partial counts" : "  PARTIAL", report->file);
	fputc('\n', report->file);
}

static void text_ratios(const struct report *report)
{
	char text[128];

	for (size_t i = 0; i < report->spec_count; i++) {
		for (size_t j = 0; j < report->spec_count; j++) {
			struct summary over = summarize(report, i);
			struct summary under = summarize(report, j);

			if (over.runs && under.runs &&
			    ratio_text(&report->specs[i], over.mean, &report->specs[j], under.mean,
				       text, sizeof text))
				fprintf(report->file, "%20s  %s%s\n", "", text,
					report->specs[i].group == report->specs[j].group
						? ""
						: " (counted in different runs)");
		}
	}
}

/* How what was counted differs from what was asked for. */
static void text_notes(const struct report *report)
{
	for (size_t i = 0; i < report->spec_count; i++) {
		const struct perfmon_event *counted = &report->specs[i].counted;

		if (counted->pme_class != PME_EXACT)
			fprintf(report->file, "%s is counted by %s (%s)%s%s\n",
				report->specs[i].label, counted->pme_counted, spec_class(counted),
				*counted->pme_note ? ": " : "", counted->pme_note);
	}
}

static void text_end(const struct report *report)
{
	struct times times = mean_times(report);

	fputs("\nCounted while \"", report->file);
	print_command(report);
	fputs("\" ran", report->file);
	if (report->groups > 1)
		fprintf(report->file, ", %u time%s for each two events", report->runs,
			report->runs > 1 ? "s" : "");
	else if (report->runs > 1)
		fprintf(report->file, " %u times, in the mean", report->runs);
	fputs(":\n\n", report->file);
	for (size_t i = 0; i < report->spec_count; i++)
		text_event(report, i);
	text_ratios(report);
	fprintf(report->file, "\n%.6f s elapsed, %.6f s user, %.6f s system\n", times.elapsed,
		times.user, times.system);
	text_notes(report);
	if (*report->error)
		fprintf(report->file, "PARTIAL: %s\n", report->error);
}

static void text_interval(const struct report *report, const struct spec *spec, double at,
			  const struct measure *measure)
{
	char digits[32];
	char rate[32];

	fprintf(report->file, "%12.6f %20s  %-34s %12s%s\n", at,
		report_digits(measure->count, digits), spec->label,
		report_rate(rate_of((double)measure->count, measure->seconds), rate),
		measure->partial ? "  PARTIAL" : "");
}

static void csv_line(const struct report *report, unsigned run, const struct spec *spec, double at,
		     const struct measure *measure)
{
	fprintf(report->file, "%u,%.6f,%.6f,%s,%llu,%.3f,%s,%s\n", run, at, measure->seconds,
		spec->label, (unsigned long long)measure->count,
		rate_of((double)measure->count, measure->seconds), spec_class(&spec->counted),
		measure->partial ? "partial" : "");
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

static void json_interval(const struct report *report, unsigned run, const struct spec *spec,
			  double at, const struct measure *measure)
{
	fprintf(report->file, "{\"run\": %u, \"time_s\": %.6f, \"seconds\": %.6f, \"event\": ", run,
		at, measure->seconds);
	json_string(report->file, spec->label);
	fprintf(report->file, ", \"count\": %llu, \"per_second\": %.3f, \"partial\": %s}\n",
		(unsigned long long)measure->count,
		rate_of((double)measure->count, measure->seconds),
		measure->partial ? "true" : "false");
}

static void json_event(const struct report *report, size_t spec)
{
	const struct perfmon_event *counted = &report->specs[spec].counted;
	struct summary summary = summarize(report, spec);

	fputs("{\"event\": ", report->file);
	json_string(report->file, report->specs[spec].label);
	fprintf(report->file, ", \"value\": %u, \"runs\": %u", report->specs[spec].value,
		summary.runs);
	if (summary.runs || summary.partial)
		fprintf(report->file,
			", \"count\": %.0f, \"deviation\": %.3f, \"per_second\": %.3f",
			summary.mean, summary.deviation, rate_of(summary.mean, summary.seconds));
	fprintf(report->file, ", \"partial\": %s, \"class\": \"%s\", \"counted_by\": ",
		summary.partial ? "true" : "false", spec_class(counted));
	json_string(report->file, counted->pme_counted);
	fputs(", \"note\": ", report->file);
	json_string(report->file, counted->pme_note);
	fputc('}', report->file);
}

static void json_end(const struct report *report)
{
	struct times times = mean_times(report);

	fputs("{\"command\": [", report->file);
	for (char **word = report->command; *word; word++) {
		fputs(word == report->command ? "" : ", ", report->file);
		json_string(report->file, *word);
	}
	fprintf(report->file, "], \"elapsed_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f",
		times.elapsed, times.user, times.system);
	fputs(", \"events\": [", report->file);
	for (size_t i = 0; i < report->spec_count; i++) {
		fputs(i == 0 ? "" : ", ", report->file);
		json_event(report, i);
	}
	fputs("], \"error\": ", report->file);
	json_string(report->file, report->error);
	fputs("}\n", report->file);
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
		text_interval(report, spec, at, measure);
		break;
	case FORMAT_CSV:
		csv_line(report, run, spec, at, measure);
		break;
	case FORMAT_JSON:
		json_interval(report, run, spec, at, measure);
		break;
	}
	fflush(report->file);
}

void report_end(const struct report *report)
{
	switch (report->format) {
	case FORMAT_TEXT:
		text_end(report);
		break;
	case FORMAT_CSV:
		csv_end(report);
		break;
	case FORMAT_JSON:
		json_end(report);
		break;
	}
}

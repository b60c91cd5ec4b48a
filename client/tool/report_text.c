/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "fold.h"
#include "ratio.h"
#include "report_summary.h"

#define INDENT 4 /* of a note's further lines */

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

static void print_command(const struct report *report)
{
	for (char **word = report->command; *word; word++)
		fprintf(report->file, "%s%s", word == report->command ? "" : " ", *word);
}

/* Of a count of which nothing is known, no 0 is made up; a part has no rate. */
static void print_count(FILE *file, int width, const char *label, double count, double seconds,
			bool partial)
{
	char digits[32] = "unknown";
	char rate[32] = "";

	if (count > 0 || !partial)
		report_digits((uint64_t)(count + 0.5), digits);
	if (!partial)
		report_rate(report_per_second(count, seconds), rate);
	fprintf(file, "%*s  %-34s %9s", width, digits, label, rate);
}

static void text_event(const struct report *report, size_t spec)
{
	struct summary summary = report_summarize(report, spec);
	const char *label = report->specs[spec].label;
	bool whole = summary.runs > 0;

	if (!whole && !summary.partial && !summary.interrupted) {
		fprintf(report->file, "%17s  %s\n", "not counted", label);
		return;
	}
	print_count(report->file, 17, label, summary.mean, summary.seconds,
		    !whole && summary.partial);
	if (summary.runs > 1)
		fprintf(report->file, "  +- %.2f %%",
			summary.mean > 0 ? 100 * summary.deviation / summary.mean : 0.0);
	if (!whole)
		fputs(summary.partial ? " PARTIAL" : " INTERRUPTED", report->file);
	fputc('\n', report->file);
}

static void text_ratios(const struct report *report)
{
	char text[128];

	for (size_t i = 0; i < report->spec_count; i++) {
		for (size_t j = 0; j < report->spec_count; j++) {
			struct summary over = report_summarize(report, i);
			struct summary under = report_summarize(report, j);

			if (over.runs && under.runs &&
			    ratio_text(&report->specs[i], over.mean, &report->specs[j], under.mean,
				       text, sizeof text))
				fprintf(report->file, "%17s  %s%s\n", "", text,
					report->specs[i].group == report->specs[j].group
						? ""
						: " (counted in different runs)");
		}
	}
}

/* How what was counted differs from what was asked for. */
static void text_notes(const struct report *report)
{
	const int width = fold_width(report->file);

	for (size_t i = 0; i < report->spec_count; i++) {
		const struct perfmon_event *counted = &report->specs[i].counted;
		char note[800];

		if (counted->pme_class == PME_EXACT)
			continue;
		snprintf(note, sizeof note, "%s is counted by %s (%s)%s%s", report->specs[i].label,
			 counted->pme_counted, spec_class(counted), *counted->pme_note ? ": " : "",
			 counted->pme_note);
		fold_print(report->file, note, 0, INDENT, width);
	}
}

/* How often it ran, or how many of the runs make the mean. */
static void text_runs(const struct report *report)
{
	unsigned asked = report->runs * report->groups;
	unsigned whole = report_whole(report);

	if (whole == 0 && asked > 1)
		fprintf(report->file, ", in no whole run of %u", asked);
	else if (whole < asked && asked > 1)
		fprintf(report->file, ", in the mean of %u whole run%s of %u", whole,
			whole == 1 ? "" : "s", asked);
	else if (report->groups > 1)
		fprintf(report->file, ", %u time%s for each two events", report->runs,
			report->runs > 1 ? "s" : "");
	else if (report->runs > 1)
		fprintf(report->file, " %u times, in the mean", report->runs);
}

static void text_interruption(const struct report *report)
{
	bool whole = report->times[report->times_count - 1].whole;
	unsigned asked = report->runs * report->groups;

	fputs("INTERRUPTED: a signal to end came ", report->file);
	if (asked == 1)
		fputs("while it ran\n", report->file);
	else
		fprintf(report->file, "%s run %zu of %u%s\n", whole ? "after" : "in",
			report->times_count, asked,
			!whole && report_whole(report) ? ", which is left out" : "");
}

static void text_faults(const struct report *report)
{
	if (report->interrupted)
		text_interruption(report);
	if (!*report->error)
		return;
	fputs("PARTIAL: ", report->file);
	fold_print(report->file, report->error, (int)strlen("PARTIAL: "), INDENT,
		   fold_width(report->file));
}

void report_text_end(const struct report *report)
{
	struct times times = report_mean_times(report);

	fputs("\nCounted while \"", report->file);
	print_command(report);
	fputs("\" ran", report->file);
	text_runs(report);
	fputs(":\n\n", report->file);
	for (size_t i = 0; i < report->spec_count; i++)
		text_event(report, i);
	text_ratios(report);
	fprintf(report->file, "\n%.6f s elapsed, %.6f s user, %.6f s system\n", times.elapsed,
		times.user, times.system);
	text_notes(report);
	text_faults(report);
}

void report_text_interval(const struct report *report, const struct spec *spec, double at,
			  const struct measure *measure)
{
	fprintf(report->file, "%10.3f ", at);
	print_count(report->file, 15, spec->label, (double)measure->count, measure->seconds,
		    measure->partial);
	fputs(measure->partial ? " PARTIAL\n" : "\n", report->file);
}

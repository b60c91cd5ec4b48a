/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <string.h>

#include "plot.h"

#define TICKS        5   /* about as many */
#define POINTS       20  /* that are marked on a curve */
#define WIDTH        800 /* of the picture */
#define HEIGHT       440 /* likewise, without the key */
#define KEY_HEIGHT   22  /* of a line of the key */
#define KEY_LETTERS  36  /* of a name, so that two fit into a line */
#define PARTIAL_MARK "with points pt 2 ps 1.4 lw 2 lc rgb 'black' title 'partial beyond'"

/* Told apart without colours: by dashes, by points, and the second four by their paler grey. */
static const struct {
	int dashes;
	int point;
	const char *colour;
} styles[PLOT_SERIES] = {
	{ 1, 5, "#000000" }, { 2, 7, "#004c99" }, { 4, 9, "#8a2500" }, { 3, 13, "#4b2a7a" },
	{ 1, 4, "#8c8c8c" }, { 2, 6, "#4aa3df" }, { 4, 8, "#e08214" }, { 3, 12, "#7fae3f" },
};

static double highest(const struct plot *plot)
{
	double most = 0;

	for (size_t i = 0; i < plot->point_count; i++)
		if (plot->points[i].rate > most)
			most = plot->points[i].rate;
	return most > 0 ? most : 1;
}

/* From tick to tick: 1, 2 or 5 times a power of ten. */
static double step_of(double most)
{
	static const double steps[] = { 1, 2, 5 };
	double power = pow(10, floor(log10(most / TICKS)));

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i] * power * TICKS >= most)
			return steps[i] * power;
	return 10 * power;
}

/* Each tick at its value, all in the unit of the highest: no two have one label. */
static void write_ticks(const struct plot *plot, FILE *script)
{
	static const char *const units[] = { "", " k", " M", " G", " T" };
	double step = step_of(highest(plot));
	int count = (int)ceil(highest(plot) / step - 1e-9);
	double scale = 1;
	size_t unit = 0;

	while (count * step >= scale * 1000 && unit < sizeof units / sizeof *units - 1) {
		scale *= 1000;
		unit++;
	}
	fprintf(script, "set yrange [0:%.9g]\nset ytics (", count * step);
	for (int i = 0; i <= count; i++)
		fprintf(script, "%s'%.6g%s' %.9g", i ? ", " : "", i * step / scale,
			i ? units[unit] : "", i * step);
	fputs(")\n", script);
}

static bool has_partial(const struct plot *plot)
{
	for (size_t i = 0; i < plot->point_count; i++)
		if (plot->points[i].partial)
			return true;
	return false;
}

/* So that a long curve is no band of points. */
static size_t points_between(const struct plot *plot, size_t series)
{
	size_t count = 0;

	for (size_t i = 0; i < plot->point_count; i++)
		count += plot->points[i].series == series;
	return count / POINTS + 1;
}

static size_t key_lines(const struct plot *plot)
{
	size_t entries = plot->series_count + has_partial(plot);

	for (size_t i = 0; i < plot->series_count; i++)
		if (strlen(plot->names[i]) > KEY_LETTERS)
			return entries;
	return (entries + 1) / 2;
}

static void write_frame(const struct plot *plot, FILE *script)
{
	size_t lines = key_lines(plot);

	fprintf(script,
		"set terminal svg size %d,%zu dynamic background rgb 'white' font 'sans,13'\n",
		WIDTH, HEIGHT + lines * KEY_HEIGHT);
	fputs("set title 'Events in a second'\nset xlabel 'time in s' offset 0,0.5\nset ylabel "
	      "'events in 1/s'\n"
	      "set xrange [0:]\nset grid lc rgb '#d0d0d0'\nset border 3\nset tics nomirror\n",
	      script);
	fprintf(script,
		"set key below center vertical maxrows %zu noenhanced Left reverse spacing 1.3 "
		"height 1 "
		"samplen 6\n",
		lines);
	write_ticks(plot, script);
}

/* Event names have no character that gnuplot would take for something else. */
static void write_curves(const struct plot *plot, FILE *script)
{
	fputs("plot ", script);
	for (size_t i = 0; i < plot->series_count; i++)
		fprintf(script,
			"%s'-' with linespoints lw 2 dt %d pt %d ps 0.8 pi %zu lc rgb '%s' title "
			"'%s'",
			i ? ", " : "", styles[i].dashes, styles[i].point, points_between(plot, i),
			styles[i].colour, plot->names[i]);
	if (has_partial(plot))
		fputs(", '-' " PARTIAL_MARK, script);
	fputc('\n', script);
}

/* An empty line breaks the curve: between runs, and where there is no rate. */
static void write_series(const struct plot *plot, size_t series, FILE *script)
{
	unsigned run = 0;

	for (size_t i = 0; i < plot->point_count; i++) {
		const struct plot_point *point = &plot->points[i];

		if (point->series != series)
			continue;
		if (point->rate < 0 || (run && point->run != run))
			fputc('\n', script);
		run = point->run;
		if (point->rate >= 0)
			fprintf(script, "%.6f %.3f\n", point->time, point->rate);
	}
	fputs("e\n", script);
}

/* Where the rate is not known, the mark is at the latest that is. */
static void write_partial(const struct plot *plot, FILE *script)
{
	for (size_t i = 0; i < plot->point_count; i++) {
		size_t series = plot->points[i].series;
		unsigned run = plot->points[i].run;

		if (!plot->points[i].partial)
			continue;
		for (size_t j = i + 1; j-- > 0;) {
			const struct plot_point *point = &plot->points[j];

			if (point->series != series || point->run != run || point->rate < 0)
				continue;
			fprintf(script, "%.6f %.3f\n", point->time, point->rate);
			break;
		}
	}
	fputs("e\n", script);
}

void plot_write(const struct plot *plot, FILE *script)
{
	write_frame(plot, script);
	write_curves(plot, script);
	for (size_t i = 0; i < plot->series_count; i++)
		write_series(plot, i, script);
	if (has_partial(plot))
		write_partial(plot, script);
}

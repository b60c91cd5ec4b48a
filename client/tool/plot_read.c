/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "tool.h"

#define LINE_MAX        512
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:="

/* As in the header that perfmon stat --csv writes. */
enum { RUN, TIME, SECONDS, EVENT, COUNT, RATE, CLASS, MARK, FIELDS };

static int find_series(struct plot *plot, const char *name, size_t *ret_series)
{
	for (size_t i = 0; i < plot->series_count; i++) {
		if (strcmp(plot->names[i], name) == 0) {
			*ret_series = i;
			return 0;
		}
	}
	if (plot->series_count == PLOT_SERIES)
		return tool_fail("%s: more than %d events, which could not be told apart in grey",
				 plot->path, PLOT_SERIES);
	plot->names[plot->series_count] = strdup(name);
	if (!plot->names[plot->series_count])
		return tool_fail("%s: no memory", plot->path);
	*ret_series = plot->series_count++;
	return 0;
}

/* Into fields, of which there have to be as many as there are. */
static bool split(char *line, char *fields[FIELDS])
{
	size_t length = strcspn(line, "\r\n");

	if (!line[length])
		return false;
	line[length] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, ",");
		if (!fields[i])
			return false;
	}
	return !line;
}

/* Digits and a point: nothing negative, infinite or no number. */
static bool number(const char *text, double *ret_number)
{
	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.") != strlen(text) ||
	    strlen(text) > 30)
		return false;
	*ret_number = strtod(text, NULL);
	return true;
}

/* The numbers of a line: a count that is partial makes no rate. */
static bool get_point(char *const fields[FIELDS], struct plot_point *ret_point)
{
	struct plot_point point = { .partial = strcmp(fields[MARK], "partial") == 0 };
	double run;
	double unused;

	if (!number(fields[RUN], &run) || run < 1 || run > 1e6 ||
	    !number(fields[TIME], &point.time) || !number(fields[SECONDS], &unused))
		return false;
	if (!number(fields[COUNT], &unused) && !(point.partial && !*fields[COUNT]))
		return false;
	point.run = (unsigned)run;
	if (point.partial && !*fields[RATE])
		point.rate = -1;
	else if (!number(fields[RATE], &point.rate))
		return false;
	*ret_point = point;
	return true;
}

/* The latest of a series, or NULL. */
static const struct plot_point *latest(const struct plot *plot, size_t series)
{
	for (size_t i = plot->point_count; i-- > 0;)
		if (plot->points[i].series == series)
			return &plot->points[i];
	return NULL;
}

static int keep(struct plot *plot, const struct plot_point *point)
{
	struct plot_point *grown = reallocarray(plot->points, plot->point_count + 1, sizeof *grown);

	if (!grown)
		return tool_fail("%s: no memory", plot->path);
	plot->points = grown;
	plot->points[plot->point_count++] = *point;
	return 0;
}

static int add_line(struct plot *plot, char *line, size_t at)
{
	const struct plot_point *before;
	struct plot_point point;
	char *fields[FIELDS];

	if (strncmp(line, "run,", 4) == 0)
		return tool_fail("%s:%zu: a second header: what two perfmon stat wrote makes no "
				 "curve",
				 plot->path, at);
	if (!split(line, fields) || !get_point(fields, &point))
		return tool_fail("%s:%zu: this is no line of perfmon stat --csv", plot->path, at);
	if (!*fields[EVENT] || strspn(fields[EVENT], NAME_CHARACTERS) != strlen(fields[EVENT]))
		return tool_fail("%s:%zu: this is no event: %s", plot->path, at, fields[EVENT]);
	if (find_series(plot, fields[EVENT], &point.series))
		return STATUS_FAILURE;
	before = latest(plot, point.series);
	if (before && before->run == point.run && before->time >= point.time)
		return tool_fail("%s:%zu: the time goes back", plot->path, at);
	return keep(plot, &point);
}

static int read_lines(struct plot *plot, FILE *file)
{
	char line[LINE_MAX];
	size_t at = 0;
	int status = 0;

	while (status == 0 && fgets(line, sizeof line, file)) {
		char *begin = line;

		/* What spreadsheets put before the text. */
		if (++at == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
			begin += strlen(BYTE_ORDER_MARK);
		if (at > 1 || strncmp(begin, "run,", 4) != 0)
			status = add_line(plot, begin, at);
	}
	if (status == 0 && ferror(file))
		status = tool_fail("%s: %s", plot->path, strerror(errno));
	return status;
}

/* Whether two points of an event follow each other in a run. */
static bool makes_curve(const struct plot *plot)
{
	for (size_t i = 1; i < plot->point_count; i++)
		for (size_t j = i; j-- > 0 && plot->points[j].run == plot->points[i].run;)
			if (plot->points[j].series == plot->points[i].series)
				return true;
	return false;
}

static bool has_rate(const struct plot *plot)
{
	for (size_t i = 0; i < plot->point_count; i++)
		if (plot->points[i].rate >= 0)
			return true;
	return false;
}

static int check(const struct plot *plot)
{
	if (plot->point_count == 0)
		return tool_fail("%s: there is nothing in it: perfmon stat -I MS --csv -o %s "
				 "COMMAND writes such a file",
				 plot->path, plot->path);
	if (!has_rate(plot))
		return tool_fail("%s: each of its counts is partial", plot->path);
	if (!makes_curve(plot))
		return tool_fail("%s: it was written without -I, or with one as long as the "
				 "command: a point of each event makes no curve",
				 plot->path);
	return 0;
}

int plot_read(struct plot *plot)
{
	FILE *file = fopen(plot->path, "re");
	int status;

	if (!file)
		return tool_fail("%s: %s", plot->path, strerror(errno));
	status = read_lines(plot, file);
	if (status == 0)
		status = check(plot);
	fclose(file);
	return status;
}

void plot_free(struct plot *plot)
{
	for (size_t i = 0; i < plot->series_count; i++)
		free(plot->names[i]);
	free(plot->points);
}

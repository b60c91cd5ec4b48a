/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_PLOT_H
#define PERFMON_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What perfmon plot draws: read by plot_read.c, told gnuplot by plot_script.c. */

/* So many curves can be told apart without their colours. */
#define PLOT_SERIES 8

/* A line of what perfmon stat -I MS --csv wrote. */
struct plot_point {
	size_t series;
	unsigned run;
	double time;
	double rate; /* -1: none, as the count is partial */
	bool partial;
};

struct plot {
	const char *path;
	char *names[PLOT_SERIES];
	size_t series_count;
	struct plot_point *points;
	size_t point_count;
};

/* Reads plot->path. Returns 0 or an exit status, said with the line. plot_free() is for both. */
int plot_read(struct plot *plot);
void plot_free(struct plot *plot);

/* Writes what gnuplot(1) is to do: an SVG picture, on its standard output. */
void plot_write(const struct plot *plot, FILE *script);

#endif

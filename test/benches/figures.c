/* SPDX-License-Identifier: BSD-2-Clause */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double figures_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

void figures_print_one(const char *name, const char *unit, double a, double b)
{
	if (b > 0)
		printf("%s %.3f (%.0f %s / %.0f %s)\n", name, a / b, a, unit, b, unit);
	else
		printf("# %s: no ratio (%.0f %s / 0 %s): less than this clock tells\n", name, a,
		       unit, unit);
	fflush(stdout);
}

void figures_print(const char *name, const char *unit, double *a, double *b, unsigned number,
		   unsigned percentile)
{
	unsigned at = number * percentile / 100;
	char text[96];

	qsort(a, number, sizeof a[0], by_value);
	qsort(b, number, sizeof b[0], by_value);
	snprintf(text, sizeof text, "%s%s", name, percentile == 99 ? " p99" : "");
	figures_print_one(text, unit, a[at], b[at]);
}

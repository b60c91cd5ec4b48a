/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_BENCHES_FIGURES_H
#define PERFMOND_TEST_BENCHES_FIGURES_H

#include <err.h>
#include <stdlib.h>

/* What is measured, and how it is said. */

/* CLOCK_MONOTONIC, ns. */
double figures_now(void);

/* Ends the program: what a benchmark needs is not there. */
#define figures_fail(...) errx(EXIT_FAILURE, __VA_ARGS__)

/*
 * A line `name ratio (a unit / b unit)`, of a percentile of number figures each: 50, or 99, which
 * the name then has. Sorts both.
 */
void figures_print(const char *name, const char *unit, double *a, double *b, unsigned number,
		   unsigned percentile);

/* The same of one figure each; `# name: no ratio` where b is nothing. */
void figures_print_one(const char *name, const char *unit, double a, double b);

#endif

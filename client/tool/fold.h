/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_FOLD_H
#define PERFMON_FOLD_H

#include <stdio.h>

/* Long lines, folded between words. */

/* The columns of the terminal that a file is, or 80 where it is none. */
int fold_width(FILE *file);

/*
 * Prints text and ends the line, where at columns of it are printed already; what does not fit into
 * width columns goes to further lines, which begin with indent spaces. It is folded at spaces, and
 * behind the + between events.
 */
void fold_print(FILE *file, const char *text, int at, int indent, int width);

#endif

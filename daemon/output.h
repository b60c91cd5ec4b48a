/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_OUTPUT_H
#define PERFMOND_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A place for lines that must never block the request behind them. A line that cannot be written
 * whole at once is dropped and counted; the next line that can be written is preceded by
 * "N lines lost: REASON".
 */
struct output {
	int fd;
	uint64_t lost;
	int cause; /* errno of the latest loss */
};

/*
 * Writes one line of at most PIPE_BUF bytes, its newline included.
 * A regular file that takes part of a line (a full disk) gets a newline when it has room again, so
 * that the torn line stands alone.
 */
void output_line(struct output *output, const char *line, size_t length);

/* Says how many lines were lost since the last one that was written, if the place takes it. */
void output_finish(struct output *output);

#endif

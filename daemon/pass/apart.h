/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_APART_H
#define PERFMOND_PASS_APART_H

#include <stdio.h>

/*
 * What a file says, read by a process of its own. proc(5)'s about another process may hang without
 * an end: who reads them while it ends is who frees its memory, with its requests to file systems
 * that need not answer.
 *
 * directory, name: the file, as openat(2) has them. Gives a stream, to be closed by apart_close().
 * Errors: -EAGAIN it has not been read in APART_PATIENCE, or the one before is not yet, or
 * WORKERS_LEFT hang; others as openat(2), fork(2) and pipe(2).
 */
#define APART_PATIENCE 100 /* ms */

int apart_open(int directory, const char *name, FILE **ret_stream);

void apart_close(FILE *stream);

#endif

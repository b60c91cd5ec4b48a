/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRACER_H
#define PERFMOND_TRACER_H

#include "device/trace.h"
#include "output.h"

/* The trace with the system behind it. */
struct tracer {
	struct trace trace;
	struct output output;
};

/*
 * Lines go to the file, which is appended to, or to standard error where path is NULL. A disk that
 * is full, or a reader that is slow, loses lines and not time; how many is said in the next line
 * that fits. Errors, logged: as open(2).
 */
int tracer_open(const char *path, struct tracer *ret_tracer);

void tracer_close(struct tracer *tracer);

#endif

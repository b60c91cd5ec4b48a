/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FAULTS_WALK_H
#define PERFMOND_TEST_FAULTS_WALK_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Asks every request of the node at `path` once or more, as conformance does at length. An error
 * that perfmon(4) has for the request is right, any other is told on `out`, and so is a count that
 * cannot be: one that falls, is 0 of clocks that ran, or differs after STOP. Gives how many were
 * told.
 */
int walk(const char *path, FILE *out);

/* What one of many does that ask at once: opens for reading alone, and asks what waits for none. */
int walk_reader(const char *path, FILE *out);

/*
 * What a fresh client does: opens, sets up, starts, reads, stops, each of which has to succeed
 * within a second. Tells on `out` what did not; gives how many.
 */
int walk_fresh(const char *path, FILE *out);

#endif

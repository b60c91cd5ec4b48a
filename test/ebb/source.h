/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_SOURCE_H
#define PERFMOND_TEST_EBB_SOURCE_H

/* The groups of two events that this machine can have, and how to make each overflow. */

#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <stdbool.h>
#include <stdint.h>

struct source {
	const char *name;
	bool optional; /* a machine may be without it */
	struct perf_event_attr leader;
	struct perf_event_attr member;
	uint64_t period;
	uint64_t member_period;
	void (*overflow)(void); /* the leader, once at least */
	void (*overflow_member)(void);
};

/* Ends with one that has no name. */
extern const struct source sources[];

/*
 * Opens the leader, and the member where ret_member is not NULL, and enables them; says why if it
 * cannot. Returns 0 or -errno; an event that is open then stays so.
 */
int source_open(const struct source *source, struct ebb_event **ret_leader,
		struct ebb_event **ret_member);

/* Whether this machine lacks an event that it may be without; then ebb_error() says why. */
bool source_is_absent(const struct source *source);

/* Descriptors of perf events that this process has. */
unsigned source_descriptors(void);

#endif

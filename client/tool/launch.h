/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_LAUNCH_H
#define PERFMON_LAUNCH_H

#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "spec.h"

/* A command that is counted from its very beginning. */

struct launch {
	pid_t process;
	struct timespec started; /* CLOCK_MONOTONIC, when the counters were */
	bool ended;
	int status;           /* of wait4(2), once it has ended */
	struct rusage rusage; /* likewise */
};

/*
 * Starts argv[] in a process that first sets up and starts the counters of the device, so that it
 * is the opener whose events scope opener counts. on: what each counter is to count, or NULL.
 * mask: the signals that the command is to have blocked.
 * Returns 0, or an exit status, said: STATUS_OWN, STATUS_NOT_RUN, STATUS_NOT_FOUND.
 */
int launch_begin(struct launch *launch, struct perfmon *device, const struct spec *const on[NPMC],
		 char **argv, const sigset_t *mask);

/* Looks whether it has ended. */
void launch_look(struct launch *launch);

/* Its exit status, as a shell has it: 128 and the signal's number where one killed it. */
int launch_status(const struct launch *launch);

#endif

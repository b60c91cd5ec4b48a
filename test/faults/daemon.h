/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FAULTS_DAEMON_H
#define PERFMOND_TEST_FAULTS_DAEMON_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* One perfmond with the layer preloaded. */
struct daemon {
	const char *program;
	const char *layer;
	const char *name;    /* of the node */
	const char *work;    /* a directory of its own: state/, trace, said, hit */
	const char *without; /* a file that is removed before each start, or NULL */
	char *const *option; /* NULL at the end */
	pid_t process;       /* 0: it has ended */
	int status;          /* as waitpid(2) has it, when it has ended */
};

/* Starts it in the foreground, with that as PERFMOND_TEST_FAULT, see inject.h. */
void daemon_start(struct daemon *daemon, const char *fault);

/* Waits up to `milliseconds` until it is ready; false where it ended or is not. */
bool daemon_ready(struct daemon *daemon, int milliseconds);

/* Whether it ends within that time. */
bool daemon_ended(struct daemon *daemon, int milliseconds);

/* What it said so far, in one buffer that the next call overwrites. */
const char *daemon_said(const struct daemon *daemon);

/* Whether the layer made a call fail. */
bool daemon_hit(const struct daemon *daemon);

/* Tells on `out` what a daemon that has ended left behind; gives how many things, and removes them.
 */
int daemon_left(const struct daemon *daemon, FILE *out);

#endif

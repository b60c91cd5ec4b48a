/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_CHECK_H
#define PERFMOND_CHECK_H

/* --check: what of this machine perfmond could use, without using it. */
struct options;

enum check_format {
	CHECK_NONE, /* --check was not given */
	CHECK_TEXT,
	CHECK_JSON,
};

/*
 * Prints to standard output each transport, backend, event source, the time stamp, the node and
 * what else a start takes, with yes or no, why, and what to do about it. The event sources are
 * those of the backend that the options choose. Opens nothing for good; writes no register, makes
 * no node, mounts nothing, takes no lock, loads no module. Reads the time stamp for 20 ms.
 *
 * Text: "KIND NAME: yes|no: REASON" a finding, with "    to do: REMEDY" below where there is
 * something, and a last line that begins with "perfmond can start" or "perfmond cannot start".
 *
 * JSON: one object of "perfmond" (version), "node" (path), "findings", an array of objects of
 * "kind", "name", "usable" (boolean), "reason" and "remedy" (string or null), and of what a start
 * would choose: "transport", "backend", "events" (each null where there is none), "start"
 * (boolean). Kinds: "transport", "backend", "journal" (where a killed perfmond left one), "events",
 * "time stamp", "node", "kernel" (where it lacks a call that a start takes), "user", "run as",
 * "group" and "state directory".
 *
 * Returns the exit status: 0 where perfmond could start with the options given, else 1. It does not
 * look at --pidfile and --trace. Also 1 where the answer cannot be printed.
 */
int check_run(const struct options *options);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_OPTIONS_H
#define PERFMOND_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "check.h"
#include "event/event.h"

struct backend_operations;

/* Those that --backend names, ended by NULL. */
extern const struct backend_operations *const options_backends[];

struct transport_operations;

/* The command line of perfmond(8). Strings point into argv or to literals. */
struct options {
	bool foreground;
	const struct transport_operations *transport; /* NULL: auto */
	const struct backend_operations *backend;
	enum event_set events;
	enum event_scope scope;
	unsigned scope_cpu; /* SCOPE_CPU: which */
	bool approximate;
	const char *sim_cpu; /* "p5", "p6", "arch" or "amd" */
	const char *device;
	const char *user;
	const char *group; /* NULL: perfmon where it exists, else root */
	mode_t mode;       /* MODE_DEFAULT: 0660, or 0600 where there is no group perfmon */
	unsigned max_opens;
	const char *state_directory;
	const char *pidfile; /* NULL: none */
	bool trace;
	const char *trace_file; /* NULL: standard error */
	enum check_format check;
};

#define MODE_DEFAULT  ((mode_t)-1)
#define GROUP_DEFAULT "perfmon"
#define USER_DEFAULT  "perfmond"

/* What the process does with the command line. */
enum options_verdict {
	OPTIONS_RUN,  /* start with *ret_options */
	OPTIONS_DONE, /* the answer was printed: exit 0 */
	OPTIONS_BAD,  /* the fault was printed: exit 2 */
};

enum options_verdict options_parse(int argc, char *argv[], struct options *ret_options);

/* The file that says whose the node is. Errors: -ENAMETOOLONG where that is cut. */
int options_lock_path(const struct options *options, char path[PATH_MAX]);

#endif

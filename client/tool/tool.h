/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_TOOL_H
#define PERFMON_TOOL_H

/*
 * perfmon(1): one program, and a table of subcommands. A subcommand gets its own name and
 * arguments as main() does, and returns the exit status.
 */

#define STATUS_FAILURE 1
#define STATUS_USAGE   2
/* Of those that run a command, whose own statuses these must not be: as env(1) has them. */
#define STATUS_OWN       125
#define STATUS_NOT_RUN   126
#define STATUS_NOT_FOUND 127

struct subcommand {
	const char *name;
	const char *summary; /* a line for the list of subcommands */
	const char *usage;   /* its arguments, behind its name */
	const char *help;    /* its options, line by line; "" where it has none */
	int (*run)(int argc, char **argv);
};

extern const struct subcommand list_subcommand, stat_subcommand, read_subcommand, get_subcommand,
	tstamp_subcommand, watch_subcommand, plot_subcommand, decode_subcommand, run_subcommand;

/* Prints the usage to standard error, with a remark before it, or NULL. Returns STATUS_USAGE. */
int tool_usage(const struct subcommand *subcommand, const char *remark, ...)
	__attribute__((format(printf, 2, 3)));

/* A line on standard error. Returns STATUS_FAILURE. */
int tool_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The options of a subcommand, one after another: getopt_long(3) with "h" and "help" besides.
 * Returns the option; -1 at the end; '?' when the caller has to return *ret_status, as help was
 * asked for, or an option was wrong.
 */
struct option;
int tool_option(const struct subcommand *subcommand, int argc, char **argv, const char *letters,
		const struct option *options, int *ret_status);

/* A whole number from min to max, in decimal. Returns 0, or STATUS_USAGE, said. */
int tool_number(const struct subcommand *subcommand, const char *what, const char *text, long min,
		long max, long *ret_value);

/* The node: the environment's PERFMON_DEVICE, or /dev/perfmon. */
const char *tool_node(void);

/*
 * Ends standard output: what was written is there. Returns status, or STATUS_FAILURE, said, where
 * it could not be written.
 */
int tool_finish(int status);

#endif

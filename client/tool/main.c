/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const struct subcommand *const subcommands[] = {
	&list_subcommand, &stat_subcommand,   &read_subcommand,
	&get_subcommand,  &tstamp_subcommand, &watch_subcommand,
	&plot_subcommand, &decode_subcommand, &run_subcommand,
};

#define SUBCOMMANDS (sizeof subcommands / sizeof *subcommands)

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(subcommands[i]->name, name) == 0)
			return subcommands[i];
	return NULL;
}

static void print_usage(FILE *file, const struct subcommand *subcommand)
{
	fprintf(file, "usage: perfmon %s%s%s\n", subcommand->name, *subcommand->usage ? " " : "",
		subcommand->usage);
}

static void print_help(const struct subcommand *subcommand)
{
	print_usage(stdout, subcommand);
	printf("%s\n%s", subcommand->summary, subcommand->help);
}

static void print_list(FILE *file)
{
	fputs("usage: perfmon COMMAND [ARGUMENT...]\n"
	      "Counts with the two counters of /dev/perfmon, which perfmond(8) serves.\n",
	      file);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(file, "  %-8s%s\n", subcommands[i]->name, subcommands[i]->summary);
	fputs("perfmon help COMMAND has more of one; perfmon(1) has all.\n", file);
}

int tool_usage(const struct subcommand *subcommand, const char *remark, ...)
{
	va_list arguments;

	if (remark) {
		fprintf(stderr, "perfmon %s: ", subcommand->name);
		va_start(arguments, remark);
		vfprintf(stderr, remark, arguments);
		va_end(arguments);
		fputc('\n', stderr);
	}
	print_usage(stderr, subcommand);
	return STATUS_USAGE;
}

int tool_fail(const char *format, ...)
{
	va_list arguments;

	fputs("perfmon: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return STATUS_FAILURE;
}

int tool_option(const struct subcommand *subcommand, int argc, char **argv, const char *letters,
		const struct option *options, int *ret_status)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the tool has one thread here */
	int option = getopt_long(argc, argv, letters, options, NULL);

	if (option == 'h') {
		print_help(subcommand);
		*ret_status = tool_finish(EXIT_SUCCESS);
		return '?';
	}
	if (option == '?')
		*ret_status = tool_usage(subcommand, NULL);
	return option;
}

int tool_number(const struct subcommand *subcommand, const char *what, const char *text, long min,
		long max, long *ret_value)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < min || value > max)
		return tool_usage(subcommand, "%s takes a number from %ld to %ld, not \"%s\"", what,
				  min, max, text);
	*ret_value = value;
	return 0;
}

const char *tool_node(void)
{
	const char *node = secure_getenv("PERFMON_DEVICE");

	return node ? node : "/dev/perfmon";
}

int tool_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return tool_fail("standard output: %s", strerror(errno));
}

static int help(int argc, char **argv)
{
	const struct subcommand *subcommand = argc > 2 ? find(argv[2]) : NULL;

	if (argc > 2 && !subcommand) {
		tool_fail("there is no command \"%s\": perfmon help lists them", argv[2]);
		return STATUS_USAGE;
	}
	if (subcommand)
		print_help(subcommand);
	else
		print_list(stdout);
	return tool_finish(EXIT_SUCCESS);
}

/*
 * A descriptor that is closed at the start would be given to the next file, the node say, and what
 * is printed would be written to that. It is opened the wrong way round, so that its use fails as
 * it would have, and closed again for a command.
 */
static void open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null",
				    (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	const struct subcommand *subcommand;

	open_standard_descriptors();
	/* Ignored by whoever started perfmon, no child could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	if (argc < 2) {
		print_list(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return help(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		puts("perfmon " PERFMOND_VERSION);
		return tool_finish(EXIT_SUCCESS);
	}
	subcommand = find(argv[1]);
	if (!subcommand) {
		tool_fail("there is no command \"%s\": perfmon help lists them", argv[1]);
		return STATUS_USAGE;
	}
	return subcommand->run(argc - 1, argv + 1);
}

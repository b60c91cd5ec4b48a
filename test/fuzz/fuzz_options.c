/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The command line: one argument a line of the input. What is refused changes nothing and is said;
 * what runs is within what perfmond(8) documents, and runs the same again.
 */

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "backend/backend.h"
#include "fuzz.h"
#include "options.h"
#include "transport/node.h"
#include "transport/transport.h"

#define ARGUMENTS_MAX 24

struct line {
	int count;
	char *argument[ARGUMENTS_MAX + 1]; /* the first ones; getopt_long(3) may permute them */
};

static void split(struct bytes *bytes, struct line *line)
{
	*line = (struct line){ .count = 1 };
	line->argument[0] = strdup("perfmond");
	while (bytes->size && line->count < ARGUMENTS_MAX)
		line->argument[line->count++] = bytes_text(bytes, '\n', NULL);
}

static void free_line(struct line *line)
{
	for (int i = 0; i < line->count; i++)
		free(line->argument[i]);
}

static bool is_in(const struct line *line, const char *string)
{
	for (int i = 0; i < line->count; i++) {
		const char *argument = line->argument[i];

		if (string >= argument && string <= argument + strlen(argument))
			return true;
	}
	return false;
}

/* literal: what it is where nobody said otherwise. */
static void check_string(const struct line *line, const char *string, const char *literal)
{
	if (string && is_in(line, string))
		return;
	MUST(literal ? string && strcmp(string, literal) == 0 : !string);
}

static bool is_one_of(const char *string, const char *const *names)
{
	while (*names && strcmp(string, *names) != 0)
		names++;
	return *names;
}

static void check_device(const char *device)
{
	size_t length = strlen(device);

	MUST(length >= 1 && length <= NODE_NAME_MAX && device[0] != '.' && device[0] != '-');
	for (size_t i = 0; i < length; i++)
		MUST(isalnum((unsigned char)device[i]) || strchr("_-.", device[i]));
}

static void check_lock_path(const struct options *options)
{
	char path[PATH_MAX];
	size_t length = strlen(options->state_directory) + strlen(options->device) + 6;
	int result = options_lock_path(options, path);

	MUST((result == 0) == (length < PATH_MAX));
	MUST(result < 0 || strlen(path) == length);
}

static void check(const struct line *line, const struct options *options)
{
	static const char *const models[] = { "p5", "p6", "arch", "amd", NULL };

	check_string(line, options->sim_cpu, "p6");
	check_string(line, options->device, "perfmon");
	check_string(line, options->user, USER_DEFAULT);
	check_string(line, options->group, NULL);
	check_string(line, options->state_directory, "/run/perfmond");
	check_string(line, options->pidfile, NULL);
	check_string(line, options->trace_file, NULL);
	check_device(options->device);
	check_lock_path(options);
	MUST(is_one_of(options->sim_cpu, models));
	MUST(options->mode <= 0777 || options->mode == MODE_DEFAULT);
	MUST(options->max_opens >= 1 && options->max_opens <= INT_MAX);
	MUST(options->scope_cpu <= INT_MAX);
	MUST(options->scope == SCOPE_SYSTEM || options->scope == SCOPE_CPU ||
	     options->scope == SCOPE_OPENER);
	MUST(options->scope == SCOPE_SYSTEM || options->backend->scopes);
	MUST(options->backend == &perf_backend || options->backend == &msr_backend ||
	     options->backend == &sim_backend);
	MUST(!options->transport || options->transport == &cuse_transport ||
	     options->transport == &fuse_transport);
	MUST(options->events >= EVENT_SET_AUTO && options->events <= EVENT_SET_NATIVE);
	MUST(!options->trace || options->trace_file || options->foreground);
	MUST(options->trace || !options->trace_file);
	MUST(options->check == CHECK_NONE || options->check == CHECK_TEXT ||
	     options->check == CHECK_JSON);
}

static void check_same(const struct options *one, const struct options *other)
{
	MUST(one->foreground == other->foreground && one->transport == other->transport);
	MUST(one->backend == other->backend && one->events == other->events);
	MUST(one->scope == other->scope && one->scope_cpu == other->scope_cpu);
	MUST(one->approximate == other->approximate && one->sim_cpu == other->sim_cpu);
	MUST(one->device == other->device && one->group == other->group);
	MUST(one->user == other->user && one->max_opens == other->max_opens);
	MUST(one->mode == other->mode && one->state_directory == other->state_directory);
	MUST(one->pidfile == other->pidfile && one->trace == other->trace);
	MUST(one->trace_file == other->trace_file && one->check == other->check);
}

/* By the streams, as the descriptors are for findings. What is printed is told by its size. */
static enum options_verdict parse(struct line *line, struct options *options)
{
	FILE *output = stdout;
	FILE *errors = stderr;
	char *text = NULL;
	size_t printed = 0;
	FILE *stream = open_memstream(&text, &printed);
	enum options_verdict verdict;

	MUST(stream);
	log_forget();
	stdout = stream;
	stderr = stream;
	verdict = options_parse(line->count, line->argument, options);
	stdout = output;
	stderr = errors;
	MUST(fclose(stream) == 0);
	free(text);
	MUST((verdict == OPTIONS_RUN) == (printed == 0 && log_said()[0] == '\0'));
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct options untouched;
	struct options options;
	struct options again;
	struct line line;

	memset(&untouched, 0x5a, sizeof untouched);
	options = untouched;
	again = untouched;
	split(&bytes, &line);
	switch (parse(&line, &options)) {
	case OPTIONS_RUN:
		check(&line, &options);
		MUST(parse(&line, &again) == OPTIONS_RUN);
		check_same(&options, &again);
		break;
	case OPTIONS_DONE:
	case OPTIONS_BAD:
		MUST(memcmp(&options, &untouched, sizeof options) == 0);
		break;
	default:
		MUST(!"a verdict that there is not");
	}
	free_line(&line);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/model.h"
#include "log.h"
#include "transport/node.h"
#include "transport/transport.h"

/* In the order in which the usage names them. */
static const struct transport_operations *const transports[] = { &cuse_transport, &fuse_transport };
const struct backend_operations *const options_backends[] = { &perf_backend, &msr_backend,
							      &sim_backend, NULL };

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum option_value {
	OPTION_FOREGROUND = 'f',
	OPTION_TRANSPORT = CHAR_MAX + 1,
	OPTION_DEVICE,
	OPTION_BACKEND,
	OPTION_EVENTS,
	OPTION_SCOPE,
	OPTION_APPROXIMATE,
	OPTION_SIM_CPU,
	OPTION_USER,
	OPTION_GROUP,
	OPTION_MODE,
	OPTION_MAX_OPENS,
	OPTION_STATE_DIR,
	OPTION_TRACE,
	OPTION_PIDFILE,
	OPTION_CHECK,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "transport", required_argument, NULL, OPTION_TRANSPORT },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "backend", required_argument, NULL, OPTION_BACKEND },
	{ "events", required_argument, NULL, OPTION_EVENTS },
	{ "scope", required_argument, NULL, OPTION_SCOPE },
	{ "approximate", no_argument, NULL, OPTION_APPROXIMATE },
	{ "sim-cpu", required_argument, NULL, OPTION_SIM_CPU },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "group", required_argument, NULL, OPTION_GROUP },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "max-opens", required_argument, NULL, OPTION_MAX_OPENS },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "trace", optional_argument, NULL, OPTION_TRACE },
	{ "pidfile", required_argument, NULL, OPTION_PIDFILE },
	{ "check", optional_argument, NULL, OPTION_CHECK },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

/* One literal per line of the output. */
/* clang-format off */
static const char usage[] =
	"usage: perfmond [-f] [--transport auto|cuse|fuse] [--device NAME]\n"
	"                [--backend auto|perf|msr|sim] [--sim-cpu p5|p6|arch|amd]\n"
	"                [--events auto|p5|p6|native] [--scope system|cpu:N|opener]\n"
	"                [--approximate] [--user U] [--group G] [--mode OCTAL]\n"
	"                [--max-opens N] [--state-dir DIR] [--trace[=FILE]] [--pidfile FILE]\n"
	"       perfmond --check[=json] [OPTION...]\n"
	"       perfmond --version | --help\n"
	"\n"
	"Serves the perfmon(4) device /dev/perfmon. See perfmond(8).\n"
	"\n"
	"  -f                   stay in the foreground\n"
	"  --transport T        cuse: a character device; fuse: a mount over a plain file;\n"
	"                       auto: cuse where the kernel has it, else fuse\n"
	"  --device NAME        the node is /dev/NAME (perfmon)\n"
	"  --backend B          perf: the kernel's perf events; msr: the CPU's own counters;\n"
	"                       sim: a simulated CPU, whose counts are no measurements;\n"
	"                       auto: perf\n"
	"  --sim-cpu C          the CPU that --backend sim simulates: p5, p6, arch or amd (p6)\n"
	"  --events E           whose event codes clients use: p5, p6, or native, the CPU's;\n"
	"                       auto: native with msr and sim and on a P5 or P6, else p6\n"
	"  --scope S            whose events are counted: system, all programs' and the kernel's on\n"
	"                       all CPUs; cpu:N, those on CPU N; opener, those of the process that\n"
	"                       sets a counter up and of what it starts from then on (system)\n"
	"  --approximate        count events also by what stands for them and no more\n"
	"  --user U             the user that perfmond becomes when the node is up (perfmond);\n"
	"                       root: it stays root and keeps all of root's rights\n"
	"  --group G            the node's group (perfmon; root where there is no such group)\n"
	"  --mode OCTAL         the node's mode (0660; 0600 where there is no group perfmon)\n"
	"  --max-opens N        the most open files of the node that a user has at a time (8192)\n"
	"  --state-dir DIR      where the lock of the node and the journal of --backend msr are\n"
	"                       (/run/perfmond)\n"
	"  --trace[=FILE]       a line for each request, to FILE or standard error\n"
	"  --pidfile FILE       write the process id there\n"
	"  --check[=json]       say what of this machine perfmond could use, and change nothing;\n"
	"                       status 0 where it could start with these options, else 1\n";
/* clang-format on */

static enum options_verdict bad(const char *option, const char *value, const char *wanted)
{
	log_error("--%s %s: %s", option, value, wanted);
	return OPTIONS_BAD;
}

static enum options_verdict parse_transport(const char *value, struct options *options)
{
	options->transport = NULL;
	if (strcmp(value, "auto") == 0)
		return OPTIONS_RUN;
	for (size_t i = 0; i < COUNT(transports); i++)
		if (strcmp(value, transports[i]->name) == 0) {
			options->transport = transports[i];
			return OPTIONS_RUN;
		}
	return bad("transport", value, "must be auto, cuse or fuse");
}

static enum options_verdict parse_backend(const char *value, struct options *options)
{
	options->backend = &perf_backend;
	if (strcmp(value, "auto") == 0)
		return OPTIONS_RUN;
	for (size_t i = 0; options_backends[i]; i++)
		if (strcmp(value, options_backends[i]->name) == 0) {
			options->backend = options_backends[i];
			return OPTIONS_RUN;
		}
	return bad("backend", value, "must be auto, perf, msr or sim");
}

static enum options_verdict parse_events(const char *value, struct options *options)
{
	for (int set = EVENT_SET_AUTO; set <= EVENT_SET_NATIVE; set++)
		if (strcmp(value, event_set_name((enum event_set)set)) == 0) {
			options->events = (enum event_set)set;
			return OPTIONS_RUN;
		}
	return bad("events", value, "must be auto, p5, p6 or native");
}

static enum options_verdict parse_scope(const char *value, struct options *options)
{
	char *end;
	unsigned long cpu;

	options->scope = strcmp(value, "opener") == 0 ? SCOPE_OPENER : SCOPE_SYSTEM;
	if (strcmp(value, "system") == 0 || strcmp(value, "opener") == 0)
		return OPTIONS_RUN;
	if (strncmp(value, "cpu:", 4) != 0 || !isdigit((unsigned char)value[4]))
		return bad("scope", value, "must be system, opener or cpu:N");
	cpu = strtoul(value + 4, &end, 10);
	if (*end != '\0' || cpu > INT_MAX)
		return bad("scope", value, "must have the number of a CPU after cpu:");
	options->scope = SCOPE_CPU;
	options->scope_cpu = (unsigned)cpu;
	return OPTIONS_RUN;
}

static enum options_verdict parse_sim_cpu(const char *value, struct options *options)
{
	enum model_kind kind;

	if (model_kind_by_name(value, &kind) < 0)
		return bad("sim-cpu", value, "must be p5, p6, arch or amd");
	options->sim_cpu = value;
	return OPTIONS_RUN;
}

/* A name without '/', which would leave /dev, and without '!', which the kernel makes a '/'. */
static enum options_verdict parse_device(const char *value, struct options *options)
{
	size_t length = strlen(value);

	if (length == 0 || length > NODE_NAME_MAX || value[0] == '.' || value[0] == '-')
		return bad("device", value, "must be a plain name");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr("_-.", value[i]))
			return bad("device", value, "must be of letters, digits, '_', '-' and '.'");
	options->device = value;
	return OPTIONS_RUN;
}

static enum options_verdict parse_mode(const char *value, struct options *options)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	if (!isdigit((unsigned char)*value) || *end != '\0' || mode > 0777)
		return bad("mode", value, "must be an octal number from 0 to 777");
	options->mode = (mode_t)mode;
	return OPTIONS_RUN;
}

static enum options_verdict parse_max_opens(const char *value, struct options *options)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end != '\0' || number < 1 || number > INT_MAX)
		return bad("max-opens", value, "must be a number from 1 on");
	options->max_opens = (unsigned)number;
	return OPTIONS_RUN;
}

static enum options_verdict parse_check(const char *value, struct options *options)
{
	if (value && strcmp(value, "json") != 0)
		return bad("check", value, "must be json, or nothing for text");
	options->check = value ? CHECK_JSON : CHECK_TEXT;
	return OPTIONS_RUN;
}

static enum options_verdict parse_one(int option, const char *value, struct options *options)
{
	switch (option) {
	case OPTION_FOREGROUND:
		options->foreground = true;
		return OPTIONS_RUN;
	case OPTION_TRANSPORT:
		return parse_transport(value, options);
	case OPTION_DEVICE:
		return parse_device(value, options);
	case OPTION_BACKEND:
		return parse_backend(value, options);
	case OPTION_EVENTS:
		return parse_events(value, options);
	case OPTION_SCOPE:
		return parse_scope(value, options);
	case OPTION_APPROXIMATE:
		options->approximate = true;
		return OPTIONS_RUN;
	case OPTION_SIM_CPU:
		return parse_sim_cpu(value, options);
	case OPTION_USER:
		options->user = value;
		return OPTIONS_RUN;
	case OPTION_GROUP:
		options->group = value;
		return OPTIONS_RUN;
	case OPTION_MODE:
		return parse_mode(value, options);
	case OPTION_MAX_OPENS:
		return parse_max_opens(value, options);
	case OPTION_STATE_DIR:
		options->state_directory = value;
		return OPTIONS_RUN;
	case OPTION_TRACE:
		options->trace = true;
		options->trace_file = value;
		return OPTIONS_RUN;
	case OPTION_PIDFILE:
		options->pidfile = value;
		return OPTIONS_RUN;
	case OPTION_CHECK:
		return parse_check(value, options);
	case OPTION_VERSION:
		puts("perfmond " PERFMOND_VERSION);
		return OPTIONS_DONE;
	case OPTION_HELP:
		fputs(usage, stdout);
		return OPTIONS_DONE;
	default:
		/* getopt_long(3) has named the fault. */
		fputs("Try 'perfmond --help'.\n", stderr);
		return OPTIONS_BAD;
	}
}

enum options_verdict options_parse(int argc, char *argv[], struct options *ret_options)
{
	struct options options = {
		.backend = &perf_backend,
		.events = EVENT_SET_AUTO,
		.sim_cpu = "p6",
		.device = "perfmon",
		.user = USER_DEFAULT,
		.max_opens = 8192,
		.mode = MODE_DEFAULT,
		.state_directory = "/run/perfmond",
	};
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "f", long_options, NULL)) != -1) {
		enum options_verdict verdict = parse_one(option, optarg, &options);

		if (verdict != OPTIONS_RUN)
			return verdict;
	}
	if (optind < argc) {
		log_error("%s: perfmond takes no such argument", argv[optind]);
		return OPTIONS_BAD;
	}
	if (options.scope != SCOPE_SYSTEM && !options.backend->scopes) {
		log_error("--scope takes --backend perf: backend %s counts the whole machine",
			  options.backend->name);
		return OPTIONS_BAD;
	}
	if (options.trace && !options.trace_file && !options.foreground) {
		log_error("--trace without a file takes -f: in the background there is no standard "
			  "error");
		return OPTIONS_BAD;
	}
	*ret_options = options;
	return OPTIONS_RUN;
}

int options_lock_path(const struct options *options, char path[PATH_MAX])
{
	int length =
		snprintf(path, PATH_MAX, "%s/%s.lock", options->state_directory, options->device);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "signals.h"
#include "tool.h"

#define OPTIONS_MAX 12

/* What goes to perfmond as it stands. */
struct passed {
	const char *argument[OPTIONS_MAX];
	size_t count;
	bool perf; /* is the backend */
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "events", required_argument, NULL, 'e' },
	{ "backend", required_argument, NULL, 'b' },
	{ "sim-cpu", required_argument, NULL, 'c' },
	{ "approximate", no_argument, NULL, 'a' },
	{ "trace", no_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

static const char *name_of(int letter)
{
	static const char names[][16] = { "--events", "--backend", "--sim-cpu", "--approximate",
					  "--trace" };

	return names[strchr("ebcat", letter) - "ebcat"];
}

static void pass(struct passed *passed, const char *argument)
{
	passed->argument[passed->count++] = argument;
}

/* Returns 0, with optind at the client, or an exit status, said; -1 where help was asked for. */
static int parse(int argc, char **argv, struct passed *passed)
{
	int status = 0;
	int letter;

	while ((letter = tool_option(&run_subcommand, argc, argv, "+h", options, &status)) != -1) {
		if (letter == '?')
			return status ? STATUS_OWN : -1;
		if (passed->count + 4 > OPTIONS_MAX) {
			tool_usage(&run_subcommand, "too many options");
			return STATUS_OWN;
		}
		pass(passed, name_of(letter));
		if (!optarg)
			continue;
		pass(passed, optarg);
		if (letter == 'b')
			passed->perf = strcmp(optarg, "perf") == 0 || strcmp(optarg, "auto") == 0;
	}
	/* The others have the system's alone. */
	if (passed->perf) {
		pass(passed, "--scope");
		pass(passed, "opener");
	}
	if (argv[optind])
		return 0;
	tool_usage(&run_subcommand, "which client?");
	return STATUS_OWN;
}

struct run {
	struct run_server server;
	sigset_t mask; /* as it was */
	uid_t user;
	gid_t group;
	pid_t client;
	int signals;
};

static int catch_signals(struct run *run)
{
	sigset_t held;

	signals_hold(&held, &run->mask);
	run->signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals >= 0)
		return 0;
	tool_fail("run: signalfd: %s", strerror(errno));
	return STATUS_OWN;
}

static _Noreturn void be_client(const struct run *run, char **argv)
{
	int error;

	if (run_leave(run->user, run->group))
		_exit(STATUS_OWN);
	/* The node here is /dev/perfmon, wherever another is. */
	unsetenv("PERFMON_DEVICE");
	sigprocmask(SIG_SETMASK, &run->mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	tool_fail("run: %s: %s", argv[0], strerror(error));
	_exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static void take_signals(const struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo != SIGCHLD)
			signals_pass(run->client, (int)info.ssi_signo, info.ssi_code);
}

/* Returns the client's exit status, as a shell has it. */
static int attend(struct run *run)
{
	struct pollfd fds[] = { { .fd = run->signals, .events = POLLIN },
				{ .fd = run->server.log, .events = POLLIN } };
	int status = 0;

	while (waitpid(run->client, &status, WNOHANG) == 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents && !run_server_hear(&run->server))
			fds[1].fd = -1;
		take_signals(run);
		if (run_server_ended(&run->server))
			tool_fail("run: perfmond ended before the client, whose requests fail");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_client(struct run *run, char **argv)
{
	run->client = fork();
	if (run->client == 0)
		be_client(run, argv);
	if (run->client > 0)
		return attend(run);
	tool_fail("run: fork: %s", strerror(errno));
	return STATUS_OWN;
}

static int run_own(int argc, char **argv)
{
	struct passed passed = { .perf = true };
	struct run run = { .user = geteuid(), .group = getegid() };
	int status = parse(argc, argv, &passed);

	if (status)
		return status < 0 ? EXIT_SUCCESS : status;
	status = run_check_fuse();
	if (status == 0)
		status = run_enter();
	if (status == 0 && passed.perf)
		status = run_check_perf();
	if (status == 0)
		status = run_server_start(&run.server, passed.argument, passed.count);
	if (status)
		return status;
	status = catch_signals(&run);
	if (status == 0)
		status = run_client(&run, argv + optind);
	run_server_end(&run.server);
	return status;
}

const struct subcommand run_subcommand = {
	.name = "run",
	.summary = "runs a client with a perfmond of its user's own, without root",
	.usage = "[OPTION...] [--] CLIENT [ARGUMENT...]",
	.help = "  --events auto|p5|p6|native  whose event codes the client uses\n"
		"  --backend perf|sim          sim: a simulated CPU, whose counts are no "
		"measurements\n"
		"  --sim-cpu p5|p6|arch|amd    the CPU that sim simulates\n"
		"  --approximate               counts events also by what stands for them and no "
		"more\n"
		"  --trace                     a line for each request, on standard error\n"
		"Counted is what the client does, in user mode where perf_event_paranoid is 2.\n"
		"The exit status is the client's; 125 where perfmon failed, 126 where the client\n"
		"cannot be run, 127 where there is none.\n",
	.run = run_own,
};

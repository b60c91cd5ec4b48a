/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "tool.h"

#define STATE          "/dev/.perfmond"
#define ARGUMENTS_MAX  32
#define START_TEXT_MAX 8192

/* A perfmond of the build tree goes with a perfmon of it. */
static void find_perfmond(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 32);
	char *directory;

	path[length < 0 ? 0 : length] = '\0';
	directory = strrchr(path, '/');
	if (directory) {
		strcpy(directory, "/../daemon/perfmond");
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, PATH_MAX, "%s", PERFMOND_PATH);
}

static _Noreturn void be_perfmond(int log, pid_t parent, const char *const options[], size_t count)
{
	char path[PATH_MAX];
	const char *arguments[ARGUMENTS_MAX] = {
		"perfmond", "-f",   "--transport", "fuse", "--user",      "root",
		"--group",  "root", "--mode",      "0600", "--state-dir", STATE,
	};
	size_t used = 0;
	sigset_t none;

	while (arguments[used])
		used++;
	for (size_t i = 0; i < count && used + 1 < ARGUMENTS_MAX; i++)
		arguments[used++] = options[i];
	find_perfmond(path);
	dup2(log, STDERR_FILENO);
	/* Away from the terminal's signals, which are the client's; but not beyond perfmon's end.
	 */
	setsid();
	/* Who started perfmon may have left it ignored or blocked, and perfmond ends by it. */
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(STATUS_OWN);
	execv(path, (char *const *)arguments);
	fprintf(stderr, "perfmond: %s: %s\n", path, strerror(errno));
	_exit(STATUS_OWN);
}

/* Reads until perfmond is ready, or has ended. Returns whether it is ready. */
static bool await(int log, char text[START_TEXT_MAX])
{
	size_t length = 0;
	ssize_t more;

	while (length < START_TEXT_MAX - 1) {
		more = read(log, text + length, START_TEXT_MAX - 1 - length);
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			break;
		length += (size_t)more;
		text[length] = '\0';
		if (strstr(text, "perfmond: ready:"))
			return true;
	}
	text[length] = '\0';
	return false;
}

int run_server_start(struct run_server *server, const char *const options[], size_t count)
{
	char text[START_TEXT_MAX];
	pid_t self = getpid();
	int ends[2];
	int error;

	if (mkdir(STATE, 0700) < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		tool_fail("run: perfmond cannot be started: %s", strerror(errno));
		return STATUS_OWN;
	}
	server->process = fork();
	if (server->process == 0)
		be_perfmond(ends[1], self, options, count);
	error = errno;
	close(ends[1]);
	server->log = ends[0];
	if (server->process > 0 && await(server->log, text))
		return 0;
	if (server->process < 0) {
		tool_fail("run: perfmond cannot be started: %s", strerror(error));
	} else {
		fputs(text, stderr);
		tool_fail("run: perfmond did not start");
	}
	run_server_end(server);
	return STATUS_OWN;
}

bool run_server_hear(struct run_server *server)
{
	char text[4096];
	ssize_t length = TEMP_FAILURE_RETRY(read(server->log, text, sizeof text));

	if (length > 0)
		fwrite(text, 1, (size_t)length, stderr);
	return length > 0;
}

bool run_server_ended(struct run_server *server)
{
	if (server->process == 0 || waitpid(server->process, NULL, WNOHANG) == 0)
		return false;
	server->process = 0;
	return true;
}

void run_server_end(struct run_server *server)
{
	if (server->process > 0)
		kill(server->process, SIGTERM);
	while (run_server_hear(server))
		continue;
	if (server->process > 0)
		TEMP_FAILURE_RETRY(waitpid(server->process, NULL, 0));
	close(server->log);
}

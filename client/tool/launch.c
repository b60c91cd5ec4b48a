/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "tool.h"

/* What the new process tells: that it began to count, or that something failed. */
struct message {
	int status; /* 0, or the exit status of its failure */
	struct timespec started;
	char text[480];
};

_Static_assert(sizeof(struct message) <= 512, "a pipe passes it in one piece: POSIX, PIPE_BUF");

static void tell(int pipe, const struct message *message)
{
	if (write(pipe, message, sizeof *message) != sizeof *message)
		_exit(STATUS_OWN);
}

static _Noreturn void fail(int pipe, int status, const char *text)
{
	struct message message = { .status = status };

	snprintf(message.text, sizeof message.text, "%s", text);
	tell(pipe, &message);
	_exit(status);
}

/* A P6's counter 1 counts while counter 0 runs, which is set up to count nothing if need be. */
static int count(struct perfmon *device, const struct spec *const on[NPMC])
{
	bool alone = !on[0] && on[1]->counted.pme_class == PME_NATIVE;
	int result = 0;

	for (int i = 0; i < NPMC && result == 0; i++)
		if (on[i] || alone)
			result = perfmon_setup(device, i, on[i] ? on[i]->value : 0);
	for (int i = 0; i < NPMC && result == 0; i++)
		if (on[i] || alone)
			result = perfmon_start(device, i);
	return result;
}

static _Noreturn void be_command(int pipe, struct perfmon *device,
				 const struct spec *const on[NPMC], char **argv,
				 const sigset_t *mask)
{
	struct message message = { 0 };
	char text[256];
	int error;

	if (count(device, on) < 0)
		fail(pipe, STATUS_OWN, perfmon_error());
	clock_gettime(CLOCK_MONOTONIC, &message.started);
	tell(pipe, &message);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	error = errno;
	snprintf(text, sizeof text, "%s: %s", argv[0], strerror(error));
	fail(pipe, error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN, text);
}

/* Returns the bytes read: 0 where the other end is closed. */
static ssize_t hear(int pipe, struct message *ret_message)
{
	ssize_t length;

	do
		length = read(pipe, ret_message, sizeof *ret_message);
	while (length < 0 && errno == EINTR);
	return length;
}

/* Until the command runs, by which the pipe is closed. */
static int hear_begin(int pipe, struct launch *launch)
{
	struct message message;

	if (hear(pipe, &message) != sizeof message) {
		tool_fail("the process of the command ended before it began to count");
		return STATUS_OWN;
	}
	launch->started = message.started;
	if (message.status == 0 && hear(pipe, &message) != sizeof message)
		return 0;
	tool_fail("%s", message.text);
	return message.status;
}

int launch_begin(struct launch *launch, struct perfmon *device, const struct spec *const on[NPMC],
		 char **argv, const sigset_t *mask)
{
	int ends[2];
	int status;

	*launch = (struct launch){ 0 };
	if (pipe2(ends, O_CLOEXEC) < 0) {
		tool_fail("pipe: %s", strerror(errno));
		return STATUS_OWN;
	}
	launch->process = fork();
	if (launch->process == 0)
		be_command(ends[1], device, on, argv, mask);
	close(ends[1]);
	if (launch->process < 0) {
		tool_fail("fork: %s", strerror(errno));
		close(ends[0]);
		return STATUS_OWN;
	}
	status = hear_begin(ends[0], launch);
	close(ends[0]);
	if (status)
		waitpid(launch->process, NULL, 0);
	return status;
}

void launch_look(struct launch *launch)
{
	if (!launch->ended && wait4(launch->process, &launch->status, WNOHANG, &launch->rusage) > 0)
		launch->ended = true;
}

int launch_status(const struct launch *launch)
{
	if (WIFSIGNALED(launch->status))
		return 128 + WTERMSIG(launch->status);
	return WEXITSTATUS(launch->status);
}

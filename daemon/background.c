/* SPDX-License-Identifier: BSD-2-Clause */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

static void wait_for_verdict(pid_t child, int fd)
{
	char ready;
	int status;

	if (read(fd, &ready, 1) == 1)
		_exit(EXIT_SUCCESS);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EXIT_FAILURE);
}

int background_start(void)
{
	int pipe_fd[2];
	int result;
	pid_t child;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0) {
		result = -errno;
		log_error("cannot go to the background: %s", strerror(errno));
		return result;
	}
	child = fork();
	if (child < 0) {
		result = -errno;
		log_error("cannot go to the background: %s", strerror(errno));
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		return result;
	}
	if (child > 0) {
		close(pipe_fd[1]);
		wait_for_verdict(child, pipe_fd[0]);
	}
	close(pipe_fd[0]);
	return pipe_fd[1];
}

/* Opened before the rights to do so are gone. */
static int null = -1;

void background_detach(void)
{
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	if (chdir("/") < 0 || null < 0)
		log_warning("the directory or terminal of the start stays in use: %s",
			    strerror(errno));
}

void background_ready(int fd)
{
	int result = log_detach(null);

	if (result < 0)
		log_warning("the log stays on standard error: no socket for syslog: %s",
			    strerror(-result));
	if (write(fd, "", 1) != 1)
		log_warning("whoever started the daemon went away before it was ready");
	close(fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "privilege/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "privilege/privilege.h"

/* The lowest descriptor from `low` on that stays open, or -1. */
static int next_kept(const struct keeper_task *task, int pipe, int low)
{
	int next = pipe >= low ? pipe : -1;

	for (size_t i = 0; i < task->held_count; i++)
		if (task->held[i] >= low && (next < 0 || task->held[i] < next))
			next = task->held[i];
	return next;
}

/* perfmond's own end of the pipe among them, or the keeper would wait for itself. */
static void close_others(const struct keeper_task *task, int pipe)
{
	int low = STDERR_FILENO + 1;
	int kept;

	while ((kept = next_kept(task, pipe, low)) >= 0) {
		if (kept > low)
			close_range((unsigned)low, (unsigned)kept - 1, 0);
		low = kept + 1;
	}
	close_range((unsigned)low, ~0U, 0);
}

/* Whoever reads perfmond's standard error waits for its end. */
static void detach(void)
{
	/* Where that fails, standard error stays. */
	(void)log_detach(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/* Those that end perfmond may go to all of its processes: a terminal's do. */
static void outlive_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static _Noreturn void keep(const struct keeper_task *task, int pipe)
{
	char byte;

	prctl(PR_SET_NAME, "perfmond-keeper");
	outlive_signals();
	close_others(task, pipe);
	if (task->detached)
		detach();
	if (privilege_confine_root(&task->rights) < 0)
		log_warning("the process that cleans up keeps more rights than it needs");
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		continue;
	task->clean();
	_exit(EXIT_SUCCESS);
}

int keeper_start(const struct keeper_task *task, struct keeper *ret_keeper)
{
	int ends[2];
	int result;
	pid_t process;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		result = -errno;
		log_error("no process that cleans up: %s", strerror(errno));
		return result;
	}
	process = fork();
	if (process == 0)
		keep(task, ends[0]);
	result = process < 0 ? -errno : 0;
	close(ends[0]);
	if (result < 0) {
		log_error("no process that cleans up: %s", strerror(-result));
		close(ends[1]);
		return result;
	}
	*ret_keeper = (struct keeper){ .process = process, .pipe = ends[1] };
	return 0;
}

void keeper_end(struct keeper *keeper)
{
	int status = 0;

	if (keeper->process == 0)
		return;
	close(keeper->pipe);
	TEMP_FAILURE_RETRY(waitpid(keeper->process, &status, 0));
	if (WIFSIGNALED(status))
		log_warning("perfmond-keeper was killed (%s): the node's mount, its socket, the "
			    "lock and the pidfile may be left: the next start with the same "
			    "--device and --state-dir takes them away",
			    strsignal(WTERMSIG(status)));
	keeper->process = 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.h"

/* Of the latest one: it is reading, or hangs in it. 0: there is none. */
static pid_t reader;

/* What it hangs in is to keep nothing of perfmond open: neither the node nor a lock. */
static void keep_only(int first, int second)
{
	unsigned low = (unsigned)(first < second ? first : second);
	unsigned high = (unsigned)(first < second ? second : first);

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

/*
 * What it waits for ends with a signal that is not caught. By its own, as perfmond may send none to
 * any process.
 */
static void set_end(void)
{
	static const struct itimerval life = { .it_value.tv_sec = 1 };
	sigset_t alarm;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	setitimer(ITIMER_REAL, &life, NULL);
}

/* In a process that has one thread of several, so nothing that allocates. */
static void copy(int directory, const char *name, int out)
{
	char text[4096];
	ssize_t size;
	int fd;

	keep_only(directory, out);
	set_end();
	fd = openat(directory, name, O_RDONLY);
	if (fd < 0)
		_exit(errno);
	while ((size = read(fd, text, sizeof text)) > 0)
		if (write(out, text, (size_t)size) != size)
			break;
	_exit(size < 0 ? errno : 0);
}

static int begin(int directory, const char *name, int *ret_fd)
{
	int ends[2];
	int result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = fork();
	if (reader == 0)
		copy(directory, name, ends[1]);
	result = reader < 0 ? -errno : 0;
	close(ends[1]);
	if (result < 0) {
		reader = 0;
		close(ends[0]);
		return result;
	}
	*ret_fd = ends[0];
	return 0;
}

/* Its error where it could not open the file. */
static int reap(void)
{
	int status;

	TEMP_FAILURE_RETRY(waitpid(reader, &status, 0));
	reader = 0;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int apart_open(int directory, const char *name, FILE **ret_stream)
{
	struct pollfd out = { .events = POLLIN };
	int result;

	if ((reader > 0 && worker_is_left(reader)) || workers_left() >= WORKERS_LEFT)
		return -EAGAIN;
	result = begin(directory, name, &out.fd);
	if (result < 0)
		return result;
	if (TEMP_FAILURE_RETRY(poll(&out, 1, APART_PATIENCE)) <= 0) {
		result = -EAGAIN;
	} else if (!(out.revents & POLLIN)) {
		result = reap();
		if (result == 0)
			result = -EIO;
	} else {
		*ret_stream = fdopen(out.fd, "r");
		if (*ret_stream)
			return 0;
		result = -errno;
	}
	close(out.fd);
	/* Left to itself. */
	if (reader > 0)
		worker_wait_later(reader);
	return result;
}

void apart_close(FILE *stream)
{
	char rest[256];

	while (fgets(rest, sizeof rest, stream))
		;
	fclose(stream);
	reap();
}

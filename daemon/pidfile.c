/* SPDX-License-Identifier: BSD-2-Clause */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "probe.h"

/* To lock a file, 10 ms apart. */
#define TRIES 200

/*
 * An owner that ends removes the file and then lets go of the lock: a lock taken meanwhile is on a
 * file that has no name.
 */
static bool is_named(int fd, const char *path)
{
	struct stat opened;
	struct stat named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* What is written to and removed must not be a device that somebody named by mistake. */
static int check_plain(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? 0 : -EINVAL;
}

/* A locked descriptor of the file that has the name, or a negative errno. */
static int open_locked(const char *path)
{
	for (;;) {
		int fd = open(path,
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
			      0644);
		int result;

		if (fd < 0)
			return -errno;
		result = check_plain(fd);
		if (result == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
			result = -errno;
		if (result < 0) {
			close(fd);
			return result;
		}
		if (is_named(fd, path))
			return fd;
		close(fd);
	}
}

/* The process id in the file, or 0. */
static long read_pid(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t size = read(fd, text, sizeof text - 1);

		close(fd);
		if (size > 0)
			text[size] = '\0';
	}
	return strtol(text, NULL, 10);
}

/* Whether the process that the file names has ended. */
static bool has_ended(long pid)
{
	return pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static int open_patiently(const char *path)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int fd = open_locked(path);

	for (int tries = 0; fd == -EWOULDBLOCK && has_ended(read_pid(path)) && tries < TRIES;
	     tries++) {
		nanosleep(&pause, NULL);
		fd = open_locked(path);
	}
	return fd;
}

static void log_holder(const char *path)
{
	long pid = read_pid(path);

	/* It may not have written its number yet. */
	if (pid <= 0)
		pid = probe_lock_holder(path, 0);
	if (pid > 0)
		log_error("%s: process %ld has it locked: that perfmond runs already; stop it "
			  "first",
			  path, pid);
	else
		log_error("%s: another process has it locked: that perfmond runs already; stop it "
			  "first",
			  path);
}

static int write_id(int fd, const char *text, int length)
{
	ssize_t written;

	if (ftruncate(fd, 0) < 0)
		return -errno;
	written = write(fd, text, (size_t)length);
	if (written < 0)
		return -errno;
	return written == length ? 0 : -ENOSPC;
}

int pidfile_open(const char *path, struct pidfile *ret_pidfile)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	char *absolute = NULL;
	int result;
	int fd = open_patiently(path);

	if (fd == -EWOULDBLOCK) {
		log_holder(path);
		return -EBUSY;
	}
	if (fd < 0) {
		log_error("%s: %s", path, fd == -EINVAL ? "not a plain file" : strerror(-fd));
		return fd;
	}
	result = write_id(fd, text, length);
	if (result == 0) {
		absolute = realpath(path, NULL);
		result = absolute ? 0 : -errno;
	}
	if (result < 0) {
		log_error("%s: the process id cannot be written: %s", path, strerror(-result));
		unlink(path);
		close(fd);
		return result;
	}
	*ret_pidfile = (struct pidfile){ .path = absolute, .fd = fd };
	return 0;
}

long pidfile_holder(const char *path)
{
	return probe_lock_holder(path, read_pid(path));
}

void pidfile_remove(const struct pidfile *pidfile)
{
	if (pidfile->path)
		unlink(pidfile->path);
}

void pidfile_close(struct pidfile *pidfile)
{
	if (!pidfile->path)
		return;
	close(pidfile->fd);
	free(pidfile->path);
	pidfile->path = NULL;
}

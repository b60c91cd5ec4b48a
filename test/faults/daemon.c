/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS_MAX 32

static const char *path_of(const struct daemon *daemon, const char *name)
{
	static char path[2][512];
	static unsigned which;

	which ^= 1;
	snprintf(path[which], sizeof path[which], "%s/%s", daemon->work, name);
	return path[which];
}

static void fill_hit(const struct daemon *daemon)
{
	int fd = open(path_of(daemon, "hit"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "\0\0\0\0\0\0\0", 8) != 8)
		abort();
	close(fd);
}

static void become(const struct daemon *daemon, const char *fault)
{
	char state[512];
	const char *argument[OPTIONS_MAX] = { daemon->program, "-f",   "--device", daemon->name,
					      "--state-dir",   state,  "--user",   "nobody",
					      "--group",       "root", "--mode",   "0600" };
	int count = 12;
	int fd = open(path_of(daemon, "said"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	snprintf(state, sizeof state, "%s/state", daemon->work);
	for (char *const *option = daemon->option; *option && count < OPTIONS_MAX - 1; option++)
		argument[count++] = *option;
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	setenv("LD_PRELOAD", daemon->layer, 1);
	setenv("PERFMOND_TEST_FAULT", fault, 1);
	setenv("PERFMOND_TEST_HIT", path_of(daemon, "hit"), 1);
	execv(daemon->program, (char *const *)argument);
	_exit(127);
}

void daemon_start(struct daemon *daemon, const char *fault)
{
	fill_hit(daemon);
	if (truncate(path_of(daemon, "said"), 0) < 0 && errno != ENOENT)
		abort();
	if (daemon->without && unlink(daemon->without) < 0 && errno != ENOENT)
		abort();
	daemon->process = fork();
	if (daemon->process < 0)
		abort();
	if (daemon->process == 0)
		become(daemon, fault);
}

const char *daemon_said(const struct daemon *daemon)
{
	static char said[8192];
	int fd = open(path_of(daemon, "said"), O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, said, sizeof said - 1);

	if (fd >= 0)
		close(fd);
	said[size < 0 ? 0 : size] = '\0';
	return said;
}

static void wait_a_little(void)
{
	static const struct timespec little = { .tv_nsec = 1000000 };

	nanosleep(&little, NULL);
}

static bool has_ended(struct daemon *daemon)
{
	if (daemon->process > 0 &&
	    waitpid(daemon->process, &daemon->status, WNOHANG) == daemon->process)
		daemon->process = 0;
	return daemon->process == 0;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool is_mounted(const char *path)
{
	char line[1024];
	char wanted[300];
	bool found = false;
	FILE *file = fopen("/proc/self/mounts", "re");

	snprintf(wanted, sizeof wanted, " %s ", path);
	while (file && !found && fgets(line, sizeof line, file))
		found = strstr(line, wanted) != NULL;
	if (file)
		fclose(file);
	return found;
}

/* Mounted, or the kernel's own for CUSE. */
static bool is_served(const char *node)
{
	struct stat status;

	return is_mounted(node) || (lstat(node, &status) == 0 && S_ISCHR(status.st_mode));
}

/* The line may be what the fault has lost. */
bool daemon_ready(struct daemon *daemon, int milliseconds)
{
	char node[256];
	long begin = now();

	snprintf(node, sizeof node, "/dev/%s", daemon->name);
	while (!strstr(daemon_said(daemon), "perfmond: ready")) {
		if (has_ended(daemon) || now() > begin + milliseconds)
			return false;
		if (now() > begin + milliseconds / 4 && daemon_hit(daemon) && is_served(node))
			return true;
		wait_a_little();
	}
	return true;
}

bool daemon_ended(struct daemon *daemon, int milliseconds)
{
	long until = now() + milliseconds;

	while (!has_ended(daemon)) {
		if (now() > until)
			return false;
		wait_a_little();
	}
	return true;
}

bool daemon_hit(const struct daemon *daemon)
{
	char hit = 0;
	int fd = open(path_of(daemon, "hit"), O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &hit, 1) != 1)
		abort();
	close(fd);
	return hit;
}

static int left_file(const char *path, const char *what, FILE *out)
{
	struct stat status;

	if (lstat(path, &status) < 0 && errno == ENOENT)
		return 0;
	fprintf(out, "left %s; ", what);
	unlink(path);
	return 1;
}

/* An empty one that nobody has locked is what a failed lock leaves, and the next start takes. */
static int left_lock(const char *path, const char *what, FILE *out)
{
	struct stat status;

	if (stat(path, &status) == 0 && status.st_size == 0)
		unlink(path);
	return left_file(path, what, out);
}

int daemon_left(const struct daemon *daemon, FILE *out)
{
	char node[256];
	char other[512];
	int left = 0;

	snprintf(node, sizeof node, "/dev/%s", daemon->name);
	/* fusermount3 unmounts what a perfmond that was killed left, and the kernel a node of CUSE.
	 */
	for (int tries = 0; tries < 100 && is_served(node); tries++)
		wait_a_little();
	if (is_mounted(node)) {
		fputs("left the mount; ", out);
		umount2(node, MNT_DETACH);
		left++;
	}
	left += left_file(node, "the node", out);
	snprintf(other, sizeof other, "%s.socket", node);
	left += left_file(other, "the socket", out);
	snprintf(other, sizeof other, "%s/state/%s.lock", daemon->work, daemon->name);
	left += left_lock(other, "the lock", out);
	left += left_lock(path_of(daemon, "pid"), "the pidfile", out);
	left += left_file(path_of(daemon, "state/msr.journal"), "the journal", out);
	left += left_file(path_of(daemon, "state/msr.journal.new"), "half a journal", out);
	return left;
}

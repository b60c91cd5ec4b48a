/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "tool.h"

/* What programs expect of /dev, and what perfmond needs. An absent one stays absent. */
static const char *const names[] = {
	"null", "zero", "full",  "random", "urandom", "tty", "ptmx",   "pts",
	"shm",  "fd",   "stdin", "stdout", "stderr",  "log", "mqueue", "fuse",
};

#define NAMES (sizeof names / sizeof *names)

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* inside: who the caller, who is outside out there, is from here on. */
static int map(uid_t inside, uid_t outside, gid_t group_inside, gid_t group_outside)
{
	char users[32];
	char groups[32];
	int result;

	snprintf(users, sizeof users, "%u %u 1", inside, outside);
	snprintf(groups, sizeof groups, "%u %u 1", group_inside, group_outside);
	result = write_file("/proc/self/setgroups", "deny");
	if (result == 0)
		result = write_file("/proc/self/uid_map", users);
	if (result == 0)
		result = write_file("/proc/self/gid_map", groups);
	return result < 0 ? run_forbidden_namespaces(-result) : 0;
}

struct entry {
	struct stat status;
	int fd; /* of what is bound, or -1 */
	char target[PATH_MAX];
};

static int bind_entry(const struct entry *entry, const char *path)
{
	char source[32];
	int fd;

	if (S_ISDIR(entry->status.st_mode)) {
		if (mkdir(path, 0755) < 0)
			return -errno;
	} else {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	snprintf(source, sizeof source, "/proc/self/fd/%d", entry->fd);
	return mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

static int look_at(struct entry *entry, const char *path)
{
	ssize_t length;

	entry->fd = -1;
	if (lstat(path, &entry->status) < 0) {
		entry->status.st_mode = 0;
		return errno == ENOENT ? 0 : -errno;
	}
	if (S_ISLNK(entry->status.st_mode)) {
		length = readlink(path, entry->target, sizeof entry->target - 1);
		if (length < 0)
			return -errno;
		entry->target[length] = '\0';
		return 0;
	}
	entry->fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return entry->fd < 0 && errno != ENOENT ? -errno : 0;
}

static int make(const struct entry *entry, const char *path)
{
	if (S_ISLNK(entry->status.st_mode))
		return symlink(entry->target, path) < 0 ? -errno : 0;
	return entry->fd >= 0 ? bind_entry(entry, path) : 0;
}

static int fail(const char *path, int error)
{
	tool_fail("run: %s: %s", path, strerror(error));
	return STATUS_OWN;
}

/* The descriptors reach what the tmpfs covers. */
static int fill_dev(void)
{
	static struct entry entries[NAMES];
	char path[32];
	int result;

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path, sizeof path, "/dev/%s", names[i]);
		result = look_at(&entries[i], path);
		if (result < 0)
			return fail(path, -result);
	}
	result = mount("perfmon", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") < 0 ? -errno
											   : 0;
	if (result < 0)
		return run_forbidden_namespaces(-result);
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path, sizeof path, "/dev/%s", names[i]);
		result = make(&entries[i], path);
		if (result < 0)
			return fail(path, -result);
		if (entries[i].fd >= 0)
			close(entries[i].fd);
	}
	return 0;
}

int run_enter(void)
{
	uid_t user = geteuid();
	gid_t group = getegid();
	int status;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return run_forbidden_namespaces(errno);
	status = map(0, user, 0, group);
	return status ? status : fill_dev();
}

int run_leave(uid_t user, gid_t group)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return run_forbidden_namespaces(errno);
	return map(user, 0, group, 0);
}

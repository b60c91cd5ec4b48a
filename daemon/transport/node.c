/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* What a daemon has to answer an open. */
#define ANSWER_SECONDS 2

void node_path(const struct node *node, char path[NODE_PATH_MAX])
{
	snprintf(path, NODE_PATH_MAX, "/dev/%s", node->name);
}

/*
 * A FUSE mount whose daemon died answers ENOTCONN to whoever opens it. One whose daemon is stopped
 * answers nothing, and only a process that is killed comes back from that: a child asks.
 */
static bool is_dead_mount(const char *path)
{
	siginfo_t ended = { 0 };
	pid_t child = fork();
	sigset_t alarmed;

	if (child < 0)
		return false;
	if (child == 0) {
		/* Whoever started perfmond may have left it blocked or ignored. */
		sigemptyset(&alarmed);
		sigaddset(&alarmed, SIGALRM);
		sigprocmask(SIG_UNBLOCK, &alarmed, NULL);
		signal(SIGALRM, SIG_DFL);
		alarm(ANSWER_SECONDS);
		_exit(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) < 0 && errno == ENOTCONN);
	}
	while (waitid(P_PID, (id_t)child, &ended, WEXITED) < 0 && errno == EINTR)
		continue;
	return ended.si_code == CLD_EXITED && ended.si_status == 1;
}

static int detach_dead_mount(const char *path)
{
	int result = 0;

	if (!is_dead_mount(path))
		return 0;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
		result = -errno;
		log_error("%s: a dead FUSE mount that cannot be detached: %s", path,
			  strerror(errno));
	} else {
		log_info("%s: detached the dead mount of a perfmond that was killed", path);
	}
	return result;
}

/* Looks without asking the server of a mount, which may be stopped. */
static int look(const char *path, struct statx *ret_status)
{
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
		     STATX_TYPE | STATX_SIZE, ret_status) < 0
		       ? -errno
		       : 0;
}

static bool is_left_over(const struct statx *status)
{
	return S_ISREG(status->stx_mode) && status->stx_size == 0 &&
	       !(status->stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int node_clear(const char *path)
{
	struct statx status;
	int result = look(path, &status);

	if (result == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		result = detach_dead_mount(path);
		if (result == 0)
			result = look(path, &status);
	}
	if (result == -ENOENT)
		return 0;
	if (result < 0) {
		log_error("%s: %s", path, strerror(-result));
		return result;
	}
	if (!is_left_over(&status)) {
		log_error("%s: the name is taken by something that is not perfmond's; remove it or "
			  "choose another name with --device",
			  path);
		return -EEXIST;
	}
	node_remove_plain(path);
	return 0;
}

/* A dead server's mount answers ENOTCONN; statfs(2) is no request that the device sees. */
static enum node_state look_at_mount(const char *path)
{
	struct statfs status;

	if (statfs(path, &status) < 0)
		return errno == ENOTCONN ? NODE_LEFT_OVER : NODE_OTHER;
	return status.f_type == FUSE_SUPER_MAGIC ? NODE_FUSE : NODE_OTHER;
}

enum node_state node_look(const struct node *node)
{
	char class_path[NODE_PATH_MAX + 32];
	char path[NODE_PATH_MAX];
	struct statx status;
	int result;

	snprintf(class_path, sizeof class_path, "/sys/class/cuse/%s", node->name);
	if (access(class_path, F_OK) == 0)
		return NODE_CUSE;
	node_path(node, path);
	result = look(path, &status);
	if (result == -ENOENT)
		return NODE_FREE;
	if (result < 0)
		return NODE_OTHER;
	if (status.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return look_at_mount(path);
	return is_left_over(&status) ? NODE_LEFT_OVER : NODE_OTHER;
}

void node_detach(const char *path)
{
	struct statx status;
	int result = look(path, &status);

	/* EINVAL: fusermount3(1) was faster. */
	if (result == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	    umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
		result = -errno;
	if (result < 0 && result != -ENOENT)
		log_warning("%s: the mount cannot be detached: %s", path, strerror(-result));
}

int node_make_plain(const char *path)
{
	int result;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0);

	if (fd < 0) {
		result = -errno;
		log_error("%s: %s", path, strerror(errno));
		return result;
	}
	close(fd);
	return 0;
}

void node_remove_plain(const char *path)
{
	struct statx status;
	int result = look(path, &status);

	if (result == 0 && is_left_over(&status) && unlink(path) < 0)
		result = -errno;
	if (result < 0 && result != -ENOENT)
		log_warning("%s: the plain file under the node cannot be removed: %s", path,
			    strerror(-result));
}

/* The device number that the kernel gave to `name`. */
static int cuse_device_number(const char *name, dev_t *ret_number)
{
	char path[NODE_PATH_MAX + 32];
	unsigned major;
	unsigned minor;
	FILE *file;
	int fields;

	snprintf(path, sizeof path, "/sys/class/cuse/%s/dev", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	fields = fscanf(file, "%u:%u", &major, &minor);
	fclose(file);
	if (fields != 2)
		return -EIO;
	*ret_number = makedev(major, minor);
	return 0;
}

int node_claim_cuse(const struct node *node, const char *path)
{
	struct stat status;
	dev_t number = 0;
	int result = cuse_device_number(node->name, &number);

	if (result < 0) {
		log_error("%s: the kernel made no CUSE device of this name "
			  "(/sys/class/cuse/%s/dev: %s)",
			  path, node->name, strerror(-result));
		return result;
	}
	if (lstat(path, &status) < 0) {
		result = -errno;
		log_error(
			"%s: the kernel made the device %u:%u, but no node appeared (%s); mount a "
			"devtmpfs on /dev",
			path, major(number), minor(number), strerror(errno));
		return result;
	}
	if (!S_ISCHR(status.st_mode) || status.st_rdev != number) {
		log_error("%s: the name is taken by something that is not perfmond's", path);
		return -EEXIST;
	}
	/* Group before mode: the node is root's alone until both are right. */
	if (chown(path, node->owner, node->group) < 0 || chmod(path, node->mode) < 0) {
		result = -errno;
		log_error("%s: owner, group and mode cannot be set: %s", path, strerror(errno));
		return result;
	}
	return 0;
}

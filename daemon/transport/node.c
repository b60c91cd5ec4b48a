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
#include <unistd.h>

#include "log.h"
#include "worker.h"

/* How long a worker may take to end when it has answered or was killed, ms. */
#define END 1000

void node_path(const struct node *node, char path[NODE_PATH_MAX])
{
	snprintf(path, NODE_PATH_MAX, "/dev/%s", node->name);
}

struct mount_answer {
	int error; /* of statfs(2), a positive errno or 0 */
	__fsword_t type;
};

/* In a worker. statfs(2) is no request that the device sees. */
static void ask_mount(int socket, void *path)
{
	struct statfs status = { 0 };
	struct mount_answer answer = { 0 };

	if (statfs(path, &status) < 0)
		answer.error = errno;
	answer.type = status.f_type;
	worker_answer(socket, &answer, sizeof answer, NULL, 0);
}

/* A dead server's mount answers ENOTCONN, and ECONNABORTED to who asked before it died. */
static enum node_state state_of_mount(const struct mount_answer *answer)
{
	if (answer->error == ENOTCONN || answer->error == ECONNABORTED)
		return NODE_LEFT_OVER;
	return answer->error == 0 && answer->type == FUSE_SUPER_MAGIC ? NODE_FUSE : NODE_OTHER;
}

/*
 * A server that is stopped answers nobody; where it has taken the request before, not even a kill
 * ends who asked.
 */
static enum node_state look_at_mount(const char *path)
{
	struct mount_answer answer;
	struct worker worker;
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	bool silent = false;
	int result = worker_start(ask_mount, (void *)path, &worker);

	if (result == 0) {
		result = worker_receive(&worker, &answer, sizeof answer, fd, &descriptors);
		silent = result == -EAGAIN;
		if (silent)
			kill(worker.process, SIGKILL);
		worker_end(&worker, END);
	}
	if (silent)
		return NODE_FUSE;
	if (result == 0)
		return state_of_mount(&answer);
	log_error("%s: nobody can be sent to ask what is mounted there: %s", path,
		  strerror(-result));
	return NODE_UNKNOWN;
}

static int detach(const char *path)
{
	return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

/* Of detach(): fusermount3(1), or the keeper of who died, was faster. */
static bool has_gone(int result)
{
	return result == -EINVAL || result == -ENOENT;
}

static int detach_dead_mount(const char *path)
{
	int result = detach(path);

	if (result == 0) {
		log_info("%s: detached the dead mount of a perfmond that was killed", path);
	} else if (!has_gone(result)) {
		log_error("%s: a dead FUSE mount that cannot be detached: %s", path,
			  strerror(-result));
		return result;
	}
	return 0;
}

/* Detaches a dead mount. What is neither that nor another FUSE mount may have gone meanwhile. */
static int clear_mount(const char *path)
{
	switch (look_at_mount(path)) {
	case NODE_LEFT_OVER:
		return detach_dead_mount(path);
	case NODE_FUSE:
		log_error("%s: the name is taken by a FUSE mount, maybe of a perfmond with another "
			  "--state-dir; stop that or choose another name with --device",
			  path);
		return -EEXIST;
	case NODE_UNKNOWN:
		return -EEXIST;
	default:
		return 0;
	}
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
		result = clear_mount(path);
		if (result < 0)
			return result;
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

	if (result == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		result = detach(path);
	if (result < 0 && !has_gone(result))
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

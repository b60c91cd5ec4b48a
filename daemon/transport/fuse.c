/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "probe.h"
#include "report.h"
#include "rights.h"
#include "transport/control.h"
#include "transport/node.h"
#include "transport/session.h"

/*
 * The kernel checks the rights (default_permissions) of every user (allow_other), and
 * fusermount3(1) unmounts when the daemon died (auto_unmount).
 */
#define MOUNT_OPTIONS \
	"-oallow_other,default_permissions,auto_unmount,fsname=perfmond,subtype=perfmond"

/* Attributes change by SETATTR alone, which the kernel sends; it need not ask again. */
#define ATTRIBUTES_LAST 86400.0

struct fuse_node {
	struct transport transport;
	char path[NODE_PATH_MAX];
	struct stat status;
};

static struct fuse_node *node_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/*
 * The kernel sends RELEASE in the background, a few at a time, and an OPEN overtakes those that
 * wait: a writer whose close came after many others would be met with EBUSY when it opens again.
 * With the highest number none waits (65535 is what the protocol holds).
 */
static void fuse_init(void *userdata, struct fuse_conn_info *connection)
{
	connection->max_background = UINT16_MAX;
	((struct transport *)userdata)->greeted = true;
}

static void fuse_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	fuse_reply_attr(req, &node_of(req)->status, ATTRIBUTES_LAST);
}

/* chmod(2) and chown(2) work as on any node; a size is taken and forgotten, as by a device. */
static void fuse_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attributes, int set,
			 struct fuse_file_info *fi)
{
	struct stat *status = &node_of(req)->status;

	(void)ino;
	(void)fi;
	if (set & FUSE_SET_ATTR_MODE)
		status->st_mode = S_IFREG | (attributes->st_mode & ALLPERMS);
	if (set & FUSE_SET_ATTR_UID)
		status->st_uid = attributes->st_uid;
	if (set & FUSE_SET_ATTR_GID)
		status->st_gid = attributes->st_gid;
	fuse_reply_attr(req, status, ATTRIBUTES_LAST);
}

static void fuse_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	session_open(req, fi);
}

static void fuse_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	session_release(req, fi);
}

static void fuse_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		      struct fuse_file_info *fi)
{
	(void)ino;
	(void)size;
	(void)offset;
	(void)fi;
	session_no_data(req);
}

static void fuse_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	(void)ino;
	(void)data;
	(void)size;
	(void)offset;
	(void)fi;
	session_no_data(req);
}

static void fuse_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
		       struct fuse_file_info *fi, unsigned flags, const void *argument, size_t size,
		       size_t reply_size)
{
	(void)ino;
	(void)arg;
	(void)flags;
	(void)reply_size;
	session_ioctl(req, cmd, argument, size, fi);
}

static const struct fuse_lowlevel_ops fuse_handlers = {
	.init = fuse_init,
	.getattr = fuse_getattr,
	.setattr = fuse_setattr,
	.open = fuse_open,
	.release = fuse_release,
	.read = fuse_read,
	.write = fuse_write,
	.ioctl = fuse_ioctl,
};

static struct fuse_session *new_session(struct fuse_node *node)
{
	char program[] = "perfmond";
	char options[] = MOUNT_OPTIONS;
	char *arguments[] = { program, options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, arguments);
	struct fuse_session *session;

	session = fuse_session_new(&args, &fuse_handlers, sizeof fuse_handlers, &node->transport);
	/* libfuse made a copy of its own in there. */
	fuse_opt_free_args(&args);
	return session;
}

static int mount_node(struct fuse_node *node)
{
	if (access("/dev/fuse", F_OK) < 0) {
		log_error("transport fuse: no /dev/fuse; load the module fuse (modprobe fuse)");
		return -ENODEV;
	}
	session_log_libfuse();
	node->transport.session = new_session(node);
	if (!node->transport.session)
		return -ENOMEM;
	if (fuse_session_mount(node->transport.session, node->path) < 0) {
		log_error("transport fuse: %s cannot be mounted, for the reason in the line "
			  "before; it "
			  "takes fusermount3 (package fuse3)",
			  node->path);
		return -EPERM;
	}
	return 0;
}

/* Not by libfuse's unmount, which after a change of user starts fusermount3(1). */
static void fuse_transport_close(struct transport *transport)
{
	session_close(transport);
	free(transport);
}

/* fusermount3(1), which waits for the daemon's end, may have been faster. */
static void fuse_transport_remove(const struct node *node)
{
	char path[NODE_PATH_MAX];

	node_path(node, path);
	node_detach(path);
	node_remove_plain(path);
}

static void add_remover_rights(struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "statx" },
		{ .name = "umount2" },
		{ .name = "unlink" },
		{ .name = "unlinkat" },
	};

	rights_add_capability(rights, CAP_SYS_ADMIN);
	rights_add_calls(rights, calls, sizeof calls / sizeof *calls);
}

static int fuse_transport_open(const struct node *node, struct device *device,
			       struct transport **ret_transport)
{
	struct fuse_node *made = calloc(1, sizeof *made);
	int result;

	if (!made)
		return -ENOMEM;
	made->transport.operations = &fuse_transport;
	made->transport.device = device;
	made->status = (struct stat){
		.st_ino = FUSE_ROOT_ID,
		.st_mode = S_IFREG | node->mode,
		.st_nlink = 1,
		.st_uid = node->owner,
		.st_gid = node->group,
		.st_atime = time(NULL),
		.st_mtime = time(NULL),
		.st_ctime = time(NULL),
	};
	node_path(node, made->path);
	result = node_clear(made->path);
	if (result == 0)
		result = node_make_plain(made->path);
	if (result < 0) {
		free(made);
		return result;
	}
	result = mount_node(made);
	if (result == 0)
		result = session_greet(&made->transport);
	if (result < 0) {
		fuse_transport_close(&made->transport);
		fuse_transport_remove(node);
		return result;
	}
	*ret_transport = &made->transport;
	return 0;
}

/* Where libfuse looks: in /usr/bin or /bin, as it was built, and along PATH. */
static bool has_fusermount(void)
{
	const char *path = getenv("PATH");
	char directories[PATH_MAX];
	char *rest = directories;
	char *directory;

	snprintf(directories, sizeof directories, "/usr/bin:/bin:%s", path ? path : "");
	while ((directory = strsep(&rest, ":")) != NULL) {
		char file[PATH_MAX + 16];

		snprintf(file, sizeof file, "%s/fusermount3", directory);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static int fuse_check(struct report *report)
{
	static const struct control control = {
		.name = "fuse",
		.path = "/dev/fuse",
		.absent = "load the module (modprobe fuse), or run a kernel that has FUSE "
			  "(CONFIG_FUSE_FS)",
	};
	struct control_state state;
	int result = control_look(&control, &state);

	if (result == 0 && !has_fusermount()) {
		result = -EPERM;
		snprintf(state.reason, sizeof state.reason, "there is no fusermount3");
		state.remedy = "install the package fuse3";
	}
	if (result == 0 && !probe_capability(CAP_SYS_ADMIN)) {
		result = -EPERM;
		snprintf(state.reason, sizeof state.reason, "no right to mount (CAP_SYS_ADMIN)");
		state.remedy = "start perfmond as root; in a container, lend it that capability";
	}
	report_add(report, "transport", "fuse", result == 0, state.remedy, "%s", state.reason);
	return result;
}

const struct transport_operations fuse_transport = {
	.name = "fuse",
	.open = fuse_transport_open,
	.close = fuse_transport_close,
	.remove = fuse_transport_remove,
	.add_remover_rights = add_remover_rights,
	.check = fuse_check,
};

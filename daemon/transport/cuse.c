/* SPDX-License-Identifier: BSD-2-Clause */
#include <cuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log.h"
#include "report.h"
#include "transport/control.h"
#include "transport/node.h"
#include "transport/session.h"

#define CUSE_CONTROL "/dev/cuse"

/* The static device number of /dev/cuse, linux/miscdevice.h. */
#define CUSE_NUMBER makedev(10, 203)

static void cuse_init_done(void *userdata)
{
	((struct transport *)userdata)->greeted = true;
}

static void cuse_open(fuse_req_t req, struct fuse_file_info *fi)
{
	session_open(req, fi);
}

static void cuse_release(fuse_req_t req, struct fuse_file_info *fi)
{
	session_release(req, fi);
}

static void cuse_read(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)size;
	(void)offset;
	(void)fi;
	session_no_data(req);
}

static void cuse_write(fuse_req_t req, const char *data, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	(void)data;
	(void)size;
	(void)offset;
	(void)fi;
	session_no_data(req);
}

static void cuse_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *fi,
		       unsigned flags, const void *argument, size_t size, size_t reply_size)
{
	(void)arg;
	(void)flags;
	(void)reply_size;
	session_ioctl(req, (uint32_t)cmd, argument, size, fi);
}

/* No poll: the kernel then says that the node is always ready, as the original's answered. */
static const struct cuse_lowlevel_ops cuse_handlers = {
	.init_done = cuse_init_done,
	.open = cuse_open,
	.release = cuse_release,
	.read = cuse_read,
	.write = cuse_write,
	.ioctl = cuse_ioctl,
};

/*
 * Opening the static node makes the kernel load the module, as modprobe(8) finds it. Where systemd
 * or devtmpfs left no node, it is made for the purpose, and stays if it was of use.
 */
static int open_control(void)
{
	bool made = false;
	int error = 0;
	int result;
	int fd = open(CUSE_CONTROL, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		made = mknod(CUSE_CONTROL, S_IFCHR | 0600, CUSE_NUMBER) == 0;
		error = errno;
		fd = open(CUSE_CONTROL, O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	result = -errno;
	if (made)
		unlink(CUSE_CONTROL);
	if (result == -ENOENT) {
		log_info("transport cuse: there is no " CUSE_CONTROL ", and it cannot be made: %s",
			 strerror(error));
		return -ENODEV;
	}
	if (result == -ENODEV || result == -ENXIO) {
		log_info("transport cuse: this kernel has no CUSE, built in or as a module "
			 "(modprobe cuse)");
		return -ENODEV;
	}
	log_error("transport cuse: " CUSE_CONTROL ": %s", strerror(-result));
	return result;
}

static struct fuse_session *new_session(const struct node *node, struct transport *transport)
{
	char device_name[NODE_PATH_MAX];
	const char *device_info[] = { device_name };
	char program[] = "perfmond";
	char *arguments[] = { program, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse_session *session;
	struct cuse_info info = { .dev_info_argc = 1, .dev_info_argv = device_info };

	snprintf(device_name, sizeof device_name, "DEVNAME=%s", node->name);
	session = cuse_lowlevel_new(&args, &info, &cuse_handlers, transport);
	/* libfuse made a copy of its own in there. */
	fuse_opt_free_args(&args);
	return session;
}

/* The kernel hangs up on a name that another CUSE device has, after INIT was answered. */
static bool hung_up(const struct transport *transport)
{
	struct pollfd pollfd = { .fd = fuse_session_fd(transport->session), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLERR);
}

static int make_node(const struct node *node, struct transport *transport)
{
	char path[NODE_PATH_MAX];
	int result;

	node_path(node, path);
	result = session_greet(transport);
	if (result < 0)
		return result;
	if (hung_up(transport)) {
		log_error("transport cuse: the kernel refused the name %s: another device has it",
			  node->name);
		return -EEXIST;
	}
	return node_claim_cuse(node, path);
}

static int cuse_transport_open(const struct node *node, struct device *device,
			       struct transport **ret_transport)
{
	char path[NODE_PATH_MAX];
	char control[32];
	struct transport *transport = NULL;
	int result;
	int fd = open_control();

	if (fd < 0)
		return fd;
	node_path(node, path);
	result = node_clear(path);
	if (result < 0)
		goto cleanup;
	result = -ENOMEM;
	transport = calloc(1, sizeof *transport);
	if (!transport)
		goto cleanup;
	transport->operations = &cuse_transport;
	transport->device = device;
	session_log_libfuse();
	transport->session = new_session(node, transport);
	if (!transport->session)
		goto cleanup;
	/* libfuse takes a descriptor that is open already by this name, and then owns it. */
	snprintf(control, sizeof control, "/dev/fd/%d", fd);
	if (fuse_session_mount(transport->session, control) < 0) {
		log_error("transport cuse: libfuse does not take " CUSE_CONTROL);
		result = -EIO;
		goto cleanup;
	}
	fd = -1;
	result = make_node(node, transport);
	if (result < 0)
		goto cleanup;
	*ret_transport = transport;
	transport = NULL;
cleanup:
	if (transport) {
		session_close(transport);
		free(transport);
	}
	if (fd >= 0)
		close(fd);
	return result;
}

static void cuse_transport_close(struct transport *transport)
{
	session_close(transport);
	free(transport);
}

/* The kernel removed the node when the descriptor was closed. */
static void cuse_transport_remove(const struct node *node)
{
	(void)node;
}

static void add_remover_rights(struct rights *rights)
{
	(void)rights;
}

static int cuse_check(struct report *report)
{
	static const struct control control = {
		.name = "cuse",
		.path = CUSE_CONTROL,
		.made = true,
		.absent = "run a kernel that has CUSE (CONFIG_CUSE), or use --transport fuse",
	};
	struct control_state state;
	int result = control_look(&control, &state);

	report_add(report, "transport", "cuse", result == 0, state.remedy, "%s", state.reason);
	return result;
}

const struct transport_operations cuse_transport = {
	.name = "cuse",
	.open = cuse_transport_open,
	.close = cuse_transport_close,
	.remove = cuse_transport_remove,
	.add_remover_rights = add_remover_rights,
	.check = cuse_check,
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include <cuse_lowlevel.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "figures.h"
#include "servers.h"

#define REPLY_MAX 4096

static void reply(fuse_req_t req, size_t size)
{
	static const char zeros[REPLY_MAX];

	fuse_reply_ioctl(req, 0, zeros, size < REPLY_MAX ? size : REPLY_MAX);
}

static void null_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct stat status = { .st_mode = S_IFREG | 0600, .st_ino = 1, .st_nlink = 1 };

	(void)ino;
	(void)fi;
	fuse_reply_attr(req, &status, 86400);
}

static void null_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void null_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
		       struct fuse_file_info *fi, unsigned flags, const void *argument, size_t size,
		       size_t reply_size)
{
	(void)ino;
	(void)cmd;
	(void)arg;
	(void)fi;
	(void)flags;
	(void)argument;
	(void)size;
	reply(req, reply_size);
}

static void null_cuse_open(fuse_req_t req, struct fuse_file_info *fi)
{
	fuse_reply_open(req, fi);
}

static void null_cuse_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *fi,
			    unsigned flags, const void *argument, size_t size, size_t reply_size)
{
	(void)cmd;
	(void)arg;
	(void)fi;
	(void)flags;
	(void)argument;
	(void)size;
	reply(req, reply_size);
}

static void serve_cuse(const char *node, bool threads)
{
	static const struct cuse_lowlevel_ops handlers = { .open = null_cuse_open,
							   .ioctl = null_cuse_ioctl };
	char name[80];
	const char *names[] = { name };
	struct cuse_info info = { .dev_info_argc = 1, .dev_info_argv = names };
	char name_of[] = "null", foreground[] = "-f", single[] = "-s";
	char *arguments[] = { name_of, foreground, single, NULL };

	snprintf(name, sizeof name, "DEVNAME=%s", node + strlen("/dev/"));
	cuse_lowlevel_main(threads ? 2 : 3, arguments, &info, &handlers, NULL);
}

static void serve_fuse(const char *node, bool threads)
{
	static const struct fuse_lowlevel_ops handlers = { .getattr = null_getattr,
							   .open = null_open,
							   .ioctl = null_ioctl };
	char name[] = "null";
	char *arguments[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse_session *session = fuse_session_new(&args, &handlers, sizeof handlers, NULL);

	close(open(node, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (!session || fuse_set_signal_handlers(session) < 0 ||
	    fuse_session_mount(session, node) < 0)
		figures_fail("the null device cannot be mounted at %s", node);
	if (threads)
		fuse_session_loop_mt(session, NULL);
	else
		fuse_session_loop(session);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
}

void null_serve(const char *node, bool cuse, bool threads)
{
	if (cuse)
		serve_cuse(node, threads);
	else
		serve_fuse(node, threads);
	_exit(0);
}

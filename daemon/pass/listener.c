/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "pass/so_passrights.h"

/* A killed perfmond's is taken away: the lock of the node says that none lives. */
static int clear(const char *path)
{
	struct stat status;
	int result = 0;

	if (lstat(path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		log_error("%s: perfmond's socket goes there, and something else has the name: "
			  "remove it, or choose another --device",
			  path);
		return -EEXIST;
	}
	if (unlink(path) < 0) {
		result = -errno;
		log_error("%s: %s", path, strerror(errno));
	}
	return result;
}

/* Before anybody connects, so that whoever is accepted has it from the listener. */
static int set_passing(int fd)
{
	static const int on = 1;
	static const int off;

	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
		return -errno;
	/* Linux 6.16; an older kernel passes descriptors, and drops them. */
	setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
	return 0;
}

static int bind_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* Nobody connects before the rights are right. */
	mode_t before = umask(0777);
	int result;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	result = bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	umask(before);
	return result;
}

static int make(int fd, const char *path, gid_t group, mode_t mode)
{
	int result = bind_to(fd, path);

	if (result < 0)
		return result;
	result = set_passing(fd);
	if (result == 0 &&
	    (chown(path, 0, group) < 0 || chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0))
		result = -errno;
	if (result < 0)
		unlink(path);
	return result;
}

int listener_open(const char *path, gid_t group, mode_t mode)
{
	int result = clear(path);
	int fd;

	if (result < 0)
		return result;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = fd < 0 ? -errno : make(fd, path, group, mode);
	if (result == 0)
		return fd;
	log_error("socket %s: %s", path, strerror(-result));
	if (fd >= 0)
		close(fd);
	return result;
}

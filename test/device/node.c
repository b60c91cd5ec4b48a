/* SPDX-License-Identifier: BSD-2-Clause */
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "conformance.h"

#define NOBODY 65534

static bool is_character_device(void)
{
	struct stat status;

	CHECK(stat(node, &status) == 0);
	return S_ISCHR(status.st_mode);
}

static void no_read_no_write(void)
{
	char byte = 0;
	int fd = open_writer();

	CHECK_ERRNO(read(fd, &byte, 1), ENODEV);
	CHECK_ERRNO(write(fd, &byte, 1), ENODEV);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
}

/* The driver had no poll routine, and such a device is always ready. */
static void poll_is_ready(void)
{
	struct pollfd pollfd = { .fd = open_reader(), .events = POLLIN | POLLOUT };

	CHECK(poll(&pollfd, 1, 5000) == 1);
	CHECK(pollfd.revents == (POLLIN | POLLOUT));
}

static void no_shared_mapping(void)
{
	int fd = open_writer();

	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	if (!is_character_device())
		return;
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
}

/* What a descriptor that exec(2) or the shell opened would do: create, truncate, append. */
static void odd_open_flags(void)
{
	int fd = open(node, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK, 0644);

	CHECK(fd >= 0);
	must_setup(fd, 0);
}

/* Opens as somebody who is in one group only; 0 or the errno. */
static int open_as(gid_t group, int flags)
{
	int status;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		int fd = -1;

		if (setgroups(1, &group) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(EINTR);
		fd = open(node, flags);
		_exit(fd < 0 ? errno : 0);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int wanted(mode_t mode, mode_t bits)
{
	return (mode & bits) == bits ? 0 : EACCES;
}

static void rights_are_the_kernels(void)
{
	struct stat status;

	if (geteuid() != 0)
		skip("taking another user's part takes root");
	CHECK(stat(node, &status) == 0);
	CHECK(status.st_uid == 0);
	CHECK(open_as(status.st_gid, O_RDONLY) == wanted(status.st_mode, S_IRGRP));
	CHECK(open_as(status.st_gid, O_RDWR) == wanted(status.st_mode, S_IRGRP | S_IWGRP));
	CHECK(open_as(NOBODY, O_RDONLY) == wanted(status.st_mode, S_IROTH));
	CHECK(open_as(NOBODY, O_RDWR) == wanted(status.st_mode, S_IROTH | S_IWOTH));
}

/* chmod(1) works on the node as on any; access follows. */
static void rights_can_be_changed(void)
{
	struct stat before;
	struct stat after;

	if (geteuid() != 0)
		skip("changing the rights takes root");
	CHECK(stat(node, &before) == 0);
	CHECK(chmod(node, 0604) == 0 && stat(node, &after) == 0);
	CHECK((after.st_mode & 07777) == 0604);
	CHECK(open_as(NOBODY, O_RDONLY) == 0 && open_as(NOBODY, O_RDWR) == EACCES);
	CHECK(chmod(node, 0660) == 0 && chown(node, 0, NOBODY - 1) == 0);
	CHECK(open_as(NOBODY - 1, O_RDWR) == 0 && open_as(NOBODY, O_RDWR) == EACCES);
	CHECK(chown(node, 0, before.st_gid) == 0 && chmod(node, before.st_mode & 07777) == 0);
	rights_are_the_kernels();
}

const struct test node_tests[] = {
	{ "read and write are ENODEV, lseek does nothing", no_read_no_write },
	{ "poll says ready at once", poll_is_ready },
	{ "a shared mapping is ENODEV", no_shared_mapping },
	{ "open with O_CREAT, O_TRUNC, O_APPEND, O_NONBLOCK", odd_open_flags },
	{ "owner, group and mode are enforced", rights_are_the_kernels },
	{ "chmod and chgrp change who may open", rights_can_be_changed },
	{ NULL, NULL },
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run.h"
#include "tool.h"

#define FUSE "/dev/fuse"

/* Returns -1 where there is no such setting. */
static int setting(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static int forbidden(const char *what, const char *remedy)
{
	tool_fail("run: %s: %s", what, remedy);
	return STATUS_OWN;
}

/* Nobody forbids what there is no room for. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* The kernel's word for it says little, user_namespaces(7). */
int run_forbidden_namespaces(int error)
{
	char what[128];

	if (is_shortage(error))
		return forbidden("namespaces", strerror(error));
	snprintf(what, sizeof what, "this user can have no namespaces of his own (%s)",
		 strerror(error));
	if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return forbidden(what,
				 "root allows it by sysctl kernel.unprivileged_userns_clone=1");
	if (setting("/proc/sys/user/max_user_namespaces") == 0)
		return forbidden(what, "root allows it by sysctl user.max_user_namespaces=1024");
	if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		return forbidden(what, "root allows it by sysctl "
				       "kernel.apparmor_restrict_unprivileged_userns=0");
	if (error == ENOSPC)
		return forbidden(what, "there are too many, or too many within each other "
				       "(sysctl user.max_user_namespaces)");
	if (error == ENOSYS || error == EINVAL)
		return forbidden(what, "it takes a kernel with CONFIG_USER_NS");
	return forbidden(what, "a container's or a sandbox's filter, or a chroot, forbids it");
}

int run_check_fuse(void)
{
	struct stat status;
	char what[128];
	int error;
	int fd = open(FUSE, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	error = errno;
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		return forbidden(FUSE " is missing", "root loads the module by modprobe fuse");
	if (error == EACCES && stat(FUSE, &status) == 0) {
		snprintf(what, sizeof what, FUSE " has mode %04o", status.st_mode & ALLPERMS);
		return forbidden(what,
				 "root allows it by chmod 0666 " FUSE ", as it is by default");
	}
	return forbidden(FUSE, strerror(error));
}

int run_check_perf(void)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	int paranoid = setting("/proc/sys/kernel/perf_event_paranoid");
	char what[128];
	int error;
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0) {
		close((int)fd);
		return 0;
	}
	error = errno;
	if (error == ENOSYS)
		return forbidden("this kernel has no perf events",
				 "it takes one with CONFIG_PERF_EVENTS");
	if (is_shortage(error))
		return forbidden("perf events", strerror(error));
	snprintf(what, sizeof what, "this user can count nothing (%s)", strerror(error));
	/* At 3 the kernels of some distributions keep it from users; at 2 none does. */
	if (paranoid > 2)
		return forbidden(what, "root allows it by sysctl kernel.perf_event_paranoid=2");
	return forbidden(what, "a container's or a sandbox's filter forbids it");
}

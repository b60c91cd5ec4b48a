/* SPDX-License-Identifier: BSD-2-Clause */

/* The calls that the layer can make fail: plain ones by a table, the others by hand. */

/* Each of open() and open64() is wrapped under its own name. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"

#define CALLER __builtin_return_address(0)

/* The real one; dlsym(3) gives a function as an object. */
#define NEXT(name)                       \
	static __typeof__(&(name)) next; \
	if (!next)                       \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

/* A call that tells of its failure by the value `failed` and errno. */
#define WRAP(type, failed, name, fd, parameters, arguments) \
	type name parameters                                \
	{                                                   \
		int error = inject(#name, CALLER, fd);      \
		NEXT(name);                                 \
                                                            \
		if (error == 0)                             \
			return next arguments;              \
		errno = error;                              \
		return failed;                              \
	}

/*
 * One at a place of a file, after which half is told: the kernel takes and gives no part of a
 * register.
 */
#define WRAP_DATA(name, parameters, arguments)                             \
	ssize_t name parameters                                            \
	{                                                                  \
		int error = inject(#name, CALLER, fd);                     \
		ssize_t size;                                              \
		NEXT(name);                                                \
                                                                           \
		if (error > 0) {                                           \
			errno = error;                                     \
			return -1;                                         \
		}                                                          \
		size = next arguments;                                     \
		return error == FAULT_SHORT && size > 0 ? size / 2 : size; \
	}

/* clang-format off */
WRAP_DATA(pread, (int fd, void *data, size_t count, off_t at), (fd, data, count, at))
WRAP_DATA(pread64, (int fd, void *data, size_t count, off64_t at), (fd, data, count, at))
WRAP_DATA(pwrite, (int fd, const void *data, size_t count, off_t at), (fd, data, count, at))
WRAP_DATA(pwrite64, (int fd, const void *data, size_t count, off64_t at), (fd, data, count, at))
WRAP(FILE *, NULL, fopen, -1, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, NULL, fopen64, -1, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, NULL, fdopen, -1, (int fd, const char *mode), (fd, mode))
WRAP(DIR *, NULL, opendir, -1, (const char *path), (path))
WRAP(int, -1, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, -1, socketpair, -1, (int domain, int type, int protocol, int fd[2]),
     (domain, type, protocol, fd))
WRAP(int, -1, bind, -1, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size), (fd, address, size))
WRAP(int, -1, listen, -1, (int fd, int backlog), (fd, backlog))
WRAP(int, -1, accept4, -1, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags),
     (fd, address, size, flags))
WRAP(int, -1, getsockopt, -1, (int fd, int level, int name, void *value, socklen_t *size),
     (fd, level, name, value, size))
WRAP(int, -1, setsockopt, -1, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size))
WRAP(ssize_t, -1, sendmsg, -1, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
WRAP(ssize_t, -1, recvmsg, -1, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(ssize_t, -1, recv, -1, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
WRAP(int, -1, pipe2, -1, (int fd[2], int flags), (fd, flags))
WRAP(pid_t, -1, fork, -1, (void), ())
WRAP(pid_t, -1, waitpid, -1, (pid_t child, int *status, int options), (child, status, options))
WRAP(int, -1, poll, -1, (struct pollfd *fd, nfds_t count, int timeout), (fd, count, timeout))
WRAP(int, -1, timerfd_create, -1, (int clock, int flags), (clock, flags))
WRAP(int, -1, timerfd_settime, -1,
     (int fd, int flags, const struct itimerspec *value, struct itimerspec *before),
     (fd, flags, value, before))
WRAP(int, -1, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
WRAP(void *, MAP_FAILED, mmap64, -1,
     (void *at, size_t size, int protection, int flags, int fd, off64_t offset),
     (at, size, protection, flags, fd, offset))
WRAP(int, -1, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, ftruncate64, -1, (int fd, off64_t size), (fd, size))
WRAP(int, -1, fsync, -1, (int fd), (fd))
WRAP(int, -1, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, -1, chown, -1, (const char *path, uid_t user, gid_t group), (path, user, group))
WRAP(int, -1, chmod, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, mknod, -1, (const char *path, mode_t mode, dev_t number), (path, mode, number))
WRAP(int, -1, flock, -1, (int fd, int how), (fd, how))
WRAP(int, -1, fstat64, -1, (int fd, struct stat64 *status), (fd, status))
WRAP(int, -1, lstat64, -1, (const char *path, struct stat64 *status), (path, status))
WRAP(int, -1, statx, -1,
     (int directory, const char *path, int flags, unsigned mask, struct statx *status),
     (directory, path, flags, mask, status))
WRAP(struct group *, NULL, getgrnam, -1, (const char *name), (name))
WRAP(struct passwd *, NULL, getpwnam, -1, (const char *name), (name))
WRAP(struct passwd *, NULL, getpwuid, -1, (uid_t user), (user))
WRAP(ssize_t, -1, getrandom, -1, (void *data, size_t size, unsigned flags), (data, size, flags))
/* clang-format on */

/* A connection that the kernel hung up on stays so. */
ssize_t read(int fd, void *data, size_t count)
{
	int error = inject(__func__, CALLER, fd);
	ssize_t size;
	NEXT(read);

	if (error == 0 && inject_gone && inject_is_fuse(fd))
		error = ENODEV;
	if (error > 0) {
		errno = error;
		return -1;
	}
	/* All of it, and half is told: the kernel gives no part of a perf event's. */
	size = next(fd, data, count);
	return error == FAULT_SHORT && size > 0 ? size / 2 : size;
}

/* A disk that is full takes the first half. */
ssize_t write(int fd, const void *data, size_t count)
{
	int error = inject(__func__, CALLER, fd);
	NEXT(write);

	if (error > 0) {
		errno = error;
		return -1;
	}
	return next(fd, data, error == FAULT_SHORT ? count / 2 : count);
}

/*
 * ENOENT says that the request was aborted: so whoever asked is sent EINTR, as the kernel would.
 * After the others the request is not answered yet.
 */
ssize_t writev(int fd, const struct iovec *part, int parts)
{
	int error = inject(__func__, CALLER, fd);
	NEXT(writev);

	if (error == 0)
		return next(fd, part, parts);
	if (error == ENOENT && inject_is_fuse(fd)) {
		struct fuse_out_header aborted = *(const struct fuse_out_header *)part->iov_base;
		struct iovec answer = { &aborted, sizeof aborted };

		aborted.len = sizeof aborted;
		aborted.error = -EINTR;
		next(fd, &answer, 1);
	}
	errno = error;
	return -1;
}

#define WRAP_OPEN(name)                                                                 \
	int name(const char *path, int flags, ...)                                      \
	{                                                                               \
		int error = inject(#name, CALLER, -1);                                  \
		mode_t mode;                                                            \
		va_list arguments;                                                      \
		NEXT(name);                                                             \
                                                                                        \
		va_start(arguments, flags);                                             \
		mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
		va_end(arguments);                                                      \
		if (error == 0)                                                         \
			return next(path, flags, mode);                                 \
		errno = error;                                                          \
		return -1;                                                              \
	}

/* clang-format off */
WRAP_OPEN(open)
WRAP_OPEN(open64)
/* clang-format on */

int openat64(int directory, const char *path, int flags, ...)
{
	int error = inject(__func__, CALLER, -1);
	mode_t mode;
	va_list arguments;
	NEXT(openat64);

	va_start(arguments, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (error == 0)
		return next(directory, path, flags, mode);
	errno = error;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	int error = inject(__func__, CALLER, fd);
	void *argument;
	va_list arguments;
	NEXT(ioctl);

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (error == 0)
		return next(fd, request, argument);
	errno = error;
	return -1;
}

int fcntl64(int fd, int command, ...)
{
	int error = inject(__func__, CALLER, -1);
	void *argument;
	va_list arguments;
	NEXT(fcntl64);

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (error == 0)
		return next(fd, command, argument);
	errno = error;
	return -1;
}

/* Of the calls without a function of their own, perf_event_open(2) has a name here. */
long syscall(long number, ...)
{
	const char *name = number == SYS_perf_event_open ? "perf_event_open" : "syscall";
	int error = inject(name, CALLER, -1);
	long argument[6];
	va_list arguments;
	NEXT(syscall);

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	if (error == 0)
		return next(number, argument[0], argument[1], argument[2], argument[3], argument[4],
			    argument[5]);
	errno = error;
	return -1;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *argument)
{
	int error = inject(__func__, CALLER, -1);
	NEXT(pthread_create);

	return error ? error : next(thread, attributes, run, argument);
}

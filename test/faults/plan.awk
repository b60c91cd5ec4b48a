# SPDX-License-Identifier: BSD-2-Clause
#
# Of lines "SITE KIND" (inject.h) makes lines of faults-case: the errnos that fit the function, each at
# the first calls from the site; with sparse=1 at some of them. 1 EPERM, 2 ENOENT, 4 EINTR, 5 EIO, 11 EAGAIN,
# 12 ENOMEM, 13 EACCES, 16 EBUSY, 19 ENODEV, 23 ENFILE, 24 EMFILE, 28 ENOSPC, 37 ENOLCK, 38 ENOSYS, 105 ENOBUFS.

BEGIN {
	errors["read fuse"] = "4 11 2 19 5"
	errors["writev fuse"] = "4 11 2 19"
	errors["read"] = "4 5 11 short"
	errors["write"] = "4 5 11 28 short"
	errors["pread64"] = errors["pwrite64"] = "4 5 1 short"
	errors["perf_event_open"] = "13 16 24 28 2 19 12"
	errors["ioctl"] = "5 16"
	errors["open"] = errors["open64"] = errors["openat64"] = errors["fopen"] = errors["fopen64"] = "24 23 13 2 4"
	errors["opendir"] = "24 12 13"
	errors["socket"] = errors["socketpair"] = errors["accept4"] = "24 105"
	errors["pipe2"] = "24 23"
	errors["timerfd_create"] = errors["memfd_create"] = "24 12"
	errors["fcntl64"] = "24"
	errors["poll"] = "4 12"
	errors["fork"] = errors["pthread_create"] = "11 12"
	errors["waitpid"] = "4"
	errors["mkdir"] = errors["rename"] = "28 13"
	errors["ftruncate64"] = "5 12"
	errors["chown"] = errors["chmod"] = "1 4"
	errors["mknod"] = "1 28"
	errors["lstat64"] = "2 13"
	errors["statx"] = "5 12"
	errors["flock"] = "4 37"
	errors["fsync"] = errors["fstat64"] = "5"
	errors["getrandom"] = "4 38"
	errors["getgrnam"] = errors["getpwnam"] = "24 12 5 2"
	errors["recvmsg"] = errors["recv"] = "4 12 11"
	errors["sendmsg"] = "12 105 11"
}
function step(number)
{
	if (sparse)
		return int(number / 2) + 1
	return number > 5 && number < 30 ? 3 : 1
}
{
	name = $1
	sub("@.*", "", name)
	list = (name " " $2) in errors ? errors[name " " $2] : name in errors ? errors[name] : "12"
	# Requests of all kinds go through the same calls of libfuse, and all processes through those of libcap.
	# libseccomp 2.5.4 crashes by itself where some later realloc() of its own fails.
	times = $2 == "fuse" || $1 ~ /@libfuse/ && list == "12" ? 40 : $1 ~ /@libcap/ ? 9 : 2
	count = split(list, error, " ")
	for (i = 1; i <= count; i++)
		for (number = 1; number <= times; number += step(number))
			print $1 ":" error[i] ":" number ($2 == "fuse" ? ":fuse" : "")
}

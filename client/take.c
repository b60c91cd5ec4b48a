/* SPDX-License-Identifier: BSD-2-Clause */
#include "take.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A wait that is over; errno. */
static int why(void)
{
	return errno == EAGAIN ? ETIMEDOUT : errno;
}

/* With a time limit, SA_RESTART restarts none of the calls. */
static int connect_in_time(int fd, const struct sockaddr_un *address)
{
	static const struct timeval patience = { .tv_sec = TAKE_PATIENCE };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
	    TEMP_FAILURE_RETRY(connect(fd, (const struct sockaddr *)address, sizeof *address)) < 0)
		return why();
	return 0;
}

int take_connect(const char *node, int *ret_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = sizeof address.sun_path;
	int error;
	int fd;

	if ((size_t)snprintf(address.sun_path, size, "%s.socket", node) >= size)
		return ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	error = connect_in_time(fd, &address);
	if (error)
		close(fd);
	else
		*ret_socket = fd;
	return error;
}

/* The descriptors beside a message; those that are one too many for this process are left away. */
static unsigned unpack(const struct msghdr *message, int *ret_fd)
{
	const struct cmsghdr *beside = CMSG_FIRSTHDR(message);
	size_t size;

	if (!beside || beside->cmsg_type != SCM_RIGHTS)
		return 0;
	size = beside->cmsg_len - CMSG_LEN(0);
	memcpy(ret_fd, CMSG_DATA(beside), size);
	return (unsigned)(size / sizeof *ret_fd);
}

static void close_all(const int *fd, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fd[i]);
}

static int receive(int socket, struct perfmon_taken *ret_taken, int *ret_fd, unsigned *ret_count)
{
	struct iovec data = { ret_taken, sizeof *ret_taken };
	char control[CMSG_SPACE(TAKE_MOST * sizeof *ret_fd)] __attribute__((aligned));
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	ssize_t size = TEMP_FAILURE_RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));

	if (size < 0)
		return why();
	*ret_count = unpack(&message, ret_fd);
	if (size != sizeof *ret_taken)
		return ECONNABORTED;
	if (ret_taken->pet_error)
		return ret_taken->pet_error;
	return *ret_count == 0 || message.msg_flags & MSG_CTRUNC ? EMFILE : 0;
}

int take(int socket, uint64_t token, struct perfmon_taken *ret_taken, int *ret_fd, unsigned most,
	 unsigned *ret_count)
{
	struct perfmon_taken taken = { 0 };
	int fd[TAKE_MOST + 1];
	unsigned count = 0;
	int error;

	if (TEMP_FAILURE_RETRY(send(socket, &token, sizeof token, MSG_NOSIGNAL)) != sizeof token)
		return why();
	error = receive(socket, &taken, fd, &count);
	if (error == 0 && count > most)
		error = ECONNABORTED;
	if (error) {
		close_all(fd, count);
		return error;
	}
	*ret_taken = taken;
	memcpy(ret_fd, fd, count * sizeof *fd);
	*ret_count = count;
	return 0;
}

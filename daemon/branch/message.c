/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/message.h"

#include <string.h>
#include <sys/socket.h>

bool message_hear(int socket, uint64_t *ret_token, pid_t *ret_process)
{
	uint64_t token[2];
	struct iovec data = { token, sizeof token };
	struct ucred sender;
	char control[CMSG_SPACE(sizeof sender)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	const struct cmsghdr *beside;

	/* What a look brings is a copy: descriptors beside stay, to be closed where that is right.
	 */
	if (recvmsg(socket, &message, MSG_PEEK) != sizeof *token || message.msg_flags & MSG_CTRUNC)
		return false;
	message.msg_controllen = sizeof control;
	if (recvmsg(socket, &message, 0) != sizeof *token)
		return false;
	beside = CMSG_FIRSTHDR(&message);
	if (!beside || beside->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&sender, CMSG_DATA(beside), sizeof sender);
	*ret_token = token[0];
	*ret_process = sender.pid;
	return true;
}

bool message_answer(int socket, const struct perfmon_taken *taken, int fd)
{
	struct perfmon_taken copy = *taken;
	struct iovec data = { &copy, sizeof copy };
	char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *beside;

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof control;
		beside = CMSG_FIRSTHDR(&message);
		*beside = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(beside), &fd, sizeof fd);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof copy;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"

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

static bool answer(int socket, const struct perfmon_taken *taken, const int *fd, size_t descriptors)
{
	struct perfmon_taken copy = *taken;
	struct iovec data = { &copy, sizeof copy };
	char control[CMSG_SPACE(OFFER_DESCRIPTORS * sizeof *fd)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *beside;

	if (descriptors > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(descriptors * sizeof *fd);
		beside = CMSG_FIRSTHDR(&message);
		*beside = (struct cmsghdr){ .cmsg_len = CMSG_LEN(descriptors * sizeof *fd),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(beside), fd, descriptors * sizeof *fd);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof copy;
}

bool message_offer(int socket, const struct offer *offer)
{
	if (answer(socket, &offer->what, offer->fd, offer->descriptors))
		return true;
	if (errno != EPIPE && errno != ECONNRESET)
		log_warning("what was opened for process %ld cannot be handed out, and is closed: "
			    "%s",
			    (long)offer->process, strerror(errno));
	return false;
}

bool message_refuse(int socket, int error)
{
	const struct perfmon_taken taken = { .pet_error = error };

	return answer(socket, &taken, NULL, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz_socket.h"

static void add(struct msghdr *message, struct cmsghdr **at, int type, const void *data,
		size_t size)
{
	struct cmsghdr *header = *at ? CMSG_NXTHDR(message, *at) : CMSG_FIRSTHDR(message);

	MUST(header);
	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(size),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = type };
	memcpy(CMSG_DATA(header), data, size);
	*at = header;
}

bool message_send(int fd, void *data, size_t size, const struct beside *beside)
{
	struct iovec part = { data, size };
	struct ucred name = { beside->process, getuid(), getgid() };
	char control[CMSG_SPACE(sizeof name) + CMSG_SPACE(BESIDE_MAX * sizeof(int))]
		__attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct cmsghdr *at = NULL;

	if (beside->process)
		add(&message, &at, SCM_CREDENTIALS, &name, sizeof name);
	if (beside->descriptors)
		add(&message, &at, SCM_RIGHTS, beside->fd, beside->descriptors * sizeof(int));
	message.msg_controllen = at ? (size_t)((char *)at - control) + CMSG_ALIGN(at->cmsg_len) : 0;
	return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

static unsigned take_descriptors(struct msghdr *message, uint64_t mark)
{
	const struct cmsghdr *beside = CMSG_FIRSTHDR(message);
	int fd[OFFER_DESCRIPTORS];
	unsigned count;

	if (!beside)
		return 0;
	MUST(beside->cmsg_type == SCM_RIGHTS);
	count = (unsigned)((beside->cmsg_len - CMSG_LEN(0)) / sizeof *fd);
	MUST(count <= OFFER_DESCRIPTORS);
	memcpy(fd, CMSG_DATA(beside), count * sizeof *fd);
	for (unsigned i = 0; i < count; i++) {
		uint64_t held = 0;

		MUST(read(fd[i], &held, sizeof held) == sizeof held && held == mark);
		close(fd[i]);
	}
	return count;
}

bool message_take(int fd, struct perfmon_taken *ret_taken, uint64_t mark, unsigned *ret_descriptors)
{
	struct iovec part = { ret_taken, sizeof *ret_taken };
	char control[CMSG_SPACE(OFFER_DESCRIPTORS * sizeof(int))] __attribute__((aligned));
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	if (size <= 0)
		return false;
	MUST(size == sizeof *ret_taken && !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)));
	*ret_descriptors = take_descriptors(&message, mark);
	return true;
}

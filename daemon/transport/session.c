/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "device/device.h"
#include "log.h"
#include "rights.h"
#include "transport/signals.h"

#define RELEASE_WAIT 1000 /* us */

static void libfuse_says(enum fuse_log_level level, const char *format, va_list arguments)
{
	char line[512];
	int length = vsnprintf(line, sizeof line, format, arguments);

	if (length > 0 && (size_t)length < sizeof line && line[length - 1] == '\n')
		line[length - 1] = '\0';
	if (level <= FUSE_LOG_WARNING)
		log_warning("%s", line);
}

void session_log_libfuse(void)
{
	fuse_set_log_func(libfuse_says);
}

/*
 * Where libfuse has no memory for a request it answers by itself. Nobody hears that of a RELEASE,
 * and the writer's place would be taken for ever: so it is processed until there is some.
 */
void session_process(struct transport *transport, const struct fuse_buf *request)
{
	const struct fuse_in_header *header = request->mem;
	bool release = header->opcode == FUSE_RELEASE;

	transport->released = false;
	fuse_session_process_buf(transport->session, request);
	while (release && !transport->released && !signals_came()) {
		usleep(RELEASE_WAIT);
		fuse_session_process_buf(transport->session, request);
	}
}

int session_receive(struct transport *transport)
{
	int size = fuse_session_receive_buf(transport->session, &transport->buffer);

	return size == 0 ? -ENODEV : size;
}

/*
 * libfuse tries once, and the client of a reply that was not written waits for ever. These two say
 * that the request is still there.
 */
static ssize_t reply(int fd, struct iovec *part, int parts, void *userdata)
{
	ssize_t written;

	do
		written = writev(fd, part, parts);
	while (written < 0 && (errno == EINTR || errno == EAGAIN));
	if (written < 0)
		((struct transport *)userdata)->unanswered = true;
	return written;
}

static ssize_t receive(int fd, void *buffer, size_t size, void *userdata)
{
	(void)userdata;
	return read(fd, buffer, size);
}

static int take_connection(struct transport *transport)
{
	static const struct fuse_custom_io io = { .writev = reply, .read = receive };

	return fuse_session_custom_io(transport->session, &io, fuse_session_fd(transport->session));
}

/*
 * INIT comes first, and once: where libfuse had no memory for it, or no reply went out, no request
 * follows.
 */
int session_greet(struct transport *transport)
{
	int result = take_connection(transport);

	if (result < 0) {
		log_error("transport %s: libfuse: %s", transport->operations->name,
			  strerror(-result));
		return result;
	}
	do
		result = session_receive(transport);
	while ((result == -EINTR || result == -EAGAIN) && !signals_came());
	if (result == -EINTR || result == -EAGAIN)
		return -EINTR;
	if (result > 0) {
		session_process(transport, &transport->buffer);
		result = transport->greeted && !transport->unanswered ? 0 : -EPROTO;
	}
	if (result < 0)
		log_error("transport %s: the kernel hung up before it began: %s",
			  transport->operations->name,
			  result == -EPROTO ? "its greeting was not answered" : strerror(-result));
	return result;
}

const struct transport_operations *transport_operations_of(const struct transport *transport)
{
	return transport->operations;
}

/* fcntl(2) is of the signal handler. */
void transport_add_rights(struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "clock_nanosleep" },
		{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_SETFL },
		{ .name = "poll" },
		{ .name = "ppoll" },
		{ .name = "read" },
		{ .name = "rt_sigreturn" },
		{ .name = "writev" },
	};

	rights_add_calls(rights, calls, sizeof calls / sizeof *calls);
	/* Which process a thread is of; see fair.c. */
	rights_add_path(rights, "/proc", false);
}

void transport_close(struct transport *transport)
{
	transport->operations->close(transport);
}

void session_close(struct transport *transport)
{
	if (transport->session)
		fuse_session_destroy(transport->session);
	free(transport->buffer.mem);
}

static struct transport *transport_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct caller caller_of(fuse_req_t req)
{
	const struct fuse_ctx *context = fuse_req_ctx(req);

	return (struct caller){ .thread = context->pid, .user = context->uid };
}

/*
 * The file handle is the access mode and the user, because only OPEN tells them: a descriptor can
 * be closed by another user.
 */
#define HANDLE_WRITE 1U
#define HANDLE_USER  32

static bool may_write(const struct fuse_file_info *fi)
{
	return fi->fh & HANDLE_WRITE;
}

void session_open(fuse_req_t req, struct fuse_file_info *fi)
{
	struct device *device = transport_of(req)->device;
	struct caller caller = caller_of(req);
	int result;

	fi->fh = (uint64_t)caller.user << HANDLE_USER;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		fi->fh |= HANDLE_WRITE;
	fi->direct_io = 1;
	result = device_open(device, may_write(fi), &caller);
	if (result < 0) {
		fuse_reply_err(req, -result);
		return;
	}
	/* The kernel closes no file that it did not open: who asked was killed, or hung up. */
	if (fuse_reply_open(req, fi) < 0)
		device_release(device, may_write(fi), caller.user, &caller);
}

void session_release(fuse_req_t req, struct fuse_file_info *fi)
{
	struct caller caller = caller_of(req);

	device_release(transport_of(req)->device, may_write(fi), fi->fh >> HANDLE_USER, &caller);
	transport_of(req)->released = true;
	fuse_reply_err(req, 0);
}

void session_ioctl(fuse_req_t req, uint32_t number, const void *argument, size_t size,
		   const struct fuse_file_info *fi)
{
	struct caller caller = caller_of(req);
	char reply[DEVICE_REPLY_MAX];
	size_t reply_size = 0;
	int result = device_ioctl(transport_of(req)->device, may_write(fi), number, argument, size,
				  reply, &reply_size, &caller);

	if (result < 0)
		fuse_reply_err(req, -result);
	else
		fuse_reply_ioctl(req, 0, reply_size ? reply : NULL, reply_size);
}

void session_no_data(fuse_req_t req)
{
	fuse_reply_err(req, ENODEV);
}

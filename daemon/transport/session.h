/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_SESSION_H
#define PERFMOND_TRANSPORT_SESSION_H

#include <fuse_lowlevel.h>
#include <stdbool.h>

#include "transport/transport.h"

/*
 * What both transports do alike once libfuse has decoded a request. Each transport embeds one
 * struct transport first.
 */
struct transport {
	const struct transport_operations *operations;
	struct device *device;
	struct fuse_session *session;
	struct fuse_buf buffer;
	bool greeted;    /* the kernel's INIT is decoded */
	bool unanswered; /* a reply could not be written */
	bool released;   /* the handler of RELEASE was reached */
};

/*
 * Serves the kernel's INIT. Errors: -ENODEV where the kernel hangs up instead, -EPROTO where INIT
 * could not be answered, -EINTR where a signal ends the daemon before, -ENOMEM. Logged, but for
 * -EINTR.
 */
int session_greet(struct transport *transport);

/* Reads a request into the buffer. Its size, or -EINTR, -EAGAIN, -ENODEV. */
int session_receive(struct transport *transport);

/* Serves it, to the reply. */
void session_process(struct transport *transport, const struct fuse_buf *request);

/* Frees the session and its buffer, and with them the descriptor. */
void session_close(struct transport *transport);

/* The handlers, with the struct transport as user data of the session. */
void session_open(fuse_req_t req, struct fuse_file_info *fi);
void session_release(fuse_req_t req, struct fuse_file_info *fi);
void session_ioctl(fuse_req_t req, uint32_t number, const void *argument, size_t size,
		   const struct fuse_file_info *fi);

/* read(2) and write(2): the original has neither, and answers ENODEV. */
void session_no_data(fuse_req_t req);

/* Sends what libfuse has to say to the log. */
void session_log_libfuse(void);

#endif

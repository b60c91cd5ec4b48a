/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "transport/fair.h"
#include "transport/session.h"
#include "transport/signals.h"
#include "transport/spin.h"

#define NANOSECONDS 1000000000

struct loop {
	struct transport *transport;
	int fd;
	bool nonblocking; /* O_NONBLOCK is set, as long as requests are held */
	struct spin spin;
	struct fair fair;
};

static bool another_waits(const struct loop *loop)
{
	struct pollfd looked = { .fd = loop->fd, .events = POLLIN };

	return poll(&looked, 1, 0) > 0;
}

/*
 * A request that poll(2) saw is gone when its client is killed, and read(2) would sleep on what is
 * held. Where the flag cannot be set, nothing more is taken while something is held.
 */
static void set_nonblocking(struct loop *loop, bool nonblocking)
{
	if (loop->nonblocking != nonblocking &&
	    fcntl(loop->fd, F_SETFL, nonblocking ? O_NONBLOCK : 0) == 0)
		loop->nonblocking = nonblocking;
}

/* Reads a request, and serves it unless it is held. 0, or -EINTR, -EAGAIN, -ENODEV. */
static int take_one(struct loop *loop)
{
	struct transport *transport = loop->transport;
	int size = session_receive(transport);

	if (size < 0)
		return size;
	if (!fair_hold(&loop->fair, transport->buffer.mem, (size_t)size))
		session_process(transport, &transport->buffer);
	return 0;
}

/* All that wait in the kernel, so that what comes late can be served early. */
static int take_others(struct loop *loop)
{
	int result = 0;

	if (!loop->nonblocking && !another_waits(loop))
		return 0;
	set_nonblocking(loop, true);
	while (result == 0 && loop->nonblocking && fair_has_room(&loop->fair))
		result = take_one(loop);
	return result;
}

/* Who is held pauses: until then, or until another asks or a signal comes. */
static void wait_for_another(struct loop *loop, uint64_t pause)
{
	struct pollfd awaited = { .fd = loop->fd, .events = POLLIN };
	struct timespec limit = { (time_t)(pause / NANOSECONDS), (long)(pause % NANOSECONDS) };

	spin_wait(&loop->spin, loop->fd);
	ppoll(&awaited, 1, &limit, NULL);
}

static void serve_held(struct loop *loop)
{
	struct fair_request next;
	struct fuse_buf buffer;
	uint64_t pause;

	if (!fair_next(&loop->fair, &next, &pause)) {
		wait_for_another(loop, pause);
		return;
	}
	buffer = (struct fuse_buf){ .mem = next.bytes, .size = next.size };
	session_process(loop->transport, &buffer);
	fair_served(&loop->fair, &next);
	free(next.bytes);
}

static int serve(struct loop *loop)
{
	int result;

	if (loop->fair.held > 0) {
		result = take_others(loop);
		serve_held(loop);
		return result;
	}
	if (loop->nonblocking) {
		set_nonblocking(loop, false);
		/* The handler may have set it for good just before. */
		if (signals_came())
			return -EINTR;
	}
	spin_wait(&loop->spin, loop->fd);
	return take_one(loop);
}

int transport_run(struct transport *transport)
{
	struct loop loop = { .transport = transport, .fd = fuse_session_fd(transport->session) };
	int result = 0;

	signals_watch(loop.fd);
	spin_open(&loop.spin, loop.fd);
	while (!signals_came() && (result == 0 || result == -EINTR || result == -EAGAIN))
		result = serve(&loop);
	signals_watch(-1);
	fair_close(&loop.fair);
	return signals_came() ? 0 : result;
}

/* SPDX-License-Identifier: BSD-2-Clause */

#include "calls_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RECORD     64                 /* octets of a small read */
#define BULK       (64 * 1024 + 4096) /* octets of what goes over in pieces: more than a page of any */
#define PIECE      (BULK / 4)
#define SLEEP_NS   20000
#define PIPE_LEAST 4096 /* the kernel makes it a page at least */

static atomic_uint word; /* of the futex: odd when it is the caller's turn to wait */
atomic_bool calls_done;
static char bulk[BULK];

static void pause_briefly(void)
{
	struct timespec time = { .tv_nsec = SLEEP_NS };

	nanosleep(&time, NULL);
}

static bool call_read(const struct ends *ends)
{
	char record[RECORD];

	return read(ends->mine, record, sizeof record) == sizeof record;
}

static void serve_read(const struct ends *ends)
{
	pause_briefly();
	(void)!write(ends->peers, bulk, RECORD);
}

static bool call_receive(const struct ends *ends)
{
	static char into[BULK];

	return recv(ends->mine, into, sizeof into, MSG_WAITALL) == sizeof into;
}

static void serve_receive(const struct ends *ends)
{
	for (int i = 0; i < BULK / PIECE; i++) {
		pause_briefly();
		(void)!write(ends->peers, bulk, PIECE);
	}
}

static bool call_write(const struct ends *ends)
{
	return write(ends->mine, bulk, sizeof bulk) == sizeof bulk;
}

static void serve_write(const struct ends *ends)
{
	char piece[PIECE];

	pause_briefly();
	for (size_t got = 0; got < BULK;) {
		ssize_t length = read(ends->peers, piece, sizeof piece);

		if (length <= 0)
			return;
		got += (size_t)length;
	}
}

static bool call_poll(const struct ends *ends)
{
	struct pollfd one = { .fd = ends->mine, .events = POLLIN };

	return poll(&one, 1, -1) == 1 && call_read(ends);
}

static bool call_poll_timeout(const struct ends *ends)
{
	struct pollfd one = { .fd = ends->mine, .events = POLLIN };
	struct timespec time = { .tv_nsec = SLEEP_NS };

	return ppoll(&one, 1, &time, NULL) == 0;
}

static bool call_sleep(const struct ends *ends)
{
	struct timespec time = { .tv_nsec = SLEEP_NS };

	(void)ends;
	return nanosleep(&time, NULL) == 0;
}

static bool call_futex(const struct ends *ends)
{
	unsigned turn = atomic_load(&word) | 1;

	(void)ends;
	atomic_store(&word, turn);
	while (atomic_load(&word) == turn)
		if (syscall(SYS_futex, &word, FUTEX_WAIT, turn, NULL, NULL, 0) < 0 &&
		    errno != EAGAIN)
			return false;
	return true;
}

static void serve_futex(const struct ends *ends)
{
	(void)ends;
	while (!(atomic_load(&word) & 1) && !atomic_load(&calls_done))
		pause_briefly();
	pause_briefly();
	atomic_fetch_add(&word, 1);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static bool wanted;

static bool call_condition(const struct ends *ends)
{
	int result = 0;

	(void)ends;
	pthread_mutex_lock(&mutex);
	wanted = true;
	while (wanted && result == 0)
		result = pthread_cond_wait(&turned, &mutex);
	pthread_mutex_unlock(&mutex);
	return result == 0;
}

static void serve_condition(const struct ends *ends)
{
	bool served = false;

	(void)ends;
	while (!served && !atomic_load(&calls_done)) {
		pause_briefly();
		pthread_mutex_lock(&mutex);
		served = wanted;
		wanted = false;
		pthread_cond_signal(&turned);
		pthread_mutex_unlock(&mutex);
	}
}

/* What the peer writes to and the caller reads from, or the other way round. */
static int open_in(struct ends *ends)
{
	int pair[2];

	if (pipe(pair) < 0)
		return -1;
	*ends = (struct ends){ pair[0], pair[1] };
	return 0;
}

static int open_socket(struct ends *ends)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -1;
	*ends = (struct ends){ pair[0], pair[1] };
	return 0;
}

static int open_out(struct ends *ends)
{
	int pair[2];

	if (pipe(pair) < 0 || fcntl(pair[1], F_SETPIPE_SZ, PIPE_LEAST) < 0)
		return -1;
	*ends = (struct ends){ pair[1], pair[0] };
	return 0;
}

const struct call_kind call_kinds[] = {
	{ "read of a pipe", open_in, call_read, serve_read, true },
	{ "recv of all that trickles in", open_socket, call_receive, serve_receive, false },
	{ "write of more than there is room for", open_out, call_write, serve_write, false },
	{ "poll", open_in, call_poll, serve_read, false },
	{ "ppoll to its timeout", open_in, call_poll_timeout, NULL, false },
	{ "nanosleep", open_in, call_sleep, NULL, false },
	{ "futex", open_in, call_futex, serve_futex, true },
	{ "pthread_cond_wait", open_in, call_condition, serve_condition, true },
	{ .name = NULL },
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* What a worker sends begins with this, or it is a line of the log and has its priority there. */
#define ANSWER (-1)

/* Of a line of the log. */
#define TEXT_MAX 1200

/* How often one that does not answer is looked at, ms. */
#define LOOK 25

/* 0: free. */
static _Atomic pid_t left[WORKERS_LEFT];

/* Whoever is first waits for one that has ended, and each frees its place. */
static void reap_left(void)
{
	for (int i = 0; i < WORKERS_LEFT; i++) {
		pid_t process = left[i];

		if (process != 0 && waitpid(process, NULL, WNOHANG) != 0)
			atomic_compare_exchange_strong(&left[i], &process, 0);
	}
}

static void on_end(int signal)
{
	int saved = errno;

	(void)signal;
	reap_left();
	errno = saved;
}

/* One that ends later is a zombie until somebody waits for it, and nobody may ask for long. */
static void wait_for_ends(void)
{
	const struct sigaction action = { .sa_handler = on_end,
					  .sa_flags = SA_RESTART | SA_NOCLDSTOP };

	sigaction(SIGCHLD, &action, NULL);
}

int workers_left(void)
{
	int count = 0;

	reap_left();
	for (int i = 0; i < WORKERS_LEFT; i++)
		count += left[i] != 0;
	return count;
}

bool worker_is_left(pid_t process)
{
	reap_left();
	for (int i = 0; i < WORKERS_LEFT; i++)
		if (left[i] == process)
			return true;
	return false;
}

void worker_wait_later(pid_t process)
{
	wait_for_ends();
	for (int i = 0; i < WORKERS_LEFT; i++) {
		pid_t none = 0;

		if (atomic_compare_exchange_strong(&left[i], &none, process))
			break;
	}
	/* It may have ended just before. */
	reap_left();
}

/* Nobody hears it then, by which it ends. */
void worker_leave(struct worker *worker)
{
	close(worker->socket);
	worker_wait_later(worker->process);
	worker->process = 0;
}

/* One that was killed closes the socket and what hangs in any order. */
static void reap(struct worker *worker)
{
	int looks = LOOK;

	close(worker->socket);
	while (waitpid(worker->process, NULL, WNOHANG) == 0) {
		if (looks-- == 0) {
			worker_wait_later(worker->process);
			break;
		}
		poll(NULL, 0, 1);
	}
	worker->process = 0;
}

/* The kernel's want of memory has a name of its own where it is a socket's. */
static int error_of(int number)
{
	return number == ENOBUFS ? -ENOMEM : -number;
}

/* Those that end perfmond may go to all of its processes: a terminal's do. */
static void outlive_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static _Noreturn void work(void (*run)(int socket, void *argument), void *argument, int socket)
{
	outlive_signals();
	if (socket > 0)
		close_range(0, (unsigned)socket - 1, 0);
	close_range((unsigned)socket + 1, ~0U, 0);
	log_to_perfmond(socket);
	run(socket, argument);
	/* What hangs is to hang here, before perfmond sees the socket's end and waits. */
	if (socket > 0)
		close_range(0, (unsigned)socket - 1, 0);
	close_range((unsigned)socket + 1, ~0U, 0);
	_exit(0);
}

int worker_start(void (*run)(int socket, void *argument), void *argument, struct worker *ret_worker)
{
	int ends[2];
	int result;
	pid_t process;

	if (workers_left() >= WORKERS_LEFT)
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_of(errno);
	process = fork();
	if (process == 0)
		work(run, argument, ends[1]);
	result = process < 0 ? -errno : 0;
	close(ends[1]);
	if (result < 0) {
		close(ends[0]);
		return result;
	}
	*ret_worker = (struct worker){ .process = process, .socket = ends[0] };
	return 0;
}

static int send_parts(int socket, struct iovec *part, size_t parts, const int *fd,
		      size_t descriptors, int flags)
{
	char control[CMSG_SPACE(WORKER_DESCRIPTORS * sizeof *fd)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = part, .msg_iovlen = parts };
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
	if (TEMP_FAILURE_RETRY(sendmsg(socket, &message, flags | MSG_NOSIGNAL)) < 0)
		return error_of(errno);
	return 0;
}

/* Gives the message's size, 0 at the end of the socket, or -1. */
static ssize_t receive_parts(int socket, struct iovec *part, size_t parts,
			     int ret_fd[WORKER_DESCRIPTORS], size_t *ret_descriptors)
{
	char control[CMSG_SPACE(WORKER_DESCRIPTORS * sizeof *ret_fd)] __attribute__((aligned));
	struct msghdr message = { .msg_iov = part,
				  .msg_iovlen = parts,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	ssize_t size = TEMP_FAILURE_RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
	const struct cmsghdr *beside = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_descriptors = 0;
	if (beside) {
		memcpy(ret_fd, CMSG_DATA(beside), beside->cmsg_len - CMSG_LEN(0));
		*ret_descriptors = (beside->cmsg_len - CMSG_LEN(0)) / sizeof *ret_fd;
	}
	return size;
}

bool worker_hear(int socket, void *ret_message, size_t size, int ret_fd[WORKER_DESCRIPTORS],
		 size_t *ret_descriptors)
{
	struct iovec part = { ret_message, size };

	return receive_parts(socket, &part, 1, ret_fd, ret_descriptors) == (ssize_t)size;
}

void worker_answer(int socket, const void *answer, size_t size, const int *fd, size_t descriptors)
{
	int kind = ANSWER;
	struct iovec part[] = { { &kind, sizeof kind }, { (void *)answer, size } };

	/* Without an answer perfmond is to see the end. */
	if (send_parts(socket, part, 2, fd, descriptors, 0) < 0)
		shutdown(socket, SHUT_RDWR);
}

/*
 * Whether it sleeps, proc_pid_stat(5), or that is not to be seen: what it is asked takes no sleep
 * that lasts. perf_event_open(2) waits for a thread's execve(2) where a signal would reach it.
 */
static bool is_stuck(pid_t process)
{
	char name[32];
	char text[64] = "";
	const char *state;
	int fd;

	snprintf(name, sizeof name, "/proc/%ld/stat", (long)process);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t size = read(fd, text, sizeof text - 1);

		text[size > 0 ? size : 0] = '\0';
		close(fd);
	}
	state = strrchr(text, ')');
	return !state || strncmp(state, ") D", 3) == 0 || strncmp(state, ") S", 3) == 0;
}

/* events: as poll(2) has them; patience: ms, or -1. Errors: -EAGAIN it hangs, or that time is over.
 */
static int wait_for(const struct worker *worker, short events, int patience)
{
	struct pollfd end = { .fd = worker->socket, .events = events };
	int waited = 0;
	int stuck = 0;
	int ready;

	while ((ready = poll(&end, 1, LOOK)) <= 0) {
		if (ready < 0)
			continue;
		waited += LOOK;
		stuck = is_stuck(worker->process) ? stuck + LOOK : 0;
		if (stuck >= WORKER_PATIENCE || (patience >= 0 && waited >= patience))
			return -EAGAIN;
	}
	return 0;
}

int worker_send(const struct worker *worker, const void *message, size_t size, const int *fd,
		size_t descriptors, bool wait)
{
	struct iovec part = { (void *)message, size };
	int result;

	do
		result = send_parts(worker->socket, &part, 1, fd, descriptors, MSG_DONTWAIT);
	while (result == -EAGAIN && wait && wait_for(worker, POLLOUT, -1) == 0);
	return result;
}

/* One message. Gives 1 where it is no answer. */
static int receive(struct worker *worker, void *ret_answer, size_t size,
		   int ret_fd[WORKER_DESCRIPTORS], size_t *ret_descriptors, int patience)
{
	int kind;
	char text[TEXT_MAX];
	struct iovec part[] = { { &kind, sizeof kind }, { text, sizeof text - 1 } };
	ssize_t got;

	if (wait_for(worker, POLLIN, patience) < 0)
		return -EAGAIN;
	got = receive_parts(worker->socket, part, 2, ret_fd, ret_descriptors);
	if (got < (ssize_t)sizeof kind) {
		reap(worker);
		return -EIO;
	}
	got -= (ssize_t)sizeof kind;
	if (kind != ANSWER) {
		text[got] = '\0';
		log_line_of_worker(kind, text);
		return 1;
	}
	memcpy(ret_answer, text, size < (size_t)got ? size : (size_t)got);
	return 0;
}

int worker_receive(struct worker *worker, void *ret_answer, size_t size,
		   int ret_fd[WORKER_DESCRIPTORS], size_t *ret_descriptors)
{
	int result;

	do
		result = receive(worker, ret_answer, size, ret_fd, ret_descriptors, -1);
	while (result == 1);
	return result;
}

bool worker_is_ready(const struct worker *worker)
{
	struct pollfd end = { .fd = worker->socket, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

void worker_end(struct worker *worker, int patience)
{
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	char answer;
	int result = 0;

	if (worker->process == 0)
		return;
	shutdown(worker->socket, SHUT_WR);
	while (result >= 0) {
		result = receive(worker, &answer, sizeof answer, fd, &descriptors, patience);
		for (size_t i = 0; result == 0 && i < descriptors; i++)
			close(fd[i]);
	}
	if (result == -EAGAIN)
		worker_leave(worker);
}

void worker_add_rights(struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "close_range" },
		{ .name = "recvmsg" },
		{ .name = "sendmsg" },
		{ .name = "shutdown" },
		{ .name = "socketpair", .argument = 0, .mask = UINT32_MAX, .value = AF_UNIX },
	};

	rights_add_calls(rights, calls, sizeof calls / sizeof *calls);
	rights_add_path(rights, "/proc", false);
}

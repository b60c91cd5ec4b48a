/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storm.h"

/* Requests that a process makes beside the child that took its slot. */
#define LINGER 32

/*
 * Requests of all between high water, where descriptors that may write spread over the processes,
 * and low water, where they are closed: else one claim would last for the whole storm.
 */
#define TIDE 5000

static int own_slot;

static bool is_ebb(void)
{
	return storm->requests / TIDE % 4 == 3;
}

static int random_place(void)
{
	return FD_PLACE((int)chance(PLACES));
}

/* One that can write, if there is one: few can, and they have the most to ask. */
static int writing_place(void)
{
	int first = (int)chance(PLACES);

	for (int i = 0; i < PLACES; i++) {
		int flags = fcntl(FD_PLACE((first + i) % PLACES), F_GETFL);

		if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
			return FD_PLACE((first + i) % PLACES);
	}
	return FD_PLACE(first);
}

/* Moves a descriptor to a place; what was there is closed. */
static void put(int fd)
{
	if (dup3(fd, random_place(), chance(2) ? O_CLOEXEC : 0) < 0)
		note_wrong("dup3", errno);
	close(fd);
}

static void open_one(void)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_RDWR, O_WRONLY };
	int mode = modes[chance(4)];
	int fd = open(storm->node, mode | (chance(2) ? O_NONBLOCK : 0));

	atomic_fetch_add(&storm->opens, 1);
	if (fd >= 0 && mode != O_RDONLY)
		atomic_fetch_add(&storm->claims, 1);
	if (fd >= 0)
		put(fd);
	else if (errno != EBUSY || mode == O_RDONLY)
		note_wrong("open", errno);
}

static void close_one(void)
{
	if (is_ebb())
		close(writing_place());
	else if (chance(5) == 0)
		close(random_place());
}

static void dup_one(void)
{
	int fd = dup(random_place());

	if (fd >= 0)
		put(fd);
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* To anybody, who may never take it: then it stays open until the storm is over. */
static void pass_one(void)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };
	int fd = is_ebb() ? random_place() : writing_place();

	if (fcntl(fd, F_GETFD) < 0)
		return;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	if (sendmsg(FD_TO((int)chance(PROCESSES)), &message, MSG_DONTWAIT) == 1)
		atomic_fetch_add(&storm->passed, 1);
	else if (errno != EAGAIN)
		note_wrong("sendmsg", errno);
}

static void take_one(void)
{
	char byte;
	struct iovec part = { &byte, 1 };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };
	int fd;

	if (recvmsg(FD_FROM(own_slot), &message, MSG_DONTWAIT) != 1)
		return;
	if (!CMSG_FIRSTHDR(&message)) {
		note_wrong("a message without its descriptor", 0);
		return;
	}
	memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	put(fd);
}

static void read_write_poll(void)
{
	int fd = random_place();
	int flags = fcntl(fd, F_GETFL);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };
	char bytes[64] = { 0 };

	if (flags < 0)
		return;
	if ((flags & O_ACCMODE) != O_WRONLY &&
	    (read(fd, bytes, 1 + chance(sizeof bytes)) >= 0 || errno != ENODEV))
		note_wrong("read", errno);
	if ((flags & O_ACCMODE) != O_RDONLY &&
	    (write(fd, bytes, 1 + chance(sizeof bytes)) >= 0 || errno != ENODEV))
		note_wrong("write", errno);
	if (poll(&pollfd, 1, -1) != 1 || pollfd.revents != (POLLIN | POLLOUT))
		note_wrong("poll", errno);
	atomic_fetch_add(&storm->calls, 1);
}

static void ask(void)
{
	int fd = chance(2) ? writing_place() : random_place();

	if (fcntl(fd, F_GETFD) < 0)
		open_one();
	else
		request_ask(fd);
}

/* An empty slot, reserved for a child of this process, or its own. */
static int reserve(pid_t *ret_expected)
{
	int first = (int)chance(PROCESSES);

	for (int i = 0; i < PROCESSES; i++) {
		int slot = (first + i) % PROCESSES;
		pid_t nobody = 0;

		*ret_expected = -getpid();
		if (atomic_compare_exchange_strong(&storm->slot[slot], &nobody, *ret_expected))
			return slot;
	}
	*ret_expected = getpid();
	return own_slot;
}

/* As fork(2), but the child is the driver's: who would reap it here may be killed. */
static pid_t fork_brother(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void fork_one(void)
{
	pid_t expected;
	int slot = reserve(&expected);
	pid_t child = fork_brother();

	if (child < 0)
		note_wrong("fork", errno);
	if (child == 0) {
		atomic_fetch_add(&storm->forks, 1);
		process_run(slot, expected);
	}
	if (expected < 0) {
		if (child < 0)
			atomic_compare_exchange_strong(&storm->slot[slot], &expected, 0);
		return;
	}
	for (int i = 0; i < LINGER; i++)
		ask();
	_exit(0);
}

/* Counted where it arrives. */
static void exec_self(void)
{
	char program[] = "storm";
	char word[] = "--again";
	char slot[12];
	char *arguments[] = { program, word, slot, NULL };

	snprintf(slot, sizeof slot, "%d", own_slot);
	execv("/proc/self/exe", arguments);
	note_wrong("execv", errno);
}

/*
 * By a descriptor of the process, which was still in its slot when there was one: by its number
 * alone another could be met, of this machine, that got it later.
 */
static void send_signal(int signal)
{
	int slot = (int)chance(PROCESSES);
	pid_t process = storm->slot[slot];
	int fd;

	if (process <= 0 || slot == own_slot)
		return;
	fd = (int)syscall(SYS_pidfd_open, process, 0);
	if (fd < 0)
		return;
	if (storm->slot[slot] == process)
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	close(fd);
}

static void kill_one(void)
{
	send_signal(SIGKILL);
}

static void stop_one(void)
{
	send_signal(SIGSTOP);
}

/* Of 4000 turns, these many; the others are requests. */
static const struct {
	unsigned turns;
	void (*act)(void);
} acts[] = {
	{ 40, open_one },  { 100, close_one },      { 30, dup_one }, { 80, pass_one },
	{ 120, take_one }, { 30, read_write_poll }, { 2, fork_one }, { 2, exec_self },
	{ 2, kill_one },   { 3, stop_one },
};

static void act(void)
{
	unsigned turn = chance(4000);

	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		if (turn < acts[i].turns) {
			acts[i].act();
			return;
		}
		turn -= acts[i].turns;
	}
	ask();
}

void process_run(int slot, pid_t expected)
{
	/* A fork clears it, and the driver may have ended before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != storm->driver)
		_exit(0);
	/* Whoever forked this may have been killed meanwhile, and its slot be another's. */
	if (!atomic_compare_exchange_strong(&storm->slot[slot], &expected, getpid()))
		_exit(0);
	own_slot = slot;
	random_begin();
	request_begin();
	while (storm->requests < storm->limit)
		act();
	_exit(0);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Clients that mean harm to perfmond, or to each other: ebb-hostile NODE CHECK
 *
 *   sender      a token that another process sends over its owner's connection
 *   rights      descriptors that are sent along with a token
 *   hang FILE   a file that is sent along, whose server does not answer; as with exec
 *   limit N     N events that wait, and no more
 *   exec FILE   an event on a thread that hangs in exec, as the server of its FILE does not answer;
 *               begins with a line of input
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "request.h"
#include "tap.h"

/* The errno in perfmond's answer, 0 for an event, or -1 where there is none. */
static int take(int socket, uint64_t token)
{
	struct perfmon_taken taken;

	if (send(socket, &token, sizeof token, MSG_NOSIGNAL) != sizeof token ||
	    recv(socket, &taken, sizeof taken, 0) != sizeof taken)
		return -1;
	return taken.pet_error;
}

static void check_sender(void)
{
	int connection = request_connect();
	uint64_t token;
	int status = -1;
	pid_t child;

	result(request_attach(0, &token) == 0, "an event");
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(take(connection, token) == ENOENT ? 0 : 1);
	waitpid(child, &status, 0);
	result(status == 0, "another process sends its token over its connection: ENOENT");
	close(connection);
	connection = request_connect();
	result(take(connection, token) == 0, "its own process takes it");
	close(connection);
}

static bool send_along(int socket, uint64_t *token, int fd)
{
	struct iovec data = { token, sizeof *token };
	char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned)) = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct cmsghdr *beside = CMSG_FIRSTHDR(&message);

	*beside = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(beside), &fd, sizeof fd);
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof *token;
}

/* Who reads of a pipe sees its end where nobody has the other descriptor. */
static void check_rights(void)
{
	struct perfmon_taken taken;
	struct pollfd end = { .events = POLLIN };
	int connection = request_connect();
	int pipes[2];
	uint64_t token;
	bool sent;

	if (pipe(pipes) < 0)
		exit(1);
	result(request_attach(0, &token) == 0, "an event");
	sent = send_along(connection, &token, pipes[1]);
	printf("# a descriptor sent along: %s\n", sent ? "passed" : strerrorname_np(errno));
	result(sent ? recv(connection, &taken, sizeof taken, 0) <= 0 : errno == EPERM,
	       "a descriptor that is sent along is refused, or it hangs up");
	close(connection);
	connection = request_connect();
	result(take(connection, token) == 0, "without it, the event is taken");
	close(pipes[1]);
	end.fd = pipes[0];
	result(poll(&end, 1, 5000) == 1 && end.revents == POLLHUP, "perfmond does not keep it");
	close(connection);
	close(pipes[0]);
}

/* Whose last close takes as long as its server does not answer. */
static void check_hang(const char *file)
{
	int connection = request_connect();
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint64_t token;
	char byte;
	bool sent;

	puts("# open");
	fflush(stdout);
	result(fd >= 0 && read(STDIN_FILENO, &byte, 1) == 1 && request_attach(0, &token) == 0,
	       "an event");
	sent = send_along(connection, &token, fd);
	printf("# a file of a server that hangs: %s\n", sent ? "passed" : strerrorname_np(errno));
	if (sent)
		close(fd);
	close(connection);
	connection = request_connect();
	result(take(connection, token) == 0,
	       "after a file that cannot be closed, others are served");
	close(connection);
}

static void check_limit(int limit)
{
	uint64_t token;
	int taken = 0;
	int error;

	while ((error = request_attach(0, &token)) == 0)
		taken++;
	printf("# %d events, then %s\n", taken, strerrorname_np(error));
	result(error == EMFILE && taken == limit,
	       "a user's share of events that wait, then EMFILE");
	error = request_connect();
	result(error >= 0, "a connection beside them");
	close(error);
}

/* The file is closed on the way, and its server has to be asked. */
static int hang_in_exec(const char *file, int opened)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	puts("# open");
	fflush(stdout);
	if (fd < 0 || read(STDIN_FILENO, &byte, 1) != 1 || write(opened, "", 1) != 1)
		return 1;
	execl("/proc/self/exe", "ebb-hostile", request_node, "nothing", (char *)NULL);
	return 1;
}

/* Each would wait for 0.1 s. */
#define AGAIN 20

/* s, within which a user has events again. */
#define REST 5

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check_exec(const char *file)
{
	uint64_t token;
	double before = 0;
	int error = 0;
	int opened[2];
	char byte;
	pid_t child;

	if (pipe2(opened, O_CLOEXEC) < 0)
		exit(1);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(hang_in_exec(file, opened[1]));
	close(opened[1]);
	result(read(opened[0], &byte, 1) == 1, "a thread that executes a program");
	/* Until it gets to the file; /proc does not tell, as it waits there too. */
	for (int tries = 0; tries < 20 && error == 0; tries++) {
		usleep(100000);
		before = seconds();
		error = request_attach(child, &token);
	}
	printf("# %s after %.1f s\n", error ? strerrorname_np(error) : "no error",
	       seconds() - before);
	if (error == 0)
		printf("ok %d - an event on it: EAGAIN # SKIP this kernel does not hold its lock "
		       "while it closes files (as of 6.1.192)\n",
		       ++tap_count);
	else
		result(error == EAGAIN && seconds() - before < 10, "an event on it: EAGAIN");
	before = seconds();
	for (int i = 0; i < AGAIN && error != 0; i++)
		error = request_attach(child, &token);
	result(error == 0 || (error == EAGAIN && seconds() - before < AGAIN * 0.05),
	       "asked again and again: EAGAIN with no wait");
	/* Where it was the event that hung, and not a look at /proc, its user has none for a while.
	 */
	before = seconds();
	while ((error = request_attach(0, &token)) == EAGAIN && seconds() - before < REST)
		usleep(100000);
	result(error == 0, "and perfmond serves on");
	kill(child, SIGKILL);
}

int main(int argc, char *argv[])
{
	const char *check = argc > 2 ? argv[2] : "";
	const char *argument = argc > 3 ? argv[3] : NULL;

	/* A perfmond that hangs is a failure. */
	alarm(60);
	request_node = argv[1];
	if (strcmp(check, "sender") == 0)
		check_sender();
	else if (strcmp(check, "rights") == 0)
		check_rights();
	else if (strcmp(check, "limit") == 0 && argument)
		check_limit(atoi(argument));
	else if (strcmp(check, "hang") == 0 && argument)
		check_hang(argument);
	else if (strcmp(check, "exec") == 0 && argument)
		check_exec(argument);
	else
		return 2;
	return tap_end();
}

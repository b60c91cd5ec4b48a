/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: access NODE WHAT r|rw USER GROUP [FROM_USER FROM_GROUP]
 *
 * Does one thing as a user with one group, with an open file of its own, or with one that another
 * user opens and passes to it, and says what came of it: "yes", or the name of the errno. WHAT:
 * open; reopen-r and reopen-rw, by /proc/self/fd; socket; a request; or PMIOEBB=THREAD. Takes root.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../client/take.h"

#define CLOCKS 0x79 /* PMC6_CPU_CLK_UNHALTED */

struct who {
	uid_t user;
	gid_t group;
};

struct asker {
	const char *node;
	const char *what;
	int flags; /* of open(2) */
	struct who is;
	bool passed;
	struct who from; /* where it is passed */
};

static void die(const char *what)
{
	fprintf(stderr, "access: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int set_up(int fd)
{
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = CLOCKS;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	return ioctl(fd, PMIOSETUP, &pmc);
}

static union {
	int number;
	struct pmc pmc;
	struct pmc_data data;
	struct pmc_tstamp stamp;
	struct perfmon_event event;
	struct perfmon_snap snap;
	struct perfmon_direct direct;
	struct perfmon_holder holder;
	struct perfmon_ebb ebb;
} argument;

static const struct {
	const char *name;
	unsigned long request;
} requests[] = {
	{ "PMIOSETUP", PMIOSETUP },
	{ "PMIOGET", PMIOGET },
	{ "PMIOSTART", PMIOSTART },
	{ "PMIOSTOP", PMIOSTOP },
	{ "PMIOREAD", PMIOREAD },
	{ "PMIORESET", PMIORESET },
	{ "PMIOTSTAMP", PMIOTSTAMP },
	{ "PMIOEVENT", PMIOEVENT },
	{ "PMIOTRANSLATE", PMIOTRANSLATE },
	{ "PMIOSNAP", PMIOSNAP },
	{ "PMIOHOLDER", PMIOHOLDER },
	{ "PMIODIRECT", PMIODIRECT },
	{ "PMIOEBB", PMIOEBB },
};

/* Of counter 0, where one is named: all is 0 but for what asks for an event. */
static void fill_argument(unsigned long request)
{
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = CLOCKS;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	if (request == PMIOSETUP)
		argument.pmc = pmc;
	if (request == PMIOTRANSLATE)
		argument.event.pme_val = pmc.pmc_val;
	if (request == PMIOEBB)
		argument.ebb = (struct perfmon_ebb){
			.peb_type = PERF_TYPE_SOFTWARE,
			.peb_config = PERF_COUNT_SW_PAGE_FAULTS | UINT64_C(1) << 63, /* EBB */
			.peb_period = 1,
		};
}

static int ask(int fd, const char *name)
{
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		if (strcmp(requests[i].name, name) != 0)
			continue;
		fill_argument(requests[i].request);
		return ioctl(fd, requests[i].request, &argument);
	}
	fprintf(stderr, "access: nothing is called %s\n", name);
	exit(2);
}

static int reopen(int fd, int flags)
{
	char name[32];

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	return open(name, flags | O_CLOEXEC);
}

static int connect_to(const char *node)
{
	int socket;
	int error = take_connect(node, &socket);

	errno = error;
	return error ? -1 : 0;
}

static int act(int fd, const struct asker *asker)
{
	int thread;

	if (strcmp(asker->what, "open") == 0)
		return 0;
	if (strcmp(asker->what, "reopen-r") == 0)
		return reopen(fd, O_RDONLY);
	if (strcmp(asker->what, "reopen-rw") == 0)
		return reopen(fd, O_RDWR);
	if (strcmp(asker->what, "socket") == 0)
		return connect_to(asker->node);
	if (asker->flags == O_RDWR && strcmp(asker->what, "PMIOEBB") != 0 && set_up(fd) < 0)
		die("PMIOSETUP before it");
	if (sscanf(asker->what, "PMIOEBB=%d", &thread) == 1) {
		fill_argument(PMIOEBB);
		argument.ebb.peb_thread = thread;
		return ioctl(fd, PMIOEBB, &argument);
	}
	return ask(fd, asker->what);
}

static int open_node(const struct asker *asker)
{
	return open(asker->node, asker->flags | O_CLOEXEC);
}

static void pass(int socket, int fd)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
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
	if (sendmsg(socket, &message, 0) < 0)
		die("sendmsg");
}

static int receive(int socket)
{
	char byte;
	struct iovec data = { &byte, 1 };
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned));
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	int fd;

	if (recvmsg(socket, &message, 0) < 0 || !CMSG_FIRSTHDR(&message))
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

static void become(const struct who *who)
{
	if (setgroups(0, NULL) < 0 || setgid(who->group) < 0 || setuid(who->user) < 0)
		die("setuid");
	/* As another program of the user is. */
	errno = 0;
}

static _Noreturn void be(const struct asker *asker, int socket)
{
	int fd;

	become(&asker->is);
	fd = asker->passed ? receive(socket) : open_node(asker);
	puts(fd >= 0 && act(fd, asker) >= 0 ? "yes" : strerrorname_np(errno));
	fflush(stdout);
	_exit(EXIT_SUCCESS);
}

static _Noreturn void be_from(const struct asker *asker, int socket)
{
	int fd;

	become(&asker->from);
	fd = open_node(asker);
	if (fd < 0)
		die(asker->node);
	pass(socket, fd);
	_exit(EXIT_SUCCESS);
}

/* Who reads only finds a counter that root has set up, and no writer where it would write. */
static bool needs_counter(const struct asker *asker)
{
	return asker->flags == O_RDONLY && strncmp(asker->what, "PMIO", 4) == 0;
}

static struct who who_is(char *word[])
{
	return (struct who){ .user = (uid_t)strtoul(word[0], NULL, 10),
			     .group = (gid_t)strtoul(word[1], NULL, 10) };
}

/* Each process has its own end alone, so that who waits for one that has died is told. */
static pid_t begin(const struct asker *asker, void (*be_one)(const struct asker *asker, int socket),
		   const int ends[2])
{
	pid_t process = fork();

	if (process < 0)
		die("fork");
	if (process == 0) {
		close(ends[1]);
		be_one(asker, ends[0]);
	}
	return process;
}

static int wait_for(pid_t process)
{
	int status;

	waitpid(process, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int run(const struct asker *asker)
{
	int ends[2];
	pid_t process;
	pid_t from = 0;
	int status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		die("socketpair");
	process = begin(asker, be, ends);
	if (asker->passed)
		from = begin(asker, be_from, (const int[]){ ends[1], ends[0] });
	close(ends[0]);
	close(ends[1]);
	status = wait_for(process);
	return from && wait_for(from) != 0 ? 2 : status;
}

int main(int argc, char *argv[])
{
	struct asker asker = { 0 };

	if (argc != 6 && argc != 8) {
		fputs("usage: access NODE WHAT r|rw USER GROUP [FROM_USER FROM_GROUP]\n", stderr);
		return 2;
	}
	asker = (struct asker){
		.node = argv[1],
		.what = argv[2],
		.flags = strcmp(argv[3], "rw") == 0 ? O_RDWR : O_RDONLY,
		.is = who_is(argv + 4),
		.passed = argc == 8,
	};
	if (asker.passed)
		asker.from = who_is(argv + 6);
	if (needs_counter(&asker) && set_up(open(asker.node, O_RDWR | O_CLOEXEC)) < 0)
		die("PMIOSETUP by root");
	return run(&asker);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "conformance.h"

static void one_writer(void)
{
	int fd = open_writer();

	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	CHECK_ERRNO(open(node, O_WRONLY), EBUSY);
	close(fd);
	fd = open(node, O_WRONLY);
	CHECK(fd >= 0);
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	close(fd);
	close(open_writer());
}

static void readers_beside_a_writer(void)
{
	int reader = open_reader();
	int writer = open_writer();

	CHECK(open_reader() >= 0);
	must_setup(writer, 0);
	CHECK(must_get(reader, 0).pmc_event == countable.pmc_event);
}

static void many_readers(void)
{
	const struct rlimit limit = { 4200, 4200 };
	int writer;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		skip("the limit of open files is below 4200 and cannot be raised");
	for (int i = 0; i < 4096; i++)
		open_reader();
	writer = open_writer();
	must_setup(writer, 1);
	CHECK(must_get(writer, 1).pmc_num == 1);
}

static void readers_cannot_change(void)
{
	static const int numbers[] = { 0, 1, -1, 2 };
	int writer = open_writer();
	int reader = open_reader();

	must_setup(writer, 0);
	must_start(writer, 0);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct pmc pmc = countable;

		pmc.pmc_num = numbers[i];
		CHECK_ERRNO(pm_setup(reader, pmc), EPERM);
		CHECK_ERRNO(pm_start(reader, numbers[i]), EPERM);
		CHECK_ERRNO(pm_stop(reader, numbers[i]), EPERM);
		CHECK_ERRNO(pm_reset(reader, numbers[i]), EPERM);
	}
	CHECK(must_get(writer, 0).pmc_flags & PMCF_EN);
}

static void readers_can_look(void)
{
	int writer = open_writer();
	int reader = open_reader();
	struct pmc_tstamp stamp;

	must_setup(writer, 0);
	must_start(writer, 0);
	CHECK(must_get(reader, 0).pmc_flags & PMCF_EN);
	read_above(reader, 0, 0);
	CHECK(pm_tstamp(reader, &stamp) == 0 || errno == ENOTTY);
}

/* What is left of a claim: none. */
static void check_free(int reader)
{
	quad_t value;
	struct pmc pmc;
	int writer;

	for (int i = 0; i < NPMC; i++) {
		CHECK_ERRNO(pm_read(reader, i, &value), EBUSY);
		CHECK_ERRNO(pm_get(reader, i, &pmc), EBUSY);
	}
	writer = open_writer();
	CHECK_ERRNO(pm_start(writer, 0), EBUSY);
	close(writer);
}

static void last_close_frees(void)
{
	int reader = open_reader();
	int writer = open_writer();

	must_setup(writer, 0);
	must_setup(writer, 1);
	must_start(writer, 0);
	close(writer);
	check_free(reader);
}

static void reader_close_frees_nothing(void)
{
	int writer = open_writer();

	must_setup(writer, 0);
	close(open_reader());
	must_get(writer, 0);
}

static void use_inherited(int fd)
{
	must_setup(fd, 1);
	must_start(fd, 1);
}

static void forked_writer(void)
{
	int reader = open_reader();
	int writer = open_writer();

	must_setup(writer, 0);
	must_end_well(start_child(use_inherited, writer));
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	CHECK(must_get(reader, 1).pmc_flags & PMCF_EN);
	must_get(writer, 0);
	close(writer);
	check_free(reader);
}

static void outlive_parent(int fd)
{
	must_get(fd, 0);
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
}

static void forked_writer_outlives(void)
{
	int reader = open_reader();
	int writer = open_writer();
	int go[2];
	pid_t child;
	char byte;

	must_setup(writer, 0);
	CHECK(pipe(go) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK(read(go[0], &byte, 1) == 1);
		outlive_parent(writer);
		_exit(0);
	}
	close(writer);
	CHECK(write(go[1], "", 1) == 1);
	must_end_well(child);
	check_free(reader);
}

static void duplicated_writer(void)
{
	int reader = open_reader();
	int writer = open_writer();
	int copy = dup(writer);

	must_setup(writer, 0);
	close(writer);
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	must_start(copy, 0);
	must_stop(copy, 0);
	close(copy);
	check_free(reader);
}

static void send_descriptor(int socket, int fd)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_descriptor(int socket)
{
	char byte;
	int fd;
	struct iovec iov = { &byte, 1 };
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };

	CHECK(recvmsg(socket, &message, 0) == 1);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

/* Opens for writing, passes the descriptor on and dies. */
static void pass_and_die(int socket)
{
	int fd = open_writer();

	must_setup(fd, 0);
	send_descriptor(socket, fd);
}

static void passed_writer(void)
{
	int reader = open_reader();
	int pair[2];
	int fd;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	must_end_well(start_child(pass_and_die, pair[1]));
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	fd = receive_descriptor(pair[0]);
	must_start(fd, 0);
	must_stop(fd, 0);
	close(fd);
	check_free(reader);
}

static void claim_and_wait(int ready)
{
	int fd = open_writer();

	must_setup(fd, 0);
	must_start(fd, 0);
	CHECK(write(ready, "", 1) == 1);
	for (;;)
		pause();
}

static pid_t start_claimer(void)
{
	int ready[2];
	pid_t child;
	char byte;

	CHECK(pipe(ready) == 0);
	child = start_child(claim_and_wait, ready[1]);
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	return child;
}

static void killed_writer(void)
{
	int reader = open_reader();
	pid_t child = start_claimer();

	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	check_free(reader);
}

static void stopped_writer(void)
{
	int reader = open_reader();
	pid_t child = start_claimer();
	int status;

	CHECK(kill(child, SIGSTOP) == 0);
	CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	CHECK_ERRNO(open(node, O_RDWR), EBUSY);
	CHECK(must_get(reader, 0).pmc_flags & PMCF_EN);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	check_free(reader);
}

/* The descriptor stays open across exec(2) unless it was asked not to. */
static void executed_writer(void)
{
	int reader = open_reader();
	int fd = open(node, O_RDWR);
	int status;
	pid_t child;

	CHECK(fd >= 0);
	must_setup(fd, 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
		_exit(127);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	must_get(fd, 0);
	close(fd);
	check_free(reader);
}

const struct test open_tests[] = {
	{ "a second open for writing is EBUSY", one_writer },
	{ "read-only opens are allowed beside the writer", readers_beside_a_writer },
	{ "4096 read-only opens are allowed", many_readers },
	{ "SETUP, START, STOP, RESET read-only are EPERM", readers_cannot_change },
	{ "GET, READ, TSTAMP read-only are allowed", readers_can_look },
	{ "the writer's last close frees its counters", last_close_frees },
	{ "a reader's close frees nothing", reader_close_frees_nothing },
	{ "a writer that forked is one open", forked_writer },
	{ "a fork that outlives its parent keeps the claim", forked_writer_outlives },
	{ "a duplicated descriptor is one open", duplicated_writer },
	{ "a descriptor that is passed on keeps the claim", passed_writer },
	{ "a writer killed by SIGKILL is freed", killed_writer },
	{ "a stopped writer keeps its claim until it dies", stopped_writer },
	{ "a writer that runs another program is one open", executed_writer },
	{ NULL, NULL },
};

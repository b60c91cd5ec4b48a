/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: held NODE CASE
 *
 * A client that has the kernel hold the perf events of its own thread: an ioctl(2) on one of them
 * writes to a page that does not come. perfmond's calls for that thread wait meanwhile; perfmond
 * and its other clients must not. A case that ends with "stay" is held until the standard input
 * ends, and says "held" when it is. Prints TAP without a plan. Takes root, as userfaultfd(2) does.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../client/take.h"

#define PAGE          65536 /* of the largest pages that Linux has by default */
#define CLOCKS        0x79  /* PMC6_CPU_CLK_UNHALTED */
#define LONGEST       1.0   /* s, that another client waits */
#define REST          3     /* s, after which a counter can be set up again */
#define SETTLE        100000
#define RELEASE_TRIES 300

static const char *node;
static const char *case_name;
static bool failed;

/* Of the other client. */
static struct other {
	_Atomic unsigned long answered;
	_Atomic unsigned long longest; /* us */
} * other;

static void die(const char *what)
{
	printf("not ok - %s: %s: %s\n", case_name, what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void check(bool good, const char *what)
{
	printf("%sok - %s: %s\n", good ? "" : "not ", case_name, what);
	fflush(stdout);
	failed |= !good;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int open_clock(void)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open");
	return fd;
}

static struct hold {
	int event;
	int faults;
	void *page;
	pthread_t thread;
	_Atomic bool over;
} held;

static void *call(void *unused)
{
	(void)unused;
	ioctl(held.event, PERF_EVENT_IOC_ID, held.page);
	held.over = true;
	return NULL;
}

/* event: one of the main thread's. */
static void hold(int event)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	held.event = event;
	held.over = false;
	held.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	held.faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	area.range.start = (uintptr_t)held.page;
	area.range.len = PAGE;
	if (held.page == MAP_FAILED || held.faults < 0 ||
	    ioctl(held.faults, UFFDIO_API, &api) < 0 ||
	    ioctl(held.faults, UFFDIO_REGISTER, &area) < 0 ||
	    pthread_create(&held.thread, NULL, call, NULL) != 0)
		die("userfaultfd");
	usleep(SETTLE);
	check(!held.over, "the kernel holds the thread's events");
}

static void let_go(void)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)held.page, .len = PAGE } };

	if (ioctl(held.faults, UFFDIO_ZEROPAGE, &zero) < 0)
		die("UFFDIO_ZEROPAGE");
	pthread_join(held.thread, NULL);
	close(held.faults);
	munmap(held.page, PAGE);
}

static void ask_all_the_time(void)
{
	int fd = open(node, O_RDONLY);
	struct pmc_tstamp stamp;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		double begin = now();
		unsigned long took;

		if (ioctl(fd, PMIOTSTAMP, &stamp) < 0)
			_exit(EXIT_FAILURE);
		took = (unsigned long)((now() - begin) * 1e6);
		if (took > other->longest)
			other->longest = took;
		other->answered++;
		usleep(1000);
	}
}

static pid_t begin_other(void)
{
	pid_t process = fork();

	if (process == 0)
		ask_all_the_time();
	while (other->answered == 0)
		usleep(1000);
	return process;
}

static void end_other(pid_t process)
{
	unsigned long answered = other->answered;
	char text[96];

	usleep(SETTLE);
	snprintf(text, sizeof text, "another client waited for %.3f s at most",
		 (double)other->longest / 1e6);
	check(other->answered > answered && (double)other->longest / 1e6 < LONGEST, text);
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}

static int open_node(int mode)
{
	int fd = open(node, mode | O_CLOEXEC);

	if (fd < 0)
		die(node);
	return fd;
}

static int set_up(int fd)
{
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = CLOCKS;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	return ioctl(fd, PMIOSETUP, &pmc);
}

static int count(int fd)
{
	int number = 0;

	return set_up(fd) < 0 ? -1 : ioctl(fd, PMIOSTART, &number);
}

static int read_counter(int fd)
{
	struct pmc_data data = { .pmcd_num = 0 };

	return ioctl(fd, PMIOREAD, &data);
}

static int stop(int fd)
{
	int number = 0;

	return ioctl(fd, PMIOSTOP, &number);
}

static bool fails_with(int result, int error)
{
	return result < 0 && errno == error;
}

/* Of the counter, when its thread is let go. */
static void recover(int fd)
{
	let_go();
	sleep(REST);
	check(count(fd) == 0 && read_counter(fd) == 0, "counts again, set up anew");
	close(fd);
}

static void prove_counter(void)
{
	int fd = open_node(O_RDWR);

	if (count(fd) < 0)
		die("PMIOSETUP, PMIOSTART");
	hold(open_clock());
	check(fails_with(read_counter(fd), EIO), "PMIOREAD is EIO");
	check(fails_with(stop(fd), EIO), "PMIOSTOP is EIO");
	check(fails_with(set_up(fd), EAGAIN), "PMIOSETUP is EAGAIN");
	recover(fd);
}

static void prove_setup(void)
{
	int fd = open_node(O_RDWR);

	hold(open_clock());
	check(fails_with(set_up(fd), EIO), "PMIOSETUP is EIO");
	recover(fd);
}

static void prove_close(void)
{
	int tries = RELEASE_TRIES;
	int fd = open_node(O_RDWR);

	if (count(fd) < 0)
		die("PMIOSETUP, PMIOSTART");
	hold(open_clock());
	close(fd);
	while ((fd = open(node, O_RDWR | O_CLOEXEC)) < 0 && errno == EBUSY && --tries > 0)
		usleep(10000);
	check(fd >= 0, "the node can be opened for writing after a close");
	recover(fd);
}

static int take_one(uint64_t token, int *ret_socket)
{
	struct perfmon_taken taken;
	int fd[TAKE_MOST];
	unsigned descriptors = 0;
	int error = take_connect(node, ret_socket);

	if (error == 0)
		error = take(*ret_socket, token, &taken, fd, TAKE_MOST, &descriptors);
	if (error) {
		errno = error;
		return -1;
	}
	/* Before a counter's event comes its page. */
	for (unsigned i = 0; i + 1 < descriptors; i++)
		close(fd[i]);
	return fd[descriptors - 1];
}

static void prove_direct(void)
{
	struct perfmon_direct direct = { .pmd_num = 0 };
	int fd = open_node(O_RDWR);
	int socket;
	int event;

	if (set_up(fd) < 0 || ioctl(fd, PMIODIRECT, &direct) < 0)
		die("PMIOSETUP, PMIODIRECT");
	event = take_one(direct.pmd_token, &socket);
	if (event < 0)
		die("PMIODIRECT's events");
	hold(event);
	check(fails_with(stop(fd), 0) || stop(fd) == 0, "PMIOSTOP of a stopped counter");
	check(fails_with(set_up(fd), EIO), "PMIOSETUP is EIO");
	close(socket);
	recover(fd);
	close(event);
}

static int branch(int fd, uint64_t *ret_token)
{
	struct perfmon_ebb request = {
		.peb_type = PERF_TYPE_SOFTWARE,
		.peb_config = PERF_COUNT_SW_PAGE_FAULTS | UINT64_C(1) << 63, /* EBB */
		.peb_period = 1,
	};
	int result = ioctl(fd, PMIOEBB, &request);

	*ret_token = request.peb_token;
	return result;
}

static void prove_branch(void)
{
	int fd = open_node(O_RDONLY);
	uint64_t token;

	hold(open_clock());
	check(fails_with(branch(fd, &token), EAGAIN), "PMIOEBB is EAGAIN");
	let_go();
	sleep(REST);
	check(branch(fd, &token) == 0, "PMIOEBB, when it is let go");
	close(fd);
}

/* Of its events perfmond has the only descriptor then. */
static void leave_event(int *ret_socket)
{
	int fd = open_node(O_RDONLY);
	uint64_t token;
	int event;

	if (branch(fd, &token) < 0)
		die("PMIOEBB");
	event = take_one(token, ret_socket);
	if (event < 0)
		die("PMIOEBB's event");
	close(event);
	close(fd);
}

/* Another process, which nothing holds, takes one when it is told to: a thread that is held cannot
 * fork. */
static pid_t begin_taker(int *ret_go)
{
	int ends[2];
	pid_t process;

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	process = fork();
	if (process == 0) {
		int socket;
		char byte;

		close(ends[1]);
		while (read(ends[0], &byte, 1) > 0)
			;
		leave_event(&socket);
		_exit(EXIT_SUCCESS);
	}
	close(ends[0]);
	*ret_go = ends[1];
	return process;
}

static void prove_taken(void)
{
	int status = -1;
	int socket;
	int go;
	pid_t taker = begin_taker(&go);

	leave_event(&socket);
	hold(open_clock());
	close(socket);
	usleep(SETTLE);
	close(go);
	waitpid(taker, &status, 0);
	check(status == 0, "another process is handed an event");
	let_go();
}

static void stay(void)
{
	char byte;

	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static void prove_counter_stay(void)
{
	int fd = open_node(O_RDWR);

	if (count(fd) < 0)
		die("PMIOSETUP, PMIOSTART");
	hold(open_clock());
	stay();
}

static void prove_branch_stay(void)
{
	int fd = open_node(O_RDONLY);
	uint64_t token;
	int socket;

	leave_event(&socket);
	if (branch(fd, &token) < 0)
		die("PMIOEBB");
	hold(open_clock());
	stay();
}

static const struct {
	const char *name;
	void (*prove)(void);
} cases[] = {
	{ "counter", prove_counter },
	{ "setup", prove_setup },
	{ "close", prove_close },
	{ "direct", prove_direct },
	{ "branch", prove_branch },
	{ "taken", prove_taken },
	{ "counter-stay", prove_counter_stay },
	{ "branch-stay", prove_branch_stay },
};

int main(int argc, char *argv[])
{
	if (argc != 3) {
		fprintf(stderr, "usage: held NODE CASE\n");
		return 2;
	}
	node = argv[1];
	case_name = argv[2];
	other = mmap(NULL, sizeof *other, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (other == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		pid_t process;

		if (strcmp(cases[i].name, case_name) != 0)
			continue;
		if (strstr(case_name, "-stay")) {
			cases[i].prove();
			return failed;
		}
		process = begin_other();
		cases[i].prove();
		end_other(process);
		return failed;
	}
	fprintf(stderr, "held: no case %s\n", case_name);
	return 2;
}

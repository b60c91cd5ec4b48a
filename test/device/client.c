/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The client of test/daemon: client NODE [hold | repeat N | get|read|reset|tstamp N WAIT]
 *
 * Without a word it asks each request once. hold opens the node and asks once in 10 ms until a
 * request fails. repeat asks GET N times. The last form asks one request N times, after SIGUSR1.
 */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

static void ask(int fd, unsigned long request, void *argument, const char *name)
{
	if (ioctl(fd, request, argument) < 0)
		fail(name);
}

static void set_up(int fd)
{
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	ask(fd, PMIOSETUP, &pmc, "PMIOSETUP");
}

static void each_once(int fd)
{
	int number = 0;
	struct pmc pmc = { .pmc_num = 0 };
	struct pmc_data data = { .pmcd_num = 0 };
	struct pmc_data other = { .pmcd_num = 1 };
	struct pmc_tstamp stamp;

	set_up(fd);
	ask(fd, PMIOGET, &pmc, "PMIOGET");
	ask(fd, PMIOSTART, &number, "PMIOSTART");
	ask(fd, PMIOSTOP, &number, "PMIOSTOP");
	ask(fd, PMIOREAD, &data, "PMIOREAD");
	ask(fd, PMIORESET, &number, "PMIORESET");
	ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP");
	if (ioctl(fd, PMIOREAD, &other) == 0 || errno != EBUSY)
		fail("PMIOREAD of a counter that is not set up");
}

static void hold(int fd)
{
	struct pmc pmc = { .pmc_num = 0 };

	set_up(fd);
	fputs("holding\n", stderr);
	while (ioctl(fd, PMIOGET, &pmc) == 0)
		usleep(10000);
	fail("PMIOGET");
}

static void repeat(int fd, long times)
{
	struct pmc pmc = { .pmc_num = 0 };

	set_up(fd);
	puts("repeating");
	fflush(stdout);
	for (long i = 0; i < times; i++)
		ask(fd, PMIOGET, &pmc, "PMIOGET");
}

/* Set up, started and stopped, so that the counter has a kept value; the stamp's rate is final. */
static void prepare(int fd)
{
	struct pmc_tstamp stamp;

	each_once(fd);
	usleep(450000);
	ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP");
}

static void repeat_one(int fd, const char *name, long times)
{
	static const struct {
		const char *name;
		unsigned long request;
	} requests[] = {
		{ "get", PMIOGET },
		{ "read", PMIOREAD },
		{ "reset", PMIORESET },
		{ "tstamp", PMIOTSTAMP },
	};
	_Alignas(16) char argument[16] = { 0 };
	sigset_t go;
	int signal;

	prepare(fd);
	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	puts("prepared");
	fflush(stdout);
	sigwait(&go, &signal);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (strcmp(name, requests[i].name) == 0)
			for (long j = 0; j < times; j++)
				ask(fd, requests[i].request, argument, name);
	puts("finished");
}

int main(int argc, char *argv[])
{
	int fd;

	if (argc < 2)
		return 2;
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		fail("open");
	if (argc == 2)
		each_once(fd);
	else if (argc == 3)
		hold(fd);
	else if (argc == 4)
		repeat(fd, strtol(argv[3], NULL, 10));
	else
		repeat_one(fd, argv[2], strtol(argv[3], NULL, 10));
	return 0;
}

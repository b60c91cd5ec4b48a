/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The client of test/limits: limits NODE opens N | limits NODE refused N
 *
 * opens: opens the node to read N times, and says what came of each: "yes", or the name of the
 * errno. For each line of standard input it closes one and opens two; the files stay open until its
 * end. refused: asks N times for an event that nothing has, and says how many were EOPNOTSUPP.
 */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A bit that is no flag of perfmon(4)'s. */
#define NO_FLAG 0x20

/* The kernel tells perfmond of a close after it has come back. */
#define TRIES    250
#define PAUSE_US 20000

static int open_one(const char *node)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);

	puts(fd >= 0 ? "yes" : strerrorname_np(errno));
	fflush(stdout);
	return fd;
}

static int open_soon(const char *node)
{
	int fd;

	for (int i = 0; i < TRIES; i++) {
		fd = open(node, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 || errno != EMFILE)
			break;
		usleep(PAUSE_US);
	}
	puts(fd >= 0 ? "yes" : strerrorname_np(errno));
	fflush(stdout);
	return fd;
}

static int opens(const char *node, long times)
{
	char line[8];
	int last = -1;

	for (long i = 0; i < times; i++) {
		int fd = open_one(node);

		last = fd >= 0 ? fd : last;
	}
	while (fgets(line, sizeof line, stdin)) {
		close(last);
		last = open_soon(node);
		open_one(node);
	}
	return EXIT_SUCCESS;
}

static int refused(const char *node, long times)
{
	struct pmc pmc = { .pmc_num = 0 };
	int fd = open(node, O_RDWR | O_CLOEXEC);
	long count = 0;

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS | NO_FLAG;
	for (long i = 0; i < times; i++)
		if (ioctl(fd, PMIOSETUP, &pmc) < 0 && errno == EOPNOTSUPP)
			count++;
	printf("%ld\n", count);
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	if (argc == 4 && strcmp(argv[2], "opens") == 0)
		return opens(argv[1], atol(argv[3]));
	if (argc == 4 && strcmp(argv[2], "refused") == 0)
		return refused(argv[1], atol(argv[3]));
	fputs("usage: limits NODE opens N | limits NODE refused N\n", stderr);
	return 2;
}

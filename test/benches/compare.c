/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

#define BLOCKS  16
#define CALLS   500 /* of a block */
#define FIGURES ((size_t)BLOCKS * CALLS)
#define WARM_UP 600 /* before each block, until perfmond's loop has found its way */

static void time_block(const struct side *side, double *figures)
{
	int status = 1;
	pid_t client = fork();

	if (client != 0) {
		waitpid(client, &status, 0);
		if (status)
			exit(EXIT_FAILURE);
		return;
	}
	for (int i = 0; i < WARM_UP; i++)
		side->call(side->fd);
	for (int i = 0; i < CALLS; i++) {
		double begin = figures_now();

		side->call(side->fd);
		figures[i] = figures_now() - begin;
	}
	_exit(EXIT_SUCCESS);
}

void compare(const char *name, struct side ours, struct side theirs)
{
	double *figures = mmap(NULL, 2 * FIGURES * sizeof *figures, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (figures == MAP_FAILED)
		figures_fail("no memory");
	for (size_t block = 0; block < BLOCKS; block++) {
		time_block(&ours, figures + block * CALLS);
		time_block(&theirs, figures + FIGURES + block * CALLS);
	}
	figures_print(name, "ns", figures, figures + FIGURES, FIGURES, 50);
	figures_print(name, "ns", figures, figures + FIGURES, FIGURES, 99);
	munmap(figures, 2 * FIGURES * sizeof *figures);
}

static void must(int result, const char *name)
{
	if (result < 0)
		figures_fail("%s: %s", name, strerrorname_np(errno));
}

void request_read(int fd)
{
	struct pmc_data data = { .pmcd_num = 0 };

	must(ioctl(fd, PMIOREAD, &data), "PMIOREAD");
}

void request_get(int fd)
{
	struct pmc pmc = { .pmc_num = 0 };

	must(ioctl(fd, PMIOGET, &pmc), "PMIOGET");
}

void request_tstamp(int fd)
{
	struct pmc_tstamp stamp;

	must(ioctl(fd, PMIOTSTAMP, &stamp), "PMIOTSTAMP");
}

void request_snap(int fd)
{
	struct perfmon_snap snap;

	must(ioctl(fd, PMIOSNAP, &snap), "PMIOSNAP");
}

static void command(int fd, unsigned long number, const char *name)
{
	int counter = 0;

	must(ioctl(fd, number, &counter), name);
}

void request_start(int fd)
{
	command(fd, PMIOSTART, "PMIOSTART");
}

void request_stop(int fd)
{
	command(fd, PMIOSTOP, "PMIOSTOP");
}

void request_reset(int fd)
{
	command(fd, PMIORESET, "PMIORESET");
}

bool set_up(int fd)
{
	static const u_char events[] = { PMC6_CPU_CLK_UNHALTED, PMC6_HW_INT_RX };

	for (size_t i = 0; i < sizeof events; i++) {
		struct pmc pmc = { .pmc_num = 0 };

		pmc.pmc_event = events[i];
		pmc.pmc_flags = PMCF_USR | PMCF_OS;
		if (ioctl(fd, PMIOSETUP, &pmc) == 0) {
			pmc.pmc_num = 1;
			return ioctl(fd, PMIOSETUP, &pmc) == 0;
		}
	}
	return false;
}

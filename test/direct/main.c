/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: direct NODE device|event|counter [dies]
 *
 * What libperfmon's readers of counters promise, on a perfmond whose clocks of the opener are read
 * in that way. dies: what they promise where perfmond is killed after the line "# ready". Prints
 * TAP.
 */

#include "direct.h"

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ebb/tap.h"

const char *node;
int running_way;

bool wrong(int line, const char *what)
{
	fprintf(stderr, "# line %d: not so: %s (errno %s)\n", line, what, strerrorname_np(errno));
	return false;
}

int open_counter(void)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	if (fd < 0 || ioctl(fd, PMIOSETUP, &pmc) < 0) {
		wrong(__LINE__, "the node opens, and counts clocks");
		exit(EXIT_FAILURE);
	}
	return fd;
}

bool request(int fd, unsigned long number)
{
	int counter = 0;

	return ioctl(fd, number, &counter) == 0;
}

uint64_t device_value(int fd)
{
	struct pmc_data data = { .pmcd_num = 0 };

	return ioctl(fd, PMIOREAD, &data) < 0 ? UINT64_MAX : (uint64_t)data.pmcd_value;
}

uint64_t value_of(struct perfmon_reader *reader)
{
	uint64_t value;

	return perfmon_reader_read(reader, &value) < 0 ? UINT64_MAX : value;
}

struct perfmon_reader *reader_of(int fd)
{
	struct perfmon_reader *reader = NULL;
	int result = perfmon_reader_open(fd, 0, &reader);

	if (result < 0) {
		errno = -result;
		wrong(__LINE__, "a reader is made");
		exit(EXIT_FAILURE);
	}
	return reader;
}

void work(void)
{
	for (volatile int i = 0; i < 5000000; i++)
		;
}

bool child_holds(bool (*what)(void *argument), void *argument)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(what(argument) ? EXIT_SUCCESS : EXIT_FAILURE);
	return waitpid(child, &status, 0) == child && status == 0;
}

static bool run(void *proof)
{
	return ((const struct proof *)proof)->holds();
}

static void prove(const struct proof *proofs)
{
	for (const struct proof *proof = proofs; proof->name; proof++) {
		struct proof copy = *proof;

		result(child_holds(run, &copy), proof->name);
	}
}

int main(int argc, char *argv[])
{
	static const char *const ways[] = { "device", "kept", "event", "counter" };

	if (argc == 3 || argc == 4)
		node = argv[1];
	for (int i = 0; node && i < 4; i++)
		if (strcmp(argv[2], ways[i]) == 0)
			running_way = i;
	if (!node) {
		fputs("usage: direct NODE device|event|counter [dies]\n", stderr);
		return 2;
	}
	if (argc == 4) {
		prove(death_proofs);
	} else {
		prove(value_proofs);
		prove(owner_proofs);
		prove(page_proofs);
	}
	return tap_end();
}

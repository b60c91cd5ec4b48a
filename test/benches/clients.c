/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Requests that many clients at once get served in a second, by perfmond and by libfuse's loop of
 * several threads with a handler that only replies. Takes root.
 */

#include <machine/perfmon.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "servers.h"

#define CLIENTS_MAX 64
#define ROUNDS      5
#define WARM_UP     100000 /* us */
#define SLICE       200000 /* us */

/* Of each client, on a line of the cache of its own. */
struct tally {
	_Alignas(128) atomic_ulong requests;
};

static struct tally *tallies;

static void be_client(int fd, struct tally *tally)
{
	struct pmc_data data = { .pmcd_num = 0 };

	while (ioctl(fd, PMIOREAD, &data) == 0)
		atomic_fetch_add_explicit(&tally->requests, 1, memory_order_relaxed);
	_exit(1);
}

static unsigned long total(unsigned clients)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < clients; i++)
		sum += atomic_load(&tallies[i].requests);
	return sum;
}

/* Requests in a second. */
static double rate(int fd, unsigned clients)
{
	pid_t child[CLIENTS_MAX];
	unsigned long before;
	double begin;
	double seconds;

	for (unsigned i = 0; i < clients; i++) {
		child[i] = fork();
		if (child[i] == 0)
			be_client(fd, &tallies[i]);
	}
	usleep(WARM_UP);
	begin = figures_now();
	before = total(clients);
	usleep(SLICE);
	before = total(clients) - before;
	seconds = (figures_now() - begin) / 1e9;
	for (unsigned i = 0; i < clients; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	return (double)before / seconds;
}

static void compare(int fd, int null, unsigned clients)
{
	double ours[ROUNDS];
	double theirs[ROUNDS];
	char name[64];

	for (int round = 0; round < ROUNDS; round++) {
		ours[round] = rate(fd, clients);
		theirs[round] = rate(null, clients);
	}
	snprintf(name, sizeof name, "throughput, %u clients", clients);
	figures_print(name, "requests", ours, theirs, ROUNDS, 50);
}

int main(void)
{
	struct server perfmond;
	struct server null;
	struct pmc pmc = { .pmc_num = 0 };
	int fd;
	int null_fd;

	if (geteuid() != 0) {
		puts("# clients: a device node takes root");
		return EXIT_SUCCESS;
	}
	tallies = mmap(NULL, CLIENTS_MAX * sizeof *tallies, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		figures_fail("no memory");
	perfmond = server_perfmond("perfmon-bench", "sim", "system");
	null = server_null("perfmon-bench-null", true);
	fd = server_open(&perfmond);
	null_fd = server_open(&null);
	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	if (ioctl(fd, PMIOSETUP, &pmc) < 0)
		figures_fail("PMIOSETUP");
	for (unsigned clients = 1; clients <= CLIENTS_MAX; clients *= 2)
		if (clients != 32)
			compare(fd, null_fd, clients);
	close(fd);
	close(null_fd);
	server_stop(&perfmond);
	server_stop(&null);
	return EXIT_SUCCESS;
}

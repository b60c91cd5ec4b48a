/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What perfmond costs where nobody asks: its start, its memory, its time; beside a null device on
 * libfuse's own loop, and beside the time that went by. Takes root.
 */

#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "servers.h"

#define STARTS     11
#define IDLE       10 /* s */
#define SLOW_RATE  90 /* requests a second */
#define SLOW_TIMES 450

static void measure_start(void)
{
	double ours[STARTS];
	double theirs[STARTS];

	for (int i = 0; i < STARTS; i++) {
		double begin = figures_now();
		struct server server = server_perfmond("perfmon-bench", "perf", "system");

		ours[i] = figures_now() - begin;
		server_stop(&server);
		begin = figures_now();
		server = server_null("perfmon-bench-null", false);
		theirs[i] = figures_now() - begin;
		server_stop(&server);
	}
	figures_print("start / null's", "ns", ours, theirs, STARTS, 50);
}

/* VmRSS, KiB. */
static double resident(const struct server *server)
{
	char path[64];
	char line[128];
	double size = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)server->process);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		sscanf(line, "VmRSS: %lf", &size);
	if (file)
		fclose(file);
	return size;
}

/* CPU time that it has used, ns: the clock of a process, clock_getcpuclockid(3). */
static double used(const struct server *server)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(server->process, &clock) != 0 || clock_gettime(clock, &time) < 0)
		figures_fail("no clock of process %d", (int)server->process);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void measure_idle(const struct server *server)
{
	double begin = figures_now();
	double before = used(server);

	sleep(IDLE);
	figures_print_one("idle CPU time / time", "ns", used(server) - before,
			  figures_now() - begin);
}

/* CPU time of a server for SLOW_TIMES requests at the slow rate; the time that they took. */
static double use_slowly(const struct server *server, double *ret_time)
{
	struct pmc pmc = { .pmc_num = 0 };
	int fd = server_open(server);
	double begin = figures_now();
	double before = used(server);

	for (int i = 0; i < SLOW_TIMES; i++) {
		ioctl(fd, PMIOGET, &pmc);
		usleep(1000000 / SLOW_RATE);
	}
	before = used(server) - before;
	*ret_time = figures_now() - begin;
	close(fd);
	return before;
}

static void measure_slow(const struct server *perfmond, const struct server *null)
{
	double time;
	double theirs = use_slowly(null, &time);
	double ours = use_slowly(perfmond, &time);

	figures_print_one("CPU time at 90 requests a second / time", "ns", ours, time);
	figures_print_one("CPU time at 90 requests a second / null's", "ns", ours, theirs);
}

int main(void)
{
	struct server perfmond;
	struct server null;

	if (geteuid() != 0) {
		puts("# daemon: a device node takes root");
		return EXIT_SUCCESS;
	}
	measure_start();
	perfmond = server_perfmond("perfmon-bench", "perf", "system");
	null = server_null("perfmon-bench-null", false);
	figures_print_one("resident memory / null's", "KiB", resident(&perfmond), resident(&null));
	measure_idle(&perfmond);
	measure_slow(&perfmond, &null);
	server_stop(&perfmond);
	server_stop(&null);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: soak NODE PID SECONDS EVERY [direct]
 *
 * Loads the node of the perfmond of that process id for so long, and watches it: a line of
 * `sample SECOND RESIDENT DESCRIPTORS MEDIAN P99 PIPE REQUESTS` every EVERY seconds. RESIDENT is
 * in KiB; MEDIAN and P99 are of a PMIOTSTAMP, and PIPE is the median of a byte to another process
 * and back in the same time, in us: what the machine alone does to both. REQUESTS were answered
 * since the sample before. `before` and `after` are lines of the same kind without the load, and
 * the last lines are `killed NUMBER` of clients, `passed NUMBER` of values read past perfmond, and
 * `wrong NUMBER WHAT` of answers that nothing asked for explains, with one of the first.
 * direct: the writer reads a counter past perfmond as well.
 */

#include "soak.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 100000
#define PROBE_US    1000
#define TEND_NS     2e9

/* Until what was closed is released, and what was passed is taken back. */
#define SETTLE_US 2000000

struct watch {
	int fd;
	int to[2]; /* the pipes of the process that echoes */
	int from[2];
	int process; /* perfmond */
	struct load *load;
	uint64_t probes;
	uint64_t requests; /* at the latest sample */
	size_t number;
};

static double latencies[SAMPLES_MAX];
static double pipes[SAMPLES_MAX];

void die(const char *what)
{
	fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* KiB. Rss of smaps_rollup is exact, VmRSS of status lags behind by pages of each CPU. */
static unsigned long resident(int process)
{
	char path[64];
	char line[128];
	unsigned long result = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
	file = fopen(path, "re");
	if (!file)
		die(path);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, "Rss:", 4) == 0)
			result = strtoul(line + 4, NULL, 10);
	fclose(file);
	return result;
}

static unsigned descriptors(int process)
{
	char path[64];
	unsigned result = 0;
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%d/fd", process);
	directory = opendir(path);
	if (!directory)
		die(path);
	while ((entry = readdir(directory)) != NULL)
		result += entry->d_name[0] != '.';
	closedir(directory);
	return result;
}

static void echo_start(struct watch *watch)
{
	pid_t process;
	char byte;

	if (pipe2(watch->to, O_CLOEXEC) < 0 || pipe2(watch->from, O_CLOEXEC) < 0)
		die("pipe");
	process = fork();
	if (process < 0)
		die("fork");
	if (process > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(watch->to[0], &byte, 1) == 1)
		if (write(watch->from[1], &byte, 1) != 1)
			break;
	_exit(EXIT_SUCCESS);
}

/* One of each. An answer of perfmond that is none ends the watch: there is nothing to watch. */
static void probe(struct watch *watch)
{
	struct pmc_tstamp stamp;
	char byte = 0;
	double begin = now();
	double between;

	if (ioctl(watch->fd, PMIOTSTAMP, &stamp) < 0)
		die("PMIOTSTAMP");
	between = now();
	if (write(watch->to[1], &byte, 1) != 1 || read(watch->from[0], &byte, 1) != 1)
		die("pipe");
	if (watch->number < SAMPLES_MAX) {
		pipes[watch->number] = (now() - between) / 1e3;
		latencies[watch->number++] = (between - begin) / 1e3;
	}
	watch->probes++;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static uint64_t requests(const struct watch *watch)
{
	uint64_t result = watch->probes;

	for (int i = 0; i < CLIENTS; i++)
		result += watch->load->tally[i].requests;
	return result;
}

static void say(struct watch *watch, const char *what, double second)
{
	uint64_t all = requests(watch);

	qsort(latencies, watch->number, sizeof *latencies, by_value);
	qsort(pipes, watch->number, sizeof *pipes, by_value);
	printf("%s %.1f %lu %u %.1f %.1f %.1f %llu\n", what, second, resident(watch->process),
	       descriptors(watch->process), latencies[watch->number / 2],
	       latencies[watch->number * 99 / 100], pipes[watch->number / 2],
	       (unsigned long long)(all - watch->requests));
	fflush(stdout);
	watch->requests = all;
	watch->number = 0;
}

/* Probes until then, and says a sample. */
static void watch_until(struct watch *watch, double end, const char *what, double begin)
{
	static double tended;

	do {
		probe(watch);
		usleep(PROBE_US);
		if (begin > 0 && now() - tended > TEND_NS) {
			load_tend(watch->load);
			tended = now();
		}
	} while (now() < end);
	say(watch, what, begin > 0 ? (now() - begin) / 1e9 : 0);
}

static void say_sums(const struct load *load)
{
	struct tally sum = { 0 };

	for (int i = 0; i < CLIENTS; i++) {
		sum.killed += load->tally[i].killed;
		sum.passed += load->tally[i].passed;
		sum.wrong += load->tally[i].wrong;
		if (load->tally[i].wrong)
			memcpy(sum.first, load->tally[i].first, sizeof sum.first);
	}
	printf("killed %llu\npassed %llu\nwrong %llu %s\n", (unsigned long long)sum.killed,
	       (unsigned long long)sum.passed, (unsigned long long)sum.wrong, sum.first);
}

int main(int argc, char *argv[])
{
	struct watch watch = { 0 };
	double seconds;
	double every;
	double begin;

	if (argc != 5 && argc != 6) {
		fputs("usage: soak NODE PID SECONDS EVERY [direct]\n", stderr);
		return 2;
	}
	watch.process = (int)strtol(argv[2], NULL, 10);
	seconds = strtod(argv[3], NULL);
	every = strtod(argv[4], NULL);
	watch.load = mmap(NULL, sizeof *watch.load, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch.load == MAP_FAILED)
		die("mmap");
	watch.load->node = argv[1];
	watch.load->direct = argc == 6;
	watch.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (watch.fd < 0)
		die(argv[1]);
	echo_start(&watch);
	watch_until(&watch, now() + SETTLE_US * 1e3, "before", 0);
	load_start(watch.load);
	begin = now();
	for (unsigned i = 1; i * every <= seconds; i++)
		watch_until(&watch, begin + i * every * 1e9, "sample", begin);
	load_stop(watch.load);
	usleep(SETTLE_US);
	watch_until(&watch, now() + SETTLE_US * 1e3, "after", 0);
	say_sums(watch.load);
	return EXIT_SUCCESS;
}

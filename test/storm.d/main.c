/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: storm NODE REQUESTS SEED
 *
 * Prints a line for each thing that holds, or does not: "ok TEXT", "no TEXT"; and what it did, "#
 * TEXT".
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

#define ROUND_US                                                                        \
	8000 /* at most, between two looks after the children: as long some are stopped \
	      */
#define HANG_SECONDS 60

/* Which of the requests that not every backend answers succeed here. */
struct possible {
	bool direct;
	bool ebb;
};

struct storm *storm;

void note_wrong(const char *what, int error)
{
	if (atomic_fetch_add(&storm->wrong, 1) == 0)
		snprintf(storm->first, sizeof storm->first, "%s: %s", what,
			 error ? strerrorname_np(error) : "no error");
}

static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void share(void)
{
	storm = mmap(NULL, sizeof *storm, PROT_READ | PROT_WRITE, MAP_SHARED, FD_STORM, 0);
	if (storm == MAP_FAILED)
		die("mmap");
}

static void move(int fd, int to)
{
	if (fd < 0 || dup2(fd, to) < 0)
		die("descriptors");
	close(fd);
}

static void prepare(char *argv[])
{
	move(memfd_create("storm", MFD_CLOEXEC), FD_STORM);
	if (ftruncate(FD_STORM, sizeof *storm) < 0)
		die("ftruncate");
	share();
	snprintf(storm->node, sizeof storm->node, "%s", argv[1]);
	storm->limit = strtoull(argv[2], NULL, 10);
	storm->seed = strtoull(argv[3], NULL, 10);
	storm->driver = getpid();
	for (int i = 0; i < PROCESSES; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
			die("socketpair");
		move(pair[0], FD_TO(i));
		move(pair[1], FD_FROM(i));
	}
}

/* By asking once, as who wants to be answered: offers that nobody takes are closed in time. */
static struct possible find_possible(void)
{
	struct pmc pmc = { .pmc_num = 0 };
	struct perfmon_direct page = { .pmd_num = 0 };
	struct perfmon_ebb faults = { .peb_type = PERF_TYPE_SOFTWARE,
				      .peb_config = PERF_COUNT_SW_PAGE_FAULTS | UINT64_C(1) << 63,
				      .peb_period = 1000 };
	struct possible possible;
	int fd = open(storm->node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("open");
	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	possible.direct = ioctl(fd, PMIOSETUP, &pmc) == 0 && ioctl(fd, PMIODIRECT, &page) == 0;
	possible.ebb = ioctl(fd, PMIOEBB, &faults) == 0;
	close(fd);
	printf("# storm: here PMIODIRECT %s and PMIOEBB %s\n",
	       possible.direct ? "succeeds" : "does not", possible.ebb ? "succeeds" : "does not");
	return possible;
}

static void fill_slots(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		pid_t nobody = 0;
		pid_t child;

		if (!atomic_compare_exchange_strong(&storm->slot[i], &nobody, -storm->driver))
			continue;
		child = fork();
		if (child < 0)
			die("fork");
		if (child == 0)
			process_run(i, -storm->driver);
	}
}

/* Until no child is left; false where one hangs. */
static bool blow(struct reaped *reaped)
{
	uint64_t requests = 0;
	time_t moved = time(NULL);
	bool hangs = false;

	fill_slots();
	while (children_tend(reaped)) {
		if (storm->requests < storm->limit && !hangs)
			fill_slots();
		usleep(chance(ROUND_US));
		if (storm->requests != requests) {
			requests = storm->requests;
			moved = time(NULL);
		}
		if (time(NULL) - moved < HANG_SECONDS)
			continue;
		/* Killed, they have as long once more. */
		if (hangs)
			return false;
		printf("# storm: no answer in %d s, after %llu requests; these hang:\n",
		       HANG_SECONDS, (unsigned long long)requests);
		children_report();
		hangs = true;
		moved = time(NULL);
	}
	return !hangs;
}

static void say(bool holds, const char *text, const char *detail)
{
	printf("%s %s%s%s\n", holds ? "ok" : "no", text, *detail ? ": " : "", detail);
}

static void tell(const struct reaped *reaped)
{
	printf("# storm: %llu requests, %llu forks, %llu execs, %llu descriptors passed, %llu "
	       "kills, "
	       "%llu stops\n",
	       (unsigned long long)storm->requests, (unsigned long long)storm->forks,
	       (unsigned long long)storm->execs, (unsigned long long)storm->passed,
	       (unsigned long long)reaped->killed, (unsigned long long)reaped->stopped);
	printf("# storm: %llu opens, %llu writers, %llu reads, writes and polls; successes:",
	       (unsigned long long)storm->opens, (unsigned long long)storm->claims,
	       (unsigned long long)storm->calls);
	for (unsigned i = 0; request_name(i); i++)
		printf("%s %s %llu", i ? "," : "", request_name(i),
		       (unsigned long long)storm->succeeded[i]);
	printf("\n");
}

/* Nothing of the storm is left: at once, without a second try. */
static void check_free(void)
{
	int fd = open(storm->node, O_RDWR | O_CLOEXEC);

	say(fd >= 0, "the writer's place is free", fd < 0 ? strerrorname_np(errno) : "");
	for (int i = 0; i < NPMC && fd >= 0; i++) {
		struct pmc pmc = { .pmc_num = i };

		say(ioctl(fd, PMIOGET, &pmc) < 0 && errno == EBUSY,
		    i ? "counter 1 is not set up" : "counter 0 is not set up", "");
	}
	if (fd >= 0)
		close(fd);
}

/*
 * Those that this node can answer: all but PMIODIRECT and PMIOEBB, where these were refused before
 * the storm.
 */
static bool all_kinds_succeeded(const struct possible *possible)
{
	for (unsigned i = 0; request_name(i); i++) {
		if (storm->succeeded[i] > 0 ||
		    (!possible->direct && strcmp(request_name(i), "PMIODIRECT") == 0) ||
		    (!possible->ebb && strcmp(request_name(i), "PMIOEBB") == 0))
			continue;
		return false;
	}
	return true;
}

int main(int argc, char *argv[])
{
	struct reaped reaped = { 0 };
	struct possible possible;
	bool ended;

	if (argc == 3 && strcmp(argv[1], "--again") == 0) {
		share();
		atomic_fetch_add(&storm->execs, 1);
		process_run(atoi(argv[2]), getpid());
	}
	if (argc != 4) {
		fprintf(stderr, "usage: storm NODE REQUESTS SEED\n");
		return 2;
	}
	prepare(argv);
	random_begin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	possible = find_possible();
	ended = blow(&reaped);
	for (int i = 0; i < PROCESSES; i++) {
		close(FD_TO(i));
		close(FD_FROM(i));
	}
	tell(&reaped);
	say(ended && storm->requests >= storm->limit,
	    "every request was answered, no process is left", "");
	say(storm->wrong == 0, "no answer is wrong", storm->wrong ? storm->first : "");
	say(all_kinds_succeeded(&possible), "every kind of request succeeded now and then", "");
	say(storm->forks && storm->execs && storm->passed && reaped.killed && reaped.stopped,
	    "processes forked, executed, passed descriptors, killed and stopped", "");
	check_free();
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* The values of a reader are those of PMIOREAD. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "direct.h"

#define CHANGES       2000
#define CHANGES_LEAST 100 /* of a machine that is too slow for all of them */
#define ENOUGH        5   /* s */
#define PATIENCE      60  /* s */
#define READERS       100 /* more than may wait to be taken of one user */

static bool refuses(void)
{
	struct perfmon_reader *reader = NULL;
	int fd = open(node, O_RDWR | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	must(perfmon_reader_open(fd, 0, &reader) == -EBUSY);
	must(perfmon_reader_open(fd, 2, &reader) == -EINVAL);
	must(perfmon_reader_open(null, 0, &reader) == -ENOTTY);
	must(perfmon_reader_open(-1, 0, &reader) == -EBADF);
	must(!reader);
	return true;
}

static int stopped_way(void)
{
	return running_way == PERFMON_BY_DEVICE ? PERFMON_BY_DEVICE : PERFMON_BY_KEPT;
}

static bool reads_a_stopped_counter(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);

	must(value_of(reader) == 0);
	must(perfmon_reader_way(reader) == stopped_way());
	must(request(fd, PMIOSTART));
	work();
	must(request(fd, PMIOSTOP));
	must(value_of(reader) > 0 && value_of(reader) == device_value(fd));
	must(perfmon_reader_way(reader) == stopped_way());
	must(request(fd, PMIORESET));
	must(value_of(reader) == 0);
	return true;
}

static bool reads_a_running_counter(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	uint64_t value;

	must(request(fd, PMIOSTART));
	for (int i = 0; i < 100; i++) {
		uint64_t before = value_of(reader);

		must(perfmon_reader_way(reader) == running_way);
		value = device_value(fd);
		must(before <= value && value <= value_of(reader));
	}
	value = value_of(reader);
	work();
	must(value_of(reader) > value);
	return true;
}

/* The value goes on, from when the reader is made on a counter that runs. */
static bool takes_over_a_running_counter(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader;
	uint64_t before;

	must(request(fd, PMIOSTART));
	work();
	before = device_value(fd);
	must(before > 0);
	reader = reader_of(fd);
	must(value_of(reader) >= before && value_of(reader) < 2 * before);
	must(perfmon_reader_way(reader) == running_way);
	work();
	must(request(fd, PMIOSTOP));
	must(value_of(reader) > before && value_of(reader) == device_value(fd));
	return true;
}

/* RESET makes it 0, START takes it back to what it was at the latest STOP. */
static bool follows_reset_and_start(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	uint64_t worked;
	uint64_t kept;

	must(request(fd, PMIOSTART));
	work();
	must(request(fd, PMIOSTOP));
	kept = value_of(reader);
	must(request(fd, PMIOSTART));
	work();
	work();
	worked = value_of(reader);
	must(worked > 2 * kept);
	must(request(fd, PMIOSTART));
	must(value_of(reader) >= kept && value_of(reader) < worked);
	must(request(fd, PMIORESET));
	must(value_of(reader) < kept);
	must(request(fd, PMIOSTOP));
	must(value_of(reader) < kept && value_of(reader) == device_value(fd));
	return true;
}

static bool asks_after_setup(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	struct pmc pmc = { .pmc_num = 0 };
	uint64_t value;

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	must(request(fd, PMIOSTART));
	work();
	must(ioctl(fd, PMIOSETUP, &pmc) == 0);
	must(value_of(reader) == 0 && perfmon_reader_way(reader) == PERFMON_BY_DEVICE);
	perfmon_reader_close(reader);
	reader = reader_of(fd);
	must(request(fd, PMIOSTART));
	work();
	must(value_of(reader) > 0 && perfmon_reader_way(reader) == running_way);
	must(close(fd) == 0);
	/* The kernel tells perfmond in the background. */
	while (perfmon_reader_read(reader, &value) == 0)
		usleep(1000);
	must(perfmon_reader_read(reader, &value) == -EBADF);
	return true;
}

/* START and STOP by another process change no value; what a reader sees never falls. */
static bool never_falls(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	uint64_t last = 0;
	time_t end = time(NULL) + ENOUGH;
	int changes = 0;
	int falls = 0;
	pid_t other = fork();

	/* Where this one is ended by its alarm, nobody is to hold the node open. */
	if (other == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (other == 0)
		if (!request(fd, PMIOSTART) || !request(fd, PMIOSTOP))
			_exit(EXIT_FAILURE);
	alarm(PATIENCE);
	while (changes < CHANGES_LEAST || (changes < CHANGES && time(NULL) < end)) {
		uint64_t value = value_of(reader);

		falls += value < last || value == UINT64_MAX;
		changes += value != last;
		last = value;
	}
	must(waitpid(other, NULL, WNOHANG) == 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	must(falls == 0);
	return true;
}

static int open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Each reader's descriptors, in both processes, go with it. */
static bool many_after_each_other(void)
{
	int fd = open_counter();
	int before = open_files();

	must(request(fd, PMIOSTART));
	work();
	for (int i = 0; i < READERS; i++) {
		struct perfmon_reader *reader = reader_of(fd);

		must(value_of(reader) > 0 && perfmon_reader_way(reader) == running_way);
		perfmon_reader_close(reader);
	}
	must(open_files() == before);
	return true;
}

const struct proof value_proofs[] = {
	{ "errors are those of PMIOREAD", refuses },
	{ "a stopped counter is read from its kept value", reads_a_stopped_counter },
	{ "a running counter is read in the way that is due", reads_a_running_counter },
	{ "a counter that runs goes on when its reader is made", takes_over_a_running_counter },
	{ "RESET and START are followed", follows_reset_and_start },
	{ "after SETUP the device is asked, and after close nobody", asks_after_setup },
	{ "a value never falls while another process starts and stops", never_falls },
	{ "100 readers, one after the other", many_after_each_other },
	{ NULL, NULL },
};

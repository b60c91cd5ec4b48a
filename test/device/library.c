/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: library NODE
 *
 * libperfmon's functions for the device: each as the request that it makes, on a node of a perfmond
 * that counts by itself or has the simulated CPU. Prints TAP.
 */

#include <errno.h>
#include <fcntl.h>
#include <perfmon/device.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODES  ((uint32_t)(PMCF_USR | PMCF_OS) << 16)
#define EVENTS 3

static int tests;
static int failures;

static void check(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
	if (!good) {
		printf("# %s\n", perfmon_error());
		failures++;
	}
}

static bool says(int result, int error, const char *words)
{
	return result == -error && strstr(perfmon_error(), words);
}

/* Counter 1, for what of those this machine can count; the codes of the simulated CPU are its own.
 */
static uint32_t set_up(struct perfmon *device)
{
	static const uint32_t events[EVENTS] = { PMC6_INST_RETIRED, PMC6_CPU_CLK_UNHALTED,
						 PMC6_HW_INT_RX };

	for (int i = 0; i < EVENTS; i++)
		if (perfmon_setup(device, 1, events[i] | MODES) == 0)
			return events[i] | MODES;
	return 0;
}

/* It counts on, stands still, and begins again. */
static void check_counting(struct perfmon *device, uint32_t value)
{
	uint64_t first = 0;
	uint64_t second = 0;
	uint64_t kept = 1;
	uint32_t got = 0;

	check(perfmon_start(device, 1) == 0, "perfmon_start");
	check(perfmon_get(device, 1, &got) == 0 && got == (value | (uint32_t)PMCF_EN << 16),
	      "perfmon_get: it runs");
	check(perfmon_read(device, 1, &first) == 0, "perfmon_read");
	usleep(50000);
	check(perfmon_stop(device, 1) == 0, "perfmon_stop");
	check(perfmon_read(device, 1, &second) == 0 && second >= first, "it counted on");
	check(perfmon_read(device, 1, &kept) == 0 && kept == second, "stopped, it stands still");
	check(perfmon_reset(device, 1) == 0 && perfmon_read(device, 1, &kept) == 0 && kept == 0,
	      "perfmon_reset: 0");
}

static void check_others(struct perfmon *device, uint32_t value)
{
	struct perfmon_event event = { 0 };
	struct perfmon_event translated = { 0 };
	struct perfmon_snap snap = { 0 };
	uint64_t stamp = 0;
	unsigned mhz = 0;
	int result = perfmon_stamp(device, &stamp, &mhz);

	check(perfmon_event(device, 1, &event) == 0 && event.pme_val == value &&
		      perfmon_translate(device, value, &translated) == 0 &&
		      strcmp(event.pme_counted, translated.pme_counted) == 0,
	      "perfmon_event, perfmon_translate: the same");
	check((result == 0 && stamp > 0 && mhz > 0) ||
		      says(result, ENOTTY, "no time stamp counter"),
	      "perfmon_stamp");
	check(perfmon_snap(device, &snap) == 0 && snap.pms_counter[0].pmsc_error == EBUSY &&
		      snap.pms_counter[1].pmsc_error == 0 && snap.pms_counter[1].pmsc_val == value,
	      "perfmon_snap: each counter with its error");
}

/* Closes it. */
static void check_errors(const char *node, struct perfmon *writer)
{
	struct perfmon *device = NULL;
	struct perfmon_writer found = { 0 };
	uint64_t count = 17;
	char me[80];

	snprintf(me, sizeof me, "process %d (library) of user %u has it open", getpid(), getuid());
	check(says(perfmon_open(node, PERFMON_WRITE, &device), EBUSY, me) && !device,
	      "a second writer: EBUSY, who it is, and nothing is set");
	check(says(perfmon_open("/dev/null", PERFMON_READ, &device), ENOTTY,
		   "another kind of file") &&
		      says(perfmon_open("/dev/no-perfmon", PERFMON_READ, &device), ENOENT,
			   "is perfmond running?"),
	      "what is no node of perfmond's");
	check(says(perfmon_read(writer, 0, &count), EBUSY, "not set up") && count == 17,
	      "a counter that is not set up: EBUSY, and nothing is set");
	check(says(perfmon_start(writer, 2), EINVAL, "counters 0 and 1"), "counter 2: EINVAL");
	if (perfmon_open(node, PERFMON_READ, &device) < 0) {
		check(false, "a reader");
		return;
	}
	check(says(perfmon_setup(device, 0, MODES), EPERM, "for reading only"),
	      "a reader sets nothing up: EPERM");
	check(ioctl(perfmon_fd(device), PMIOREAD, &(struct pmc_data){ .pmcd_num = 1 }) == 0,
	      "perfmon_fd is the descriptor");
	check(perfmon_writer(device, &found) == 0 && found.process == getpid() &&
		      found.user == getuid() && strcmp(found.command, "library") == 0,
	      "perfmon_writer");
	perfmon_close(writer);
	check(says(perfmon_writer(device, &found), ESRCH, "nobody"),
	      "perfmon_writer: ESRCH, nobody");
	perfmon_close(device);
}

/* Nobody writes to a FIFO that was made here. */
static void check_fifo(void)
{
	char directory[] = "/tmp/perfmon-library-XXXXXX";
	char path[64];
	struct perfmon *device = NULL;

	if (!mkdtemp(directory)) {
		check(false, "a directory for a FIFO");
		return;
	}
	snprintf(path, sizeof path, "%s/fifo", directory);
	check(mkfifo(path, 0600) == 0 &&
		      says(perfmon_open(path, PERFMON_READ, &device), ENOTTY, "another kind"),
	      "a FIFO is not waited for");
	unlink(path);
	rmdir(directory);
}

/* Where standard input is closed, what is read from it does not come from the device. */
static void check_descriptor(const char *node)
{
	struct perfmon *device = NULL;

	close(STDIN_FILENO);
	check(perfmon_open(node, PERFMON_READ, &device) == 0 && perfmon_fd(device) > STDERR_FILENO,
	      "the device is none of the standard descriptors");
	check(device && fcntl(perfmon_fd(device), F_GETFD) == FD_CLOEXEC &&
		      (fcntl(perfmon_fd(device), F_GETFL) & O_NONBLOCK) == 0,
	      "its descriptor is closed on exec, and blocks");
	perfmon_close(device);
}

int main(int argc, char *argv[])
{
	struct perfmon *device = NULL;
	uint32_t value;

	if (argc != 2) {
		fputs("usage: library NODE\n", stderr);
		return 2;
	}
	check(perfmon_error()[0] == '\0', "no error before any");
	check(perfmon_open(argv[1], PERFMON_WRITE, &device) == 0, "perfmon_open");
	if (!device)
		return 1;
	value = set_up(device);
	check(value != 0, "perfmon_setup");
	check_counting(device, value);
	check_others(device, value);
	check_errors(argv[1], device);
	perfmon_close(NULL);
	device = NULL;
	check(perfmon_open(argv[1], PERFMON_WRITE, &device) == 0, "closed, the next one may write");
	perfmon_close(device);
	check_fifo();
	check_descriptor(argv[1]);
	printf("1..%d\n", tests);
	return failures != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a read past perfmond costs beside read(2) of a perf event of this process's own, and what
 * the device costs beside both; where there are msr files, beside pread(2) of one. Takes root.
 */

#include <fcntl.h>
#include <linux/perf_event.h>
#include <perfmon/direct.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compare.h"
#include "figures.h"
#include "servers.h"

#define BLOCKS  41
#define CALLS   500
#define FIGURES ((size_t)BLOCKS * CALLS)

static struct perfmon_reader *reader;
static int event;
static int registers;

static void read_direct(int fd)
{
	uint64_t value;

	(void)fd;
	if (perfmon_reader_read(reader, &value) < 0)
		figures_fail("the reader fails");
}

/* As much as libperfmon reads. */
static void read_event(int fd)
{
	uint64_t figures[3];

	(void)fd;
	if (read(event, figures, sizeof figures) != sizeof figures)
		figures_fail("the event cannot be read");
}

static void read_register(int fd)
{
	uint64_t value;

	(void)fd;
	if (pread(registers, &value, sizeof value, 0x10 /* TSC */) != sizeof value)
		figures_fail("the msr file cannot be read");
}

static void time_block(void (*call)(int fd), int fd, double *figures)
{
	for (int i = 0; i < CALLS; i++) {
		double begin = figures_now();

		call(fd);
		figures[i] = figures_now() - begin;
	}
}

/* In this process, whose thread alone is counted. */
static void compare_here(const char *name, void (*ours)(int fd), void (*theirs)(int fd), int fd)
{
	static double a[FIGURES];
	static double b[FIGURES];

	for (size_t block = 0; block < BLOCKS; block++) {
		time_block(ours, fd, a + block * CALLS);
		time_block(theirs, fd, b + block * CALLS);
	}
	figures_print(name, "ns", a, b, FIGURES, 50);
	figures_print(name, "ns", a, b, FIGURES, 99);
}

/* Of the kind that the counter's is: cycles, or where there is no PMU the task's clock. */
static int open_event(void)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.pinned = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		return fd;
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_TASK_CLOCK;
	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static const char *const ways[] = { "device", "kept", "read(2)", "user counter" };

static void measure(int fd)
{
	char name[80];

	request_stop(fd);
	read_direct(fd);
	compare_here("direct read, stopped / read(2)", read_direct, read_event, fd);
	request_start(fd);
	read_direct(fd);
	snprintf(name, sizeof name, "direct read, running, by %s / read(2)",
		 ways[perfmon_reader_way(reader)]);
	compare_here(name, read_direct, read_event, fd);
	compare_here("read-running, perf opener / direct read", request_read, read_direct, fd);
	registers = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	if (registers < 0)
		puts("# direct: this machine has no msr files");
	else
		compare_here("direct read, running / pread of an msr file", read_direct,
			     read_register, fd);
}

int main(void)
{
	struct server perfmond;
	int fd;

	if (geteuid() != 0) {
		puts("# direct: a device node takes root");
		return EXIT_SUCCESS;
	}
	if (!server_try_perfmond("perfmon-bench", "perf", "opener", &perfmond)) {
		puts("# direct: this machine has no scope of the opener");
		return EXIT_SUCCESS;
	}
	fd = server_open(&perfmond);
	event = open_event();
	if (event < 0 || !set_up(fd))
		puts("# direct: this machine counts nothing of a process");
	else if (perfmon_reader_open(fd, 0, &reader) < 0 || *perfmon_reader_why(reader))
		figures_fail("no direct read: %s", reader ? perfmon_reader_why(reader) : "error");
	else
		measure(fd);
	close(fd);
	server_stop(&perfmond);
	return EXIT_SUCCESS;
}

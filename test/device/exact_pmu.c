/* SPDX-License-Identifier: BSD-2-Clause */

/* What a PMU has, and has room for. */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ext.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exact.h"
#include "work.h"

/* Opens pinned events of a kind on a CPU until it takes no more; the last one is off the PMU. */
static int fill_with(uint32_t type, uint64_t config, int cpu, int *fds, int size)
{
	struct perf_event_attr attr = {
		.size = sizeof attr, .type = type, .config = config, .pinned = 1
	};

	for (int count = 0; count < size; count++) {
		uint64_t value;

		fds[count] = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, 0);
		if (fds[count] < 0)
			fail("perf_event_open: %s", strerror(errno));
		if (read(fds[count], &value, sizeof value) != sizeof value)
			return count + 1;
	}
	fail("the PMU takes any number of events");
}

/* Somebody else's events on all counters of a CPU. */
static int fill_pmu(int cpu, int *fds, int size)
{
	static const struct {
		uint32_t type;
		uint64_t config;
	} kinds[] = {
		{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
		{ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
#ifdef __powerpc64__
		/* PMC5 and PMC6, which the kernel gives to a thread's events, but not to a CPU's.
		 */
		{ PERF_TYPE_RAW, 0x500fa },
		{ PERF_TYPE_RAW, 0x600f4 },
#endif
	};
	int taken = 0;
	int count = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int filled =
			fill_with(kinds[i].type, kinds[i].config, cpu, fds + count, size - count);

		taken += filled - 1;
		count += filled;
	}
	printf("# %d counters taken\n", taken);
	return count;
}

static void empty_pmu(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

void check_taken_start(char **argument)
{
	int fds[64];
	int count;

	/* First: of pinned events the kernel prefers the older one. */
	count = fill_pmu(0, fds, 64);
	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)number(argument[0]), PMCF_USR));
	result(start(node, 0) == EBUSY, "START on a full PMU: EBUSY");
	empty_pmu(fds, count);
	result(start(node, 0) == 0 && stop(node, 0) == 0, "START when it is free again");
}

void check_taken_read(char **argument)
{
	int64_t count;
	int fds[64];
	int taken;

	pin(0);
	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)number(argument[0]), PMCF_USR));
	taken = fill_pmu(0, fds, 64);
	result(start(node, 0) == 0, "START on a full PMU, which a thread sees only when it runs");
	loop(1000000);
	result(read_count(node, 0, &count) == EIO,
	       "READ of what was not counted all the time: EIO");
	result(stop(node, 0) == EIO, "STOP: EIO");
	empty_pmu(fds, taken);
	result(read_count(node, 0, &count) == EIO, "the count stays lost");
	result(reset(node, 0) == 0 && start(node, 0) == 0, "RESET and START on a free PMU");
	loop(1000000);
	result(stop(node, 0) == 0 && read_count(node, 0, &count) == 0 && count >= 1000000 &&
		       count < 1100000,
	       "counts from there, and nothing of before");
}

void check_event(char **argument)
{
	struct perfmon_event event = { .pme_num = 0 };

	expect("PMIOSETUP", 0, set_up(node, 0, (unsigned char)number(argument[0]), BOTH));
	if (ioctl(node, PMIOEVENT, &event) < 0)
		fail("PMIOEVENT: %s", strerror(errno));
	printf("# %s: %s: class %u, type %u config 0x%llx: %s\n", event.pme_name, event.pme_counted,
	       event.pme_class, event.pme_term[0].pmet_type,
	       (unsigned long long)event.pme_term[0].pmet_config, event.pme_note);
	result(event.pme_class == number(argument[1]) && *event.pme_name && *event.pme_counted &&
		       (event.pme_val & 0xff) == number(argument[0]),
	       "PMIOEVENT tells what is counted");
}

void check_refused(char **argument)
{
	result(set_up(node, 0, (unsigned char)number(argument[0]), BOTH) == EOPNOTSUPP,
	       "an event that the PMU lacks is EOPNOTSUPP");
}

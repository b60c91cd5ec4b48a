/* SPDX-License-Identifier: BSD-2-Clause */

/* Which events a signal can branch for, and how the kernel is asked for the signal. */

#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

static int check_software(uint64_t config, uint64_t period)
{
	switch (config) {
	case PERF_COUNT_SW_CPU_CLOCK:
	case PERF_COUNT_SW_TASK_CLOCK:
		return period >= EBB_CLOCK_PERIOD_MIN
			       ? 0
			       : ebb_fail(EINVAL, "the period of a clock is less than 100000 ns");
	case PERF_COUNT_SW_PAGE_FAULTS:
	case PERF_COUNT_SW_PAGE_FAULTS_MIN:
	case PERF_COUNT_SW_PAGE_FAULTS_MAJ:
		return 0;
	default:
		return ebb_fail(EOPNOTSUPP,
				"of the software events, page faults and clocks branch");
	}
}

static int check_breakpoint(uint32_t type)
{
#ifndef __x86_64__
	(void)type;
	/* The signal comes in place of the step over the store, which so is made again for ever. */
	return ebb_fail(EOPNOTSUPP, "breakpoints branch on x86-64 alone: here one comes before its "
				    "store, which would never end");
#else
	return type == HW_BREAKPOINT_W
		       ? 0
		       : ebb_fail(EINVAL, "of the breakpoints, writes branch: set bp_type to "
					  "HW_BREAKPOINT_W");
#endif
}

int ebb_machine_check(struct perf_event_attr *attr, uint64_t period)
{
	switch (attr->type) {
	case PERF_TYPE_SOFTWARE:
		return check_software(attr->config & ~EBB_CONFIG, period);
	case PERF_TYPE_BREAKPOINT:
		return check_breakpoint(attr->bp_type);
	case PERF_TYPE_TRACEPOINT:
		return ebb_fail(EOPNOTSUPP, "tracepoints do not branch");
	default:
		return period >= EBB_PMU_PERIOD_MIN
			       ? 0
			       : ebb_fail(EINVAL,
					  "the period of a PMU's event is less than 1000: its "
					  "handler would be all that runs");
	}
}

void ebb_machine_complete(const struct ebb_event *event, struct perf_event_attr *attr)
{
	attr->config &= ~EBB_CONFIG;
	attr->sample_period = event->period;
	attr->sigtrap = 1;
	attr->remove_on_exec = 1;
	attr->sig_data = event->data;
}

static int signal_by_descriptor(int fd, pid_t thread)
{
	struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = thread };

	if (fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, SIGTRAP) < 0 ||
	    fcntl(fd, F_SETFL, O_ASYNC) < 0)
		return -1;
	return fd;
}

/* Of a process: signals of a descriptor may come later than its end. */
static atomic_bool by_descriptor;

bool ebb_signals_by_descriptor(void)
{
	return atomic_load(&by_descriptor);
}

/*
 * EINVAL may be of the event itself, which no other way would make better. A kernel that lacks
 * sigtrap says so before all else: one that fails for want of a descriptor, say, has it.
 */
static bool lacks_sigtrap(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof attr,
		.disabled = 1,
		.exclude_kernel = 1,
		.sigtrap = 1,
		.remove_on_exec = 1,
		.sig_data = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && (errno == EINVAL || errno == E2BIG);
}

/*
 * Before Linux 5.13 there is no sigtrap: the descriptor tells of each overflow, by the same signal.
 * Those that come while one waits are folded into it.
 */
int ebb_machine_open_otherwise(const struct ebb_event *event, struct perf_event_attr *attr,
			       int group)
{
	int fd;
	int error;

	if (!lacks_sigtrap()) {
		errno = EINVAL;
		return -1;
	}
	atomic_store(&by_descriptor, true);
	attr->sigtrap = 0;
	attr->remove_on_exec = 0;
	attr->sig_data = 0;
	attr->wakeup_events = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, event->thread, -1, group,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || signal_by_descriptor(fd, event->thread) >= 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

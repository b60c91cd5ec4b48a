/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * From the least on. CAP_SYS_ADMIN does what CAP_PERFMON does, capabilities(7), and more: some
 * distributions' kernels ask for it where perf_event_paranoid is 3.
 */
static const cap_value_t candidates[] = { CAP_PERFMON, CAP_SYS_ADMIN };

/*
 * Whether the thread may count what a system-wide counter counts, with what it has in effect. Any
 * other refusal is not for want of rights: a kernel without perf events has ENOSYS.
 */
static bool may_count(void)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
	};
	int cpu = 0;
	long fd;

	/* CPU 0 may be offline. */
	do
		fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	while (fd < 0 && errno == ENODEV && ++cpu < (int)sysconf(_SC_NPROCESSORS_CONF));
	if (fd >= 0)
		close((int)fd);
	return fd >= 0 || (errno != EACCES && errno != EPERM);
}

/* With the candidate's capabilities alone in effect. set: to do that with. */
static bool does(cap_t set, size_t candidate)
{
	return cap_clear_flag(set, CAP_EFFECTIVE) == 0 &&
	       cap_set_flag(set, CAP_EFFECTIVE, 1, &candidates[candidate], CAP_SET) == 0 &&
	       cap_set_proc(set) == 0 && may_count();
}

/*
 * The least that does, or the most where none does: then SETUP has the kernel's error. Where it
 * cannot be tried, the least.
 */
static size_t choose(void)
{
	cap_t all = cap_get_proc();
	cap_t set = all ? cap_dup(all) : NULL;
	size_t candidate = 0;

	if (!set)
		log_warning("backend perf: which capabilities it takes cannot be tried (%s): it "
			    "keeps the least",
			    strerror(errno));
	while (set && candidate < COUNT(candidates) - 1 && !does(set, candidate))
		candidate++;
	if (set) {
		cap_set_proc(all);
		cap_free(set);
	}
	if (all)
		cap_free(all);
	return candidate;
}

static void add_capabilities(struct rights *rights)
{
	rights_add_capability(rights, (unsigned)candidates[choose()]);
}

/* The events, the CPUs and threads that they are of, the interrupt total, hot-plugging. */
void perf_add_rights(const struct backend *backend, struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_GETFL },
		{ .name = "getdents64" },
		{ .name = "ioctl",
		  .argument = 1,
		  .mask = UINT32_MAX,
		  .value = PERF_EVENT_IOC_ENABLE },
		{ .name = "ioctl",
		  .argument = 1,
		  .mask = UINT32_MAX,
		  .value = PERF_EVENT_IOC_DISABLE },
		{ .name = "perf_event_open" },
		{ .name = "pread64" },
		{ .name = "recvfrom" },
		{ .name = "recv" },
		{ .name = "setitimer" },
	};

	(void)backend;
	add_capabilities(rights);
	rights_add_calls(rights, calls, COUNT(calls));
	rights_add_path(rights, "/proc", false);
	rights_add_path(rights, "/sys/devices/system/cpu", false);
}

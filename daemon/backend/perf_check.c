/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_check.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "report.h"

/*
 * Opens an event on this program for a moment, in user mode and perhaps the kernel's. 0, or
 * perf_event_open(2)'s negative errno.
 */
static int try_event(uint32_t type, uint64_t config, bool kernel)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = type,
		.config = config,
		.disabled = 1,
		.exclude_kernel = !kernel,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* Without rights there may be user mode left, of threads of one's own. */
static int try_scope(enum event_scope scope, uint32_t type, uint64_t config)
{
	int result = try_event(type, config, true);

	if (result == -EACCES && scope == SCOPE_OPENER)
		result = try_event(type, config, false);
	return result;
}

int perf_try_pmu(enum event_scope scope)
{
	return try_scope(scope, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}

bool perf_is_no_pmu(int error)
{
	return error == -ENOENT || error == -EOPNOTSUPP || error == -ENODEV;
}

static bool counts(enum event_scope scope, const struct event *event)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < event->terms; i++)
		result = try_scope(scope, event->term[i].type, event->term[i].config);
	return result == 0;
}

static bool counts_for_cpus(const struct event *event)
{
	return counts(SCOPE_SYSTEM, event);
}

static bool counts_for_opener(const struct event *event)
{
	return counts(SCOPE_OPENER, event);
}

static void report_pmu(struct report *report)
{
	char watchdog[8];

	probe_setting("/proc/sys/kernel/nmi_watchdog", watchdog, sizeof watchdog);
	if (strcmp(watchdog, "1") == 0)
		report_add(report, "backend", "perf", true,
			   "sysctl kernel.nmi_watchdog=0 frees that counter",
			   "hardware PMU; the NMI watchdog holds one counter of each CPU");
	else
		report_add(report, "backend", "perf", true, NULL, "hardware PMU");
}

static void report_no_pmu(struct report *report)
{
	if (probe_hypervisor())
		report_add(report, "backend", "perf", true,
			   "let the host lend this virtual machine a PMU (KVM: pmu=on)",
			   "software events only: a hypervisor without a PMU");
	else
		report_add(report, "backend", "perf", true,
			   "see the kernel's messages about the PMU (dmesg)",
			   "software events only: the kernel drives no hardware PMU");
}

static void report_forbidden(struct report *report, int error)
{
	bool capable = probe_capability(CAP_PERFMON) || probe_capability(CAP_SYS_ADMIN);
	char paranoid[16];

	probe_setting("/proc/sys/kernel/perf_event_paranoid", paranoid, sizeof paranoid);
	report_add(report, "backend", "perf", true,
		   capable ? "let the container's filter or the security module pass "
			     "perf_event_open(2)"
			   : "give perfmond CAP_PERFMON, or CAP_SYS_ADMIN where "
			     "kernel.perf_event_paranoid is 3",
		   "interrupts only: the kernel forbids perf events (%s), "
		   "kernel.perf_event_paranoid is %s, CAP_PERFMON %s, CAP_SYS_ADMIN %s",
		   strerrorname_np(error), paranoid[0] ? paranoid : "not known",
		   probe_capability(CAP_PERFMON) ? "yes" : "no",
		   probe_capability(CAP_SYS_ADMIN) ? "yes" : "no");
}

static const char *remedy_of(int error)
{
	switch (error) {
	case -ENOSYS:
		return "run a kernel with perf events (CONFIG_PERF_EVENTS)";
	case -EMFILE:
		return "raise the limit of open files (ulimit -n, LimitNOFILE=)";
	case -ENFILE:
		return "raise the system's limit of open files (sysctl fs.file-max)";
	default:
		return NULL;
	}
}

/* pmu: of perf_try_pmu(). */
static void report_events(struct report *report, enum event_scope scope, int pmu)
{
	int result = try_scope(scope, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);

	if (result == -EACCES || result == -EPERM)
		report_forbidden(report, -result);
	else if (result < 0)
		report_add(report, "backend", "perf", true, remedy_of(result),
			   "interrupts only: perf_event_open(2) answers %s",
			   strerrorname_np(-result));
	else if (pmu == 0)
		report_pmu(report);
	else if (perf_is_no_pmu(pmu))
		report_no_pmu(report);
	else
		report_add(report, "backend", "perf", true, remedy_of(pmu),
			   "software events only: hardware events cannot be opened: %s",
			   strerrorname_np(-pmu));
}

static void report_failure(const struct backend_options *options, int result, struct report *report)
{
	if (result == -ENODEV && options->scope == SCOPE_CPU)
		report_add(report, "backend", "perf", false,
			   "choose one of /sys/devices/system/cpu/online",
			   "--scope cpu:%u: no such CPU is online", options->scope_cpu);
	else if (result == -ENODEV && options->scope == SCOPE_OPENER)
		report_add(report, "backend", "perf", false, "mount proc on /proc",
			   "--scope opener: /proc is not there, or of another pid namespace");
	else if (result == -EMFILE || result == -ENFILE || result == -ENOMEM)
		report_add(report, "backend", "perf", false, remedy_of(result), "%s",
			   strerror(-result));
	else
		report_add(report, "backend", "perf", false, "mount proc on /proc, sysfs on /sys",
			   "/proc/stat or the list of CPUs cannot be read: %s", strerror(-result));
}

void perf_report(const struct backend *backend, const struct backend_options *options, int result,
		 struct report *report)
{
	if (!backend) {
		report_failure(options, result, report);
		return;
	}
	report->source = backend->source;
	report->counts = options->scope == SCOPE_OPENER ? counts_for_opener : counts_for_cpus;
	report_events(report, options->scope, result);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/cpulist.h"
#include "backend/interrupts.h"
#include "backend/perf_events.h"
#include "log.h"
#include "probe.h"
#include "report.h"

struct perf_counter {
	bool counts; /* in user mode, kernel mode or both */
	enum event_kind kind;
	struct perf_events events;
	struct cpulist cpus; /* those that were online at SETUP */
	uint64_t begin;      /* the interrupt total at START */
};

struct perf_backend {
	struct backend backend;
	int interrupts;
	struct perf_counter counter[NPMC];
	char description[96];
};

static struct perf_backend *perf(struct backend *backend)
{
	return (struct perf_backend *)backend;
}

/* Opens a system-wide event for a moment. 0, or perf_event_open(2)'s negative errno. */
static int try_event(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = type,
		.config = config,
		.disabled = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* 0 where there is a hardware PMU, else the negative errno of perf_event_open(2). */
static int try_pmu(void)
{
	return try_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}

static void describe(struct perf_backend *self, int pmu)
{
	switch (pmu) {
	case 0:
		snprintf(self->description, sizeof self->description, "perf (hardware PMU)");
		break;
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENODEV:
		snprintf(self->description, sizeof self->description,
			 "perf (no hardware PMU: software events only)");
		break;
	default:
		snprintf(self->description, sizeof self->description,
			 "perf (hardware events cannot be opened: %s; software events only)",
			 strerrorname_np(-pmu));
	}
}

static void perf_close(struct backend *backend)
{
	struct perf_backend *self = perf(backend);

	close(self->interrupts);
	free(self);
}

static int perf_open(const struct backend_options *options, struct backend **ret_backend)
{
	struct perf_backend *self = calloc(1, sizeof *self);
	int pmu = try_pmu();

	(void)options;
	if (!self)
		return -ENOMEM;
	self->interrupts = interrupts_open();
	if (self->interrupts < 0) {
		int result = self->interrupts;

		free(self);
		return result;
	}
	describe(self, pmu);
	self->backend = (struct backend){
		.operations = &perf_backend,
		.native = pmu == 0 && event_cpu_class() != CPU_OTHER,
		.legacy = true,
		.cpu = event_cpu_class(),
		.description = self->description,
	};
	*ret_backend = &self->backend;
	return 0;
}

static void clear(struct perf_counter *counter)
{
	perf_events_close(&counter->events);
	free(counter->cpus.cpu);
	*counter = (struct perf_counter){ 0 };
}

static int open_events(const struct event *event, struct perf_counter *counter)
{
	int result = cpulist_online(&counter->cpus);

	if (result < 0)
		return result;
	return perf_events_open(event, &counter->cpus, &counter->events);
}

static int perf_setup(struct backend *backend, unsigned number, const struct event *event)
{
	struct perf_counter *counter = &perf(backend)->counter[number];
	struct perf_counter made = { .counts = event->user || event->kernel, .kind = event->kind };

	if (event->kind != EVENT_INTERRUPTS) {
		int result = open_events(event, &made);

		if (result < 0) {
			clear(&made);
			return result;
		}
	}
	clear(counter);
	*counter = made;
	return 0;
}

/* All CPUs that are online have an event, and no other: else the count is not the machine's. */
static int check_cpus(const struct perf_counter *counter)
{
	struct cpulist online;
	bool same;
	int result = cpulist_online(&online);

	if (result < 0)
		return -EIO;
	same = online.count == counter->cpus.count &&
	       memcmp(online.cpu, counter->cpus.cpu, online.count * sizeof *online.cpu) == 0;
	free(online.cpu);
	if (same)
		return 0;
	log_error("a CPU went offline or came online since PMIOSETUP: set the counter up anew");
	return -EIO;
}

static int read_interrupts(struct perf_backend *self, uint64_t *ret_total)
{
	int result = interrupts_read(self->interrupts, ret_total);

	if (result == 0)
		return 0;
	log_error("the kernel's total of interrupts cannot be read: %s", strerror(-result));
	return -EIO;
}

static int perf_start(struct backend *backend, unsigned number)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	int result;

	if (!counter->counts)
		return 0;
	if (counter->kind == EVENT_INTERRUPTS)
		return read_interrupts(self, &counter->begin);
	result = check_cpus(counter);
	return result < 0 ? result : perf_events_start(&counter->events);
}

/* The kernel's figure is a sum of 32-bit ones, and falls when one of them wraps. */
static int interrupts_since(struct perf_backend *self, uint64_t begin, uint64_t *ret_count)
{
	uint64_t total;
	int result = read_interrupts(self, &total);

	if (result < 0)
		return result;
	if (total < begin) {
		log_error("the count is lost: the kernel's total of interrupts wrapped");
		return -EIO;
	}
	*ret_count = total - begin;
	return 0;
}

static int perf_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	int result;

	if (!counter->counts) {
		*ret_count = 0;
		return 0;
	}
	if (counter->kind == EVENT_INTERRUPTS)
		return interrupts_since(self, counter->begin, ret_count);
	result = check_cpus(counter);
	return result < 0 ? result : perf_events_read(&counter->events, ret_count);
}

static int perf_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct perf_counter *counter = &perf(backend)->counter[number];

	if (counter->counts)
		perf_events_stop(&counter->events);
	return perf_read(backend, number, ret_count);
}

static void perf_release(struct backend *backend, unsigned number)
{
	clear(&perf(backend)->counter[number]);
}

static bool perf_counts(const struct event *event)
{
	return event->kind == EVENT_INTERRUPTS ||
	       (event->kind == EVENT_PERF && try_event(event->perf_type, event->perf_config) == 0);
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

static void report_perf(struct report *report)
{
	int result = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);

	if (result == -EACCES || result == -EPERM)
		report_forbidden(report, -result);
	else if (result < 0)
		report_add(report, "backend", "perf", true,
			   "run a kernel with perf events (CONFIG_PERF_EVENTS)",
			   "interrupts only: perf_event_open(2) answers %s",
			   strerrorname_np(-result));
	else if (try_pmu() == 0)
		report_pmu(report);
	else
		report_no_pmu(report);
}

static int perf_check(const struct backend_options *options, struct report *report)
{
	struct backend *backend;
	int result = perf_open(options, &backend);

	if (result < 0) {
		report_add(report, "backend", "perf", false, "mount proc on /proc, sysfs on /sys",
			   "/proc/stat or the list of CPUs cannot be read: %s", strerror(-result));
		return result;
	}
	report->native = backend->native;
	report->legacy = backend->legacy;
	report->cpu = backend->cpu;
	report->counts = perf_counts;
	report_perf(report);
	perf_close(backend);
	return 0;
}

const struct backend_operations perf_backend = {
	.name = "perf",
	.open = perf_open,
	.close = perf_close,
	.setup = perf_setup,
	.start = perf_start,
	.stop = perf_stop,
	.read = perf_read,
	.release = perf_release,
	.check = perf_check,
};

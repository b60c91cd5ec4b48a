/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

/* What read(2) gives with the read_format below, perf_event_open(2). */
struct reading {
	uint64_t value;
	uint64_t enabled;
	uint64_t running;
};

static const char *event_label(const struct event *event, char *label, size_t size)
{
	snprintf(label, size, "event 0x%02x%s%s", SELECT_EVENT(event->select),
		 event->name ? " " : "", event->name ? event->name : "");
	return label;
}

/* Logs why perf_event_open(2) refused, and gives the errno that the client gets. */
static int refuse(const struct event *event, unsigned cpu, int error)
{
	char label[64];

	event_label(event, label, sizeof label);
	switch (error) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		log_info("PMIOSETUP: %s: CPU %u has no hardware counter for it (%s); a virtual "
			 "machine "
			 "has none unless its host lends it a PMU",
			 label, cpu, strerrorname_np(error));
		return -EOPNOTSUPP;
	case ENOSYS:
		log_info("PMIOSETUP: %s: this kernel has no perf_event_open(2)", label);
		return -EOPNOTSUPP;
	case EACCES:
	case EPERM:
		log_error("PMIOSETUP: %s: the kernel forbids perf events (%s): perfmond needs "
			  "CAP_PERFMON, or CAP_SYS_ADMIN where kernel.perf_event_paranoid is 3",
			  label, strerrorname_np(error));
		return -EACCES;
	case EMFILE:
	case ENFILE:
		log_error("PMIOSETUP: %s: %s; raise the limit of open files (ulimit -n, "
			  "LimitNOFILE=)",
			  label, strerror(error));
		return -error;
	default:
		log_error("PMIOSETUP: %s on CPU %u: %s", label, cpu, strerror(error));
		return -error;
	}
}

/*
 * Neither user nor kernel mode means that nothing is counted, but the event is tried as for both:
 * one that this machine lacks is refused in any case.
 */
static struct perf_event_attr attributes(const struct event *event)
{
	bool both = event->user == event->kernel;

	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = event->perf_type,
		.config = event->perf_config,
		.disabled = 1,
		.pinned = 1,
		.exclude_user = !both && !event->user,
		.exclude_kernel = !both && !event->kernel,
		.exclude_hv = !both,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
}

int perf_events_open(const struct event *event, const struct cpulist *cpus,
		     struct perf_events *ret_events)
{
	struct perf_event_attr attr = attributes(event);
	struct perf_events events = { .fd = calloc(cpus->count, sizeof *events.fd) };
	int result = events.fd ? 0 : -ENOMEM;

	while (result == 0 && events.count < cpus->count) {
		unsigned cpu = cpus->cpu[events.count];
		long fd =
			syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			result = refuse(event, cpu, errno);
		else
			events.fd[events.count++] = (int)fd;
	}
	if (result < 0) {
		perf_events_close(&events);
		return result;
	}
	*ret_events = events;
	return 0;
}

void perf_events_close(struct perf_events *events)
{
	for (size_t i = 0; i < events->count; i++)
		close(events->fd[i]);
	free(events->fd);
	*events = (struct perf_events){ 0 };
}

/* -EAGAIN where the event is not on the PMU, which a pinned event says by end of file. */
static int sum(const struct perf_events *events, uint64_t *ret_sum)
{
	uint64_t total = 0;

	for (size_t i = 0; i < events->count; i++) {
		struct reading reading;
		ssize_t size = read(events->fd[i], &reading, sizeof reading);

		if (size < 0)
			return -errno;
		if (size != sizeof reading || reading.enabled != reading.running)
			return -EAGAIN;
		total += reading.value;
	}
	*ret_sum = total;
	return 0;
}

static int enable(const struct perf_events *events)
{
	for (size_t i = 0; i < events->count; i++)
		if (ioctl(events->fd[i], PERF_EVENT_IOC_ENABLE, 0) < 0)
			return -errno;
	return 0;
}

int perf_events_start(const struct perf_events *events, uint64_t *ret_sum)
{
	int result = enable(events);

	if (result == 0)
		result = sum(events, ret_sum);
	if (result == 0)
		return 0;
	perf_events_stop(events);
	if (result != -EAGAIN) {
		log_error("PMIOSTART: the event cannot be started: %s", strerror(-result));
		return result;
	}
	log_error("PMIOSTART: somebody else's events fill the PMU: other perf programs, a guest of "
		  "KVM, or the NMI watchdog (sysctl kernel.nmi_watchdog=0 frees its counter)");
	return -EBUSY;
}

/* Disabling fails for no event that is open, perf_event_open(2). */
void perf_events_stop(const struct perf_events *events)
{
	for (size_t i = 0; i < events->count; i++)
		ioctl(events->fd[i], PERF_EVENT_IOC_DISABLE, 0);
}

int perf_events_read(const struct perf_events *events, uint64_t *ret_sum)
{
	int result = sum(events, ret_sum);

	if (result == 0)
		return 0;
	if (result == -EAGAIN)
		log_error("the count is partial, because the event was off the PMU for a while: "
			  "somebody "
			  "else took it; start over");
	else
		log_error("the event cannot be read: %s", strerror(-result));
	return -EIO;
}

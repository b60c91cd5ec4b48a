/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* How far the clocks of two CPUs may disagree, nanoseconds; taking a CPU offline lasts longer. */
#define CLOCK_SLACK 1000000

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
	case ENODEV:
		log_error("PMIOSETUP: %s: CPU %u went offline", label, cpu);
		return -EAGAIN;
	case ENOENT:
	case EOPNOTSUPP:
		log_info("PMIOSETUP: %s: CPU %u has no hardware counter for it (%s); a virtual "
			 "machine has none unless its host lends it a PMU",
			 label, cpu, strerrorname_np(error));
		return -EOPNOTSUPP;
	case EINVAL:
		log_info("PMIOSETUP: %s: the PMU of CPU %u takes no such event or flags", label,
			 cpu);
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
	struct perf_events events = { .event = calloc(cpus->count, sizeof *events.event) };
	int result = events.event ? 0 : -ENOMEM;

	while (result == 0 && events.count < cpus->count) {
		unsigned cpu = cpus->cpu[events.count];
		long fd =
			syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			result = refuse(event, cpu, errno);
		else
			events.event[events.count++].fd = (int)fd;
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
		close(events->event[i].fd);
	free(events->event);
	*events = (struct perf_events){ 0 };
}

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* -EAGAIN where the event is not on the PMU, which a pinned event says by end of file. */
static int read_one(int fd, struct reading *ret_reading)
{
	ssize_t size = read(fd, ret_reading, sizeof *ret_reading);

	if (size < 0)
		return -errno;
	return size == sizeof *ret_reading ? 0 : -EAGAIN;
}

/* Enables one event; it is on the PMU unless it reads end of file. */
static int start_one(struct perf_cpu_event *event)
{
	struct reading reading;
	int result;

	if (ioctl(event->fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	result = read_one(event->fd, &reading);
	if (result < 0)
		return result;
	event->value = reading.value;
	event->enabled = reading.enabled;
	event->running = reading.running;
	return 0;
}

int perf_events_start(struct perf_events *events)
{
	uint64_t begin = nanoseconds();
	int result = 0;

	for (size_t i = 0; result == 0 && i < events->count; i++)
		result = start_one(&events->event[i]);
	events->start_lasted = nanoseconds() - begin;
	events->stop_lasted = 0;
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
void perf_events_stop(struct perf_events *events)
{
	uint64_t begin = nanoseconds();

	for (size_t i = 0; i < events->count; i++)
		ioctl(events->event[i].fd, PERF_EVENT_IOC_DISABLE, 0);
	events->stop_lasted = nanoseconds() - begin;
}

/* For how long the event was enabled since the start, and what it counted. */
static int read_since(const struct perf_cpu_event *event, uint64_t *ret_count,
		      uint64_t *ret_enabled)
{
	struct reading reading;
	int result = read_one(event->fd, &reading);

	if (result < 0)
		return result;
	if (reading.enabled - event->enabled != reading.running - event->running)
		return -EAGAIN;
	*ret_count = reading.value - event->value;
	*ret_enabled = reading.enabled - event->enabled;
	return 0;
}

/*
 * An event does not come back with a CPU that was offline, and says nothing of it. It was enabled
 * for less time than the others' then: by more than starting and reading them one after the other
 * explains.
 */
static bool was_away(uint64_t shortest, uint64_t longest, uint64_t explained)
{
	return longest - shortest > explained + CLOCK_SLACK;
}

int perf_events_read(const struct perf_events *events, uint64_t *ret_sum)
{
	uint64_t begin = nanoseconds();
	uint64_t shortest = UINT64_MAX;
	uint64_t longest = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < events->count; i++) {
		uint64_t count;
		uint64_t enabled;
		int result = read_since(&events->event[i], &count, &enabled);

		if (result < 0) {
			log_error("the count is lost: %s",
				  result == -EAGAIN
					  ? "somebody else's events took the PMU for a while"
					  : strerror(-result));
			return -EIO;
		}
		sum += count;
		shortest = enabled < shortest ? enabled : shortest;
		longest = enabled > longest ? enabled : longest;
	}
	if (was_away(shortest, longest,
		     events->start_lasted + events->stop_lasted + (nanoseconds() - begin))) {
		log_error("the count is lost: a CPU was offline for a while");
		return -EIO;
	}
	*ret_sum = sum;
	return 0;
}

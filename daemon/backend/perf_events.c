/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"

/* Room for one more. Its descriptor is filled in by the caller, who counts it then. */
static struct perf_open_event *grow(struct perf_events *events)
{
	struct perf_open_event *grown =
		reallocarray(events->event, events->count + 1, sizeof *grown);

	if (!grown)
		return NULL;
	events->event = grown;
	grown[events->count] = (struct perf_open_event){ .fd = -1 };
	return &grown[events->count];
}

int perf_events_add(struct perf_events *events, const struct event *event, unsigned term,
		    const struct perf_target *target)
{
	struct perf_open_event *added = grow(events);

	if (!added) {
		log_error("PMIOSETUP: no memory for the events");
		return -ENOMEM;
	}
	added->fd = perf_event_open(event, term, target);
	if (added->fd < 0)
		return added->fd;
	events->count++;
	return 0;
}

static int add_cpu(struct perf_events *events, const struct event *event, unsigned cpu,
		   const struct core_pmus *pmus)
{
	struct perf_target target = { .thread = -1,
				      .cpu = (int)cpu,
				      .pmu = core_pmus_of(pmus, cpu) };
	int result = 0;

	if (pmus->count && !target.pmu) {
		log_error("PMIOSETUP: no PMU in /sys/bus/event_source/devices drives CPU %u", cpu);
		return -EOPNOTSUPP;
	}
	for (unsigned i = 0; result == 0 && i < event->terms; i++)
		result = perf_events_add(events, event, i, &target);
	return result;
}

int perf_events_open_cpus(const struct event *event, const struct cpulist *cpus,
			  const struct core_pmus *pmus, struct perf_events *ret_events)
{
	struct perf_events events = { .spread = 1 };
	int result = 0;

	for (size_t i = 0; result == 0 && i < cpus->count; i++)
		result = add_cpu(&events, event, cpus->cpu[i], pmus);
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

static int refresh(struct perf_open_event *event)
{
	struct perf_reading reading;
	int result = perf_event_read(event->fd, &reading);

	if (result == 0)
		event->last = reading;
	return result;
}

/*
 * Where each event stands before it is enabled. A pinned one that has lost the PMU reads end of
 * file until then: it begins where the check finds it.
 */
static int prepare(struct perf_events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		struct perf_open_event *event = &events->event[i];
		int result = events->unread ? refresh(event) : 0;

		event->late = result == -EAGAIN && !events->inherited;
		if (result < 0 && !event->late)
			return result;
		event->begin = event->last;
	}
	return 0;
}

/*
 * An event on a CPU is on the PMU unless it reads end of file. For a thread, which does not run
 * before its request is answered, nothing is to be seen yet.
 */
static int check(struct perf_events *events)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < events->count && !events->inherited; i++) {
		struct perf_open_event *event = &events->event[i];

		result = refresh(event);
		if (event->late)
			event->begin = event->last;
	}
	return result;
}

/* One tight pass: the counts of one start begin together, as far as they can. */
static int request_all(const struct perf_events *events, unsigned long request,
		       struct backend_pass *pass)
{
	int result = 0;

	for (size_t i = 0; i < events->count; i++) {
		if (ioctl(events->event[i].fd, request, 0) < 0)
			result = -errno;
		backend_pass_step(pass, i);
	}
	return result;
}

int perf_events_start(struct perf_events *events, struct backend_pass *pass)
{
	int result = prepare(events);

	if (result == 0)
		result = request_all(events, PERF_EVENT_IOC_ENABLE, pass);
	if (result == 0)
		result = check(events);
	if (result == 0) {
		events->unread = false;
		return 0;
	}
	perf_events_stop(events, pass);
	events->unread = true;
	if (result != -EAGAIN) {
		log_error("PMIOSTART: the event cannot be started: %s", strerror(-result));
		return result;
	}
	log_error("PMIOSTART: somebody else's events fill the PMU: other perf programs, a guest of "
		  "KVM, or the NMI watchdog (sysctl kernel.nmi_watchdog=0 frees its counter)");
	return -EBUSY;
}

uint64_t perf_events_origin(const struct perf_events *events)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < events->count; i++)
		sum += events->event[i].begin.value;
	return sum;
}

/* Disabling fails for no event that is open, perf_event_open(2). */
void perf_events_stop(struct perf_events *events, struct backend_pass *pass)
{
	request_all(events, PERF_EVENT_IOC_DISABLE, pass);
}

/*
 * What the events of one thread or CPU counted since the start; `count` of them share its time.
 * Those that share it are enabled and read one after the other, while the thread may run: it was on
 * one PMU or the other for at least as long as the one that was enabled for the shortest time. The
 * kernel takes a clock's two times one after the other, and they may differ.
 */
static int read_since(struct perf_open_event *event, size_t count, bool clock, uint64_t *ret_sum)
{
	uint64_t enabled = UINT64_MAX;
	uint64_t running = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		int result = refresh(&event[i]);
		uint64_t lasted = event[i].last.enabled - event[i].begin.enabled;

		if (result < 0)
			return result;
		enabled = lasted < enabled ? lasted : enabled;
		running += event[i].last.running - event[i].begin.running;
		sum += event[i].last.value - event[i].begin.value;
	}
	if (!clock && (count > 1 ? running < enabled : running != enabled))
		return -EAGAIN;
	*ret_sum += sum;
	return 0;
}

int perf_events_read(struct perf_events *events, uint64_t *ret_sum)
{
	uint64_t sum = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && i < events->count; i += events->spread)
		result = read_since(&events->event[i], events->spread, events->clock, &sum);
	events->unread = result < 0;
	if (result == 0) {
		*ret_sum = sum;
		return 0;
	}
	log_error("the count is lost: %s",
		  result == -EAGAIN ? "somebody else's events had the PMU for a while"
				    : strerror(-result));
	return -EIO;
}

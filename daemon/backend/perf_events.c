/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/perf_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/threads.h"
#include "log.h"

/* How often the threads of a process are looked through, until none comes or goes meanwhile. */
#define TRIES 10

/* The most events that one process gets: nobody else is served while they are opened. */
#define MOST_OF_A_PROCESS 4096

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

static int add(struct perf_events *events, const struct event *event, unsigned term,
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
		result = add(events, event, i, &target);
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

static bool is_software(const struct event *event)
{
	return event->term[0].type == PERF_TYPE_SOFTWARE;
}

/* A thread moves between kinds of core: an event on each kind's PMU, one after the other. */
static int add_thread(struct perf_events *events, const struct event *event, pid_t thread,
		      const struct core_pmus *pmus)
{
	struct perf_target target = { .thread = thread, .cpu = -1 };
	int result = 0;

	for (unsigned i = 0; result == 0 && i < event->terms; i++)
		for (size_t j = 0; result == 0 && j < events->spread; j++) {
			target.pmu = events->spread > 1 ? &pmus->pmu[j] : NULL;
			result = add(events, event, i, &target);
		}
	return result;
}

/* Errors: -EMFILE, logged. */
static int check_size(const struct perf_events *events, const struct event *event,
		      const struct threads *threads)
{
	if (threads->count <= MOST_OF_A_PROCESS / (event->terms * events->spread))
		return 0;
	log_error("PMIOSETUP: --scope opener: %zu threads are too many: %d events can be had; set "
		  "the counter up before the threads start",
		  threads->count, MOST_OF_A_PROCESS);
	return -EMFILE;
}

/* A thread that has ended since counts no more. */
static int add_threads(struct perf_events *events, const struct event *event,
		       const struct threads *threads, const struct core_pmus *pmus)
{
	int result;

	events->spread = pmus->count && !is_software(event) ? pmus->count : 1;
	events->inherited = true;
	result = check_size(events, event, threads);
	for (size_t i = 0; result == 0 && i < threads->count; i++) {
		size_t before = events->count;

		result = add_thread(events, event, threads->thread[i], pmus);
		if (result == -ESRCH) {
			while (events->count > before)
				close(events->event[--events->count].fd);
			result = 0;
		}
	}
	return result;
}

/* Logs all but -ESRCH, which has a cause of its own. */
static int list(pid_t thread, struct threads *ret_threads)
{
	int result = threads_list(thread, ret_threads);

	if (result < 0 && result != -ESRCH)
		log_error("PMIOSETUP: --scope opener: /proc/%ld/task: %s%s", (long)thread,
			  strerror(-result),
			  result == -EMFILE || result == -ENFILE
				  ? "; raise the limit of open files (ulimit -n, LimitNOFILE=)"
				  : "");
	return result;
}

/*
 * 1 where a thread came or went meanwhile: whether it inherited the event, or has to be given it,
 * cannot be told.
 */
static int try_threads(const struct event *event, pid_t thread, const struct core_pmus *pmus,
		       struct perf_events *ret_events)
{
	struct perf_events events = { 0 };
	struct threads before;
	struct threads after = { 0 };
	int result = list(thread, &before);

	if (result < 0)
		return result;
	result = add_threads(&events, event, &before, pmus);
	if (result < 0)
		goto cleanup;
	result = list(thread, &after);
	if (result < 0)
		goto cleanup;
	if (events.count == 0) {
		result = -ESRCH;
		goto cleanup;
	}
	if (!threads_equal(&before, &after)) {
		result = 1;
		goto cleanup;
	}
	*ret_events = events;
	events = (struct perf_events){ 0 };
cleanup:
	perf_events_close(&events);
	free(before.thread);
	free(after.thread);
	return result;
}

int perf_events_open_threads(const struct event *event, pid_t thread, const struct core_pmus *pmus,
			     struct perf_events *ret_events)
{
	int result = thread > 0 ? 1 : -ESRCH;

	for (int i = 0; result == 1 && i < TRIES; i++)
		result = try_threads(event, thread, pmus, ret_events);
	if (result == -ESRCH)
		log_error("PMIOSETUP: --scope opener: the client's process is not to be seen; run "
			  "perfmond in the client's pid namespace, or in one above it");
	if (result == 1)
		log_error("PMIOSETUP: --scope opener: threads of process %ld come and go too fast: "
			  "set the counter up before they start",
			  (long)thread);
	return result == 1 ? -EAGAIN : result;
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
 * Enables one event. On a CPU, it is on the PMU unless it reads end of file. For a thread, which
 * does not run before its request is answered, nothing is to be seen yet.
 */
static int start_one(const struct perf_events *events, struct perf_open_event *event)
{
	int result = 0;

	if (events->inherited && events->unread)
		result = refresh(event);
	if (result == 0 && ioctl(event->fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		result = -errno;
	if (result == 0 && !events->inherited)
		result = refresh(event);
	event->begin = event->last;
	return result;
}

int perf_events_start(struct perf_events *events)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < events->count; i++)
		result = start_one(events, &events->event[i]);
	if (result == 0) {
		events->unread = false;
		return 0;
	}
	perf_events_stop(events);
	events->unread = true;
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
	for (size_t i = 0; i < events->count; i++)
		ioctl(events->event[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

/*
 * What the events of one thread or CPU counted since the start; `count` of them share its time.
 * Those that share it are enabled and read one after the other, while the thread may run: it was on
 * one PMU or the other for at least as long as the one that was enabled for the shortest time.
 */
static int read_since(struct perf_open_event *event, size_t count, uint64_t *ret_sum)
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
	if (count > 1 ? running < enabled : running != enabled)
		return -EAGAIN;
	*ret_sum += sum;
	return 0;
}

int perf_events_read(struct perf_events *events, uint64_t *ret_sum)
{
	uint64_t sum = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && i < events->count; i += events->spread)
		result = read_since(&events->event[i], events->spread, &sum);
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

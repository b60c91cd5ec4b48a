/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/perf_events.h"
#include "backend/threads.h"
#include "log.h"

/* How often the threads of a process are looked through, until none comes or goes meanwhile. */
#define TRIES 10

/* The most events that one process gets: nobody else is served while they are opened. */
#define MOST_OF_A_PROCESS 4096

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
			result = perf_events_add(events, event, i, &target);
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
	events->clock = event->kind == EVENT_TASK_CLOCK;
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

static const char *cure_of(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return "; raise the limit of open files (ulimit -n, LimitNOFILE=)";
	case -EPERM:
		return "; where /proc is mounted with hidepid, --user takes one whose group is the "
		       "mount's gid";
	default:
		return "";
	}
}

/*
 * Logs all but -ESRCH, which has a cause of its own. Errors: -EACCES where /proc forbids it; -EPERM
 * would be the client's own fault.
 */
static int list(pid_t thread, struct threads *ret_threads)
{
	int result = threads_list(thread, ret_threads);

	if (result < 0 && result != -ESRCH)
		log_error("PMIOSETUP: --scope opener: /proc/%ld/task: %s%s", (long)thread,
			  strerror(-result), cure_of(result));
	return result == -EPERM ? -EACCES : result;
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
		log_error(
			"PMIOSETUP: --scope opener: the client's process is not to be seen; run "
			"perfmond in the client's pid namespace, or in one above it; where /proc "
			"is mounted with hidepid, --user takes one whose group is the mount's gid");
	if (result == 1)
		log_error("PMIOSETUP: --scope opener: threads of process %ld come and go too fast: "
			  "set the counter up before they start",
			  (long)thread);
	return result == 1 ? -EAGAIN : result;
}

static int check_alone(pid_t thread)
{
	struct threads threads;
	int result = list(thread, &threads);

	if (result < 0)
		return result;
	if (threads.count != 1)
		result = -EOPNOTSUPP;
	free(threads.thread);
	return result;
}

int perf_events_open_alone(const struct event *event, pid_t thread, struct perf_events *ret_events)
{
	struct perf_events events = { .spread = 1, .clock = event->kind == EVENT_TASK_CLOCK };
	struct perf_target target = { .thread = thread, .alone = true, .cpu = -1 };
	int result = check_alone(thread);

	for (unsigned i = 0; result == 0 && i < event->terms; i++)
		result = perf_events_add(&events, event, i, &target);
	if (result < 0) {
		perf_events_close(&events);
		return result;
	}
	*ret_events = events;
	return 0;
}

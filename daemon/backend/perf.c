/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/core_pmus.h"
#include "backend/cpulist.h"
#include "backend/hotplug.h"
#include "backend/interrupts.h"
#include "backend/perf_check.h"
#include "backend/perf_events.h"
#include "backend/perf_rights.h"
#include "backend/tstamp.h"
#include "log.h"

#define NANOSECONDS UINT64_C(1000000000)

struct perf_counter {
	struct event event;
	pid_t client;              /* whose thread set it up */
	struct perf_events events; /* of EVENT_INTERRUPTS none */
	struct perf_events direct; /* that wait for perf_adopt() */
	bool alone;                /* the events are in the client's hands */
	unsigned long generation;  /* of the hotplug that the events' CPUs are of */
	uint64_t begin;            /* the interrupt total at START */
	uint64_t clock_hz;         /* EVENT_TASK_CLOCK: one rate from SETUP on */
};

struct perf_backend {
	struct backend backend;
	enum event_scope scope;
	unsigned scope_cpu;
	struct tstamp *stamp;
	int interrupts;
	int pmu; /* of perf_try_pmu() */
	struct core_pmus pmus;
	struct hotplug hotplug;
	struct perf_counter counter[NPMC];
	char description[96];
};

static struct perf_backend *perf(struct backend *backend)
{
	return (struct perf_backend *)backend;
}

static void describe(struct perf_backend *self)
{
	if (self->pmu == 0)
		snprintf(self->description, sizeof self->description, "perf (hardware PMU)");
	else if (perf_is_no_pmu(self->pmu))
		snprintf(self->description, sizeof self->description,
			 "perf (no hardware PMU: software events only)");
	else
		snprintf(self->description, sizeof self->description,
			 "perf (hardware events cannot be opened: %s; software events only)",
			 strerrorname_np(-self->pmu));
}

static void perf_close(struct backend *backend)
{
	struct perf_backend *self = perf(backend);

	hotplug_close(&self->hotplug);
	core_pmus_free(&self->pmus);
	if (self->interrupts >= 0)
		close(self->interrupts);
	free(self);
}

static int find_cpu(unsigned cpu)
{
	struct cpulist online;
	bool found;
	int result = cpulist_online(&online);

	if (result < 0)
		return result;
	found = cpulist_has(&online, cpu);
	free(online.cpu);
	if (found)
		return 0;
	log_error("--scope cpu:%u: no such CPU is online: see /sys/devices/system/cpu/online", cpu);
	return -ENODEV;
}

/* Threads are listed by /proc, and events opened by the numbers of this pid namespace. */
static int check_proc(void)
{
	char self[16] = "";
	ssize_t length = readlink("/proc/self", self, sizeof self - 1);

	if (length > 0 && strtol(self, NULL, 10) == getpid())
		return 0;
	log_error("--scope opener: /proc is not there, or of another pid namespace: mount proc on "
		  "/proc");
	return -ENODEV;
}

/* What of the machine the backend goes by. Malformed files of sysfs are as good as none. */
static int examine(struct perf_backend *self, const struct backend_options *options)
{
	int result = 0;

	self->pmu = perf_try_pmu(options->scope);
	if (options->scope == SCOPE_CPU)
		result = find_cpu(options->scope_cpu);
	if (options->scope == SCOPE_OPENER)
		result = check_proc();
	if (result < 0)
		return result;
	self->interrupts = interrupts_open();
	if (self->interrupts < 0)
		return self->interrupts;
	result = core_pmus_read(PERF_PMUS, &self->pmus);
	if (result < 0 && result != -EINVAL)
		return result;
	describe(self);
	self->backend.source.native = self->pmu == 0;
	self->backend.source.pmu = self->pmu == 0;
	self->backend.source.clock = options->stamp && perf_is_no_pmu(self->pmu);
	event_cpu_detect(&self->backend.source.cpu);
	if (self->pmus.count)
		self->backend.source.cpu.family = FAMILIES;
	return 0;
}

static int perf_open(const struct backend_options *options, struct backend **ret_backend)
{
	struct perf_backend *self = calloc(1, sizeof *self);
	int result;

	if (!self)
		return -ENOMEM;
	self->interrupts = -1;
	self->hotplug.socket = -1;
	self->scope = options->scope;
	self->scope_cpu = options->scope_cpu;
	self->stamp = options->stamp;
	self->backend = (struct backend){
		.operations = &perf_backend,
		.source.legacy = true,
		.description = self->description,
	};
	result = examine(self, options);
	if (result < 0) {
		perf_close(&self->backend);
		return result;
	}
	if (self->scope != SCOPE_OPENER)
		hotplug_open(&self->hotplug);
	*ret_backend = &self->backend;
	return 0;
}

/* What the client holds of them would count on. */
static void close_events(struct perf_counter *counter)
{
	struct backend_pass pass = { 0 };

	if (counter->alone)
		perf_events_stop(&counter->events, &pass);
	perf_events_close(&counter->events);
}

static void clear(struct perf_counter *counter)
{
	close_events(counter);
	*counter = (struct perf_counter){ 0 };
}

static int open_online(struct perf_backend *self, const struct event *event,
		       struct perf_events *ret_events)
{
	struct cpulist cpus;
	int result = cpulist_online(&cpus);

	if (result < 0)
		return result;
	result = perf_events_open_cpus(event, &cpus, &self->pmus, ret_events);
	free(cpus.cpu);
	return result;
}

static int open_events(struct perf_backend *self, const struct event *event, int client,
		       struct perf_events *ret_events)
{
	struct cpulist one = { .cpu = &self->scope_cpu, .count = 1 };

	switch (self->scope) {
	case SCOPE_SYSTEM:
		return open_online(self, event, ret_events);
	case SCOPE_CPU:
		return perf_events_open_cpus(event, &one, &self->pmus, ret_events);
	case SCOPE_OPENER:
		break;
	}
	return perf_events_open_threads(event, client, &self->pmus, ret_events);
}

static int perf_setup(struct backend *backend, unsigned number, const struct event *event,
		      int client)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter made = { .event = *event, .client = client };

	/* First: a CPU that comes while the events are opened is found at the next START. */
	if (self->scope != SCOPE_OPENER)
		made.generation = hotplug_generation(&self->hotplug);
	if (event->kind == EVENT_TASK_CLOCK) {
		(void)tstamp_mhz(self->stamp);
		made.clock_hz = (uint64_t)(self->stamp->rate.hz + 0.5);
	}
	if (event->kind != EVENT_INTERRUPTS) {
		int result = open_events(self, event, client, &made.events);

		if (result < 0)
			return result;
	}
	clear(&self->counter[number]);
	self->counter[number] = made;
	return 0;
}

/*
 * A CPU that went offline keeps what it counted until the latest STOP; its event is gone for good,
 * and one that came has none: so all are opened anew where one went or came since.
 */
static int renew(struct perf_backend *self, struct perf_counter *counter)
{
	unsigned long generation;
	struct perf_events events;
	int result;

	if (self->scope == SCOPE_OPENER)
		return 0;
	generation = hotplug_generation(&self->hotplug);
	if (generation == counter->generation)
		return 0;
	result = open_events(self, &counter->event, 0, &events);
	if (result < 0)
		return result;
	perf_events_close(&counter->events);
	counter->events = events;
	counter->generation = generation;
	return 0;
}

static int read_interrupts(struct perf_backend *self, uint64_t *ret_total)
{
	int result = interrupts_read(self->interrupts, ret_total);

	if (result == 0)
		return 0;
	log_error("the kernel's total of interrupts cannot be read: %s", strerror(-result));
	return -EIO;
}

/* In user mode, kernel mode or both; else it stays 0. */
static bool counts(const struct perf_counter *counter)
{
	return counter->event.user || counter->event.kernel;
}

static int perf_start(struct backend *backend, unsigned number)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	int result;

	if (!counts(counter))
		return 0;
	if (counter->event.kind == EVENT_INTERRUPTS)
		return read_interrupts(self, &counter->begin);
	result = renew(self, counter);
	return result < 0 ? result : perf_events_start(&counter->events, &backend->pass);
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
	uint64_t count;
	int result;

	if (!counts(counter)) {
		*ret_count = 0;
		return 0;
	}
	if (counter->event.kind == EVENT_INTERRUPTS)
		return interrupts_since(self, counter->begin, ret_count);
	result = perf_events_read(&counter->events, &count);
	if (result < 0)
		return result;
	if (counter->event.kind == EVENT_TASK_CLOCK)
		count = count / NANOSECONDS * counter->clock_hz +
			count % NANOSECONDS * counter->clock_hz / NANOSECONDS;
	*ret_count = count;
	return 0;
}

static int perf_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct perf_counter *counter = &perf(backend)->counter[number];

	if (counts(counter))
		perf_events_stop(&counter->events, &backend->pass);
	return perf_read(backend, number, ret_count);
}

/* On several kinds of core, a thread has an event for each. */
static bool can_be_direct(const struct perf_backend *self, const struct event *event)
{
	bool hardware = event->terms > 0 && event->term[0].type != PERF_TYPE_SOFTWARE;

	return self->scope == SCOPE_OPENER && event->terms > 0 && (!hardware || !self->pmus.count);
}

static int perf_direct(struct backend *backend, unsigned number, int client,
		       struct backend_direct *ret_direct)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	struct backend_direct direct = { .hz = counter->clock_hz };
	int result;

	if (!counts(counter) || !can_be_direct(self, &counter->event))
		return -EOPNOTSUPP;
	if (client != counter->client)
		return -EPERM;
	result = perf_events_open_alone(&counter->event, client, &counter->direct);
	if (result < 0)
		return result;
	direct.count = (unsigned)counter->direct.count;
	for (unsigned i = 0; i < direct.count; i++)
		direct.fd[i] = counter->direct.event[i].fd;
	*ret_direct = direct;
	return 0;
}

static void perf_adopt(struct backend *backend, unsigned number, bool adopted)
{
	struct perf_counter *counter = &perf(backend)->counter[number];

	if (adopted) {
		close_events(counter);
		counter->events = counter->direct;
		counter->direct = (struct perf_events){ 0 };
		counter->alone = true;
	}
	perf_events_close(&counter->direct);
}

static uint64_t perf_origin(struct backend *backend, unsigned number)
{
	return perf_events_origin(&perf(backend)->counter[number].events);
}

static void perf_release(struct backend *backend, unsigned number)
{
	clear(&perf(backend)->counter[number]);
}

static int perf_check(const struct backend_options *options, struct report *report)
{
	struct backend *backend;
	int result = perf_open(options, &backend);

	if (result < 0) {
		perf_report(NULL, options, result, report);
		return result;
	}
	perf_report(backend, options, perf(backend)->pmu, report);
	perf_close(backend);
	return 0;
}

const struct backend_operations perf_backend = {
	.name = "perf",
	.scopes = true,
	.open = perf_open,
	.add_rights = perf_add_rights,
	.close = perf_close,
	.setup = perf_setup,
	.start = perf_start,
	.stop = perf_stop,
	.read = perf_read,
	.direct = perf_direct,
	.adopt = perf_adopt,
	.origin = perf_origin,
	.release = perf_release,
	.check = perf_check,
};

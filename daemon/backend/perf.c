/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/cpulist.h"
#include "backend/interrupts.h"
#include "backend/perf_events.h"
#include "log.h"

struct perf_counter {
	bool counts; /* in user mode, kernel mode or both */
	enum event_kind kind;
	struct perf_events events;
	uint64_t begin; /* the source's figure at START */
};

struct perf_backend {
	struct backend backend;
	struct cpulist cpus;
	int interrupts;
	struct perf_counter counter[NPMC];
};

static struct perf_backend *perf(struct backend *backend)
{
	return (struct perf_backend *)backend;
}

static bool has_hardware_pmu(void)
{
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.disabled = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return false;
	close((int)fd);
	return true;
}

static void perf_close(struct backend *backend)
{
	struct perf_backend *self = perf(backend);

	free(self->cpus.cpu);
	if (self->interrupts >= 0)
		close(self->interrupts);
	free(self);
}

static int perf_open(struct backend **ret_backend)
{
	struct perf_backend *self = calloc(1, sizeof *self);
	bool pmu;
	int result;

	if (!self)
		return -ENOMEM;
	self->backend.operations = &perf_backend;
	self->interrupts = -1;
	result = cpulist_online(&self->cpus);
	if (result < 0)
		goto cleanup;
	self->interrupts = interrupts_open();
	if (self->interrupts < 0) {
		result = self->interrupts;
		goto cleanup;
	}
	pmu = has_hardware_pmu();
	self->backend.legacy = true;
	self->backend.cpu = event_cpu_class();
	self->backend.native = pmu && self->backend.cpu != CPU_OTHER;
	self->backend.description =
		pmu ? "perf (hardware PMU)" : "perf (no hardware PMU: software events only)";
	*ret_backend = &self->backend;
	self = NULL;
cleanup:
	if (self)
		perf_close(&self->backend);
	return result;
}

static int perf_setup(struct backend *backend, unsigned number, const struct event *event)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	struct perf_counter made = { .counts = event->user || event->kernel, .kind = event->kind };

	if (event->kind != EVENT_INTERRUPTS) {
		int result = perf_events_open(event, &self->cpus, &made.events);

		if (result < 0)
			return result;
	}
	perf_events_close(&counter->events);
	*counter = made;
	return 0;
}

static int perf_start(struct backend *backend, unsigned number)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];

	if (!counter->counts)
		return 0;
	if (counter->kind == EVENT_INTERRUPTS)
		return interrupts_read(self->interrupts, &counter->begin);
	return perf_events_start(&counter->events, &counter->begin);
}

static int perf_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct perf_backend *self = perf(backend);
	struct perf_counter *counter = &self->counter[number];
	uint64_t figure;
	int result;

	if (!counter->counts) {
		*ret_count = 0;
		return 0;
	}
	if (counter->kind == EVENT_INTERRUPTS)
		result = interrupts_read(self->interrupts, &figure);
	else
		result = perf_events_read(&counter->events, &figure);
	if (result < 0)
		return -EIO;
	*ret_count = figure - counter->begin;
	return 0;
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
	perf_events_close(&perf(backend)->counter[number].events);
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
};

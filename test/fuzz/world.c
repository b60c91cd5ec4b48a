/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fuzz.h"

#define EVENT_FD 42

struct world world;

static struct world_counter *counter_of(const struct backend *backend, unsigned number)
{
	MUST(backend == &world.backend && number < NPMC);
	return &world.counter[number];
}

/* 0, or the error of a call that fails in this request. */
static int outcome(unsigned call)
{
	return world.failing & call ? world.error : 0;
}

static int backend_setup(struct backend *backend, unsigned number, const struct event *event,
			 int client)
{
	struct world_counter *counter = counter_of(backend, number);
	int result = outcome(FAIL_SETUP);

	MUST(client == world.caller.thread && !counter->offering);
	MUST(event->kind != EVENT_NONE && event->terms <= EVENT_TERMS);
	if (result < 0)
		return result;
	counter->set_up = true;
	counter->started = false;
	return 0;
}

static int backend_start(struct backend *backend, unsigned number)
{
	struct world_counter *counter = counter_of(backend, number);
	int result = outcome(FAIL_START);

	MUST(counter->set_up && !counter->started);
	backend->pass.skew = world.now % 5000;
	if (result < 0)
		return result;
	counter->started = true;
	counter->count = 0;
	counter->origin = counter->sum;
	return 0;
}

static int backend_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct world_counter *counter = counter_of(backend, number);
	int result = outcome(FAIL_READ);

	MUST(counter->set_up && counter->started);
	world.stamp_value += READ_LASTS;
	if (result == 0)
		*ret_count = counter->count & world.width_mask;
	return result;
}

static int backend_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct world_counter *counter = counter_of(backend, number);
	int result = outcome(FAIL_STOP);

	MUST(counter->set_up && counter->started);
	counter->started = false;
	backend->pass.skew = world.now % 5000;
	if (result == 0)
		*ret_count = counter->count & world.width_mask;
	return result;
}

static int backend_direct(struct backend *backend, unsigned number, int client,
			  struct backend_direct *ret_direct)
{
	struct world_counter *counter = counter_of(backend, number);
	int result = outcome(FAIL_DIRECT);

	MUST(counter->set_up && !counter->offering && client == world.caller.thread);
	if (result < 0)
		return result;
	counter->offering = true;
	*ret_direct = (struct backend_direct){ .fd = { EVENT_FD }, .count = 1, .hz = world.hz };
	return 0;
}

static void backend_adopt(struct backend *backend, unsigned number, bool adopted)
{
	struct world_counter *counter = counter_of(backend, number);

	MUST(counter->offering && !(adopted && counter->started));
	counter->offering = false;
	if (adopted)
		counter->sum = 0;
}

static uint64_t backend_origin(struct backend *backend, unsigned number)
{
	return counter_of(backend, number)->origin;
}

static void backend_release(struct backend *backend, unsigned number)
{
	struct world_counter *counter = counter_of(backend, number);

	MUST(counter->set_up && !counter->page && !counter->offering);
	counter->set_up = false;
	counter->started = false;
}

static const struct backend_operations operations = {
	.name = "world",
	.setup = backend_setup,
	.start = backend_start,
	.stop = backend_stop,
	.read = backend_read,
	.direct = backend_direct,
	.adopt = backend_adopt,
	.origin = backend_origin,
	.release = backend_release,
};

/* A backend whose counters cannot be read past it. */
static const struct backend_operations operations_alone = {
	.name = "world",
	.setup = backend_setup,
	.start = backend_start,
	.stop = backend_stop,
	.read = backend_read,
	.release = backend_release,
};

static int read_stamp(struct time_stamp *stamp, uint32_t *ret_mhz, uint64_t *ret_value)
{
	MUST(stamp == &world.stamp);
	if (!world.has_stamp)
		return -ENOTTY;
	*ret_mhz = world.stamp_mhz;
	*ret_value = world.stamp_value;
	world.stamp_value += STAMP_LASTS;
	return 0;
}

static int attach(struct brancher *brancher, const struct perfmon_ebb *request,
		  const struct caller *caller, uint64_t *ret_token)
{
	int result = outcome(FAIL_ATTACH);

	MUST(brancher == &world.brancher && caller->thread == world.caller.thread &&
	     caller->user == world.caller.user);
	MUST(memcmp(request, &world.ebb, sizeof *request) == 0);
	if (result == 0)
		*ret_token = world.token;
	return result;
}

/* The counter that is being offered; exactly one is. */
static struct world_counter *offered(void)
{
	struct world_counter *found = NULL;

	for (unsigned i = 0; i < NPMC; i++)
		if (world.counter[i].offering) {
			MUST(!found);
			found = &world.counter[i];
		}
	MUST(found);
	return found;
}

static int offer(struct passer *passer, const struct backend_direct *events,
		 const struct caller *caller, struct perfmon_page **ret_page, uint64_t *ret_token)
{
	struct world_counter *counter;
	struct perfmon_page *page;
	int result = outcome(FAIL_OFFER);

	MUST(passer == &world.passer && caller->thread == world.caller.thread);
	MUST(events->count == 1 && events->fd[0] == EVENT_FD && events->hz == world.hz);
	counter = offered();
	if (result < 0)
		return result;
	page = calloc(1, sizeof *page);
	MUST(page);
	world.pages++;
	counter->page = page;
	*ret_page = page;
	*ret_token = world.token;
	return 0;
}

/* Not before its owner was told to ask the device. */
static void withdraw(struct passer *passer, struct perfmon_page *page)
{
	MUST(passer == &world.passer && world.pages > 0);
	MUST(page->pmp_state == PMP_DEVICE && page->pmp_sequence % 2 == 0);
	for (unsigned i = 0; i < NPMC; i++)
		if (world.counter[i].page == page)
			world.counter[i].page = NULL;
	world.pages--;
	free(page);
}

static uint64_t nanoseconds(void)
{
	return world.now += 1000;
}

static void process(int thread, int *ret_pid, char *ret_name, size_t size)
{
	MUST(thread == world.caller.thread);
	*ret_pid = thread;
	snprintf(ret_name, size, "client");
}

/* A whole line, and of characters that a terminal shows. */
static void write_line(struct trace *trace, const char *line, size_t length)
{
	MUST(trace == &world.trace && length > 1 && length < PIPE_BUF);
	MUST(line[length] == '\0' && line[length - 1] == '\n');
	for (size_t i = 0; i < length - 1; i++)
		MUST(line[i] >= ' ' && line[i] <= '~');
}

void world_begin(unsigned parts, unsigned width, const struct event_rules *rules,
		 struct device *ret_device)
{
	world = (struct world){
		.has_stamp = parts & WORLD_STAMP,
		.stamp_mhz = 2600 + width,
		.width_mask = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX,
		.hz = parts & WORLD_CLOCK ? 1000000000 : 0,
		.backend = { .operations = parts & WORLD_DIRECT ? &operations : &operations_alone,
			     .source = rules->source },
		.stamp = { .read = read_stamp },
		.brancher = { .attach = attach },
		.passer = { .offer = offer, .withdraw = withdraw },
		.trace = { .nanoseconds = nanoseconds, .process = process, .write = write_line },
	};
	*ret_device = (struct device){
		.backend = &world.backend,
		.rules = *rules,
		.stamp = &world.stamp,
		.trace = parts & WORLD_TRACE ? &world.trace : NULL,
		.brancher = parts & WORLD_BRANCHER ? &world.brancher : NULL,
		.passer = parts & WORLD_PASSER ? &world.passer : NULL,
	};
}

void world_tick(unsigned number, uint64_t count)
{
	struct world_counter *counter = &world.counter[number];

	if (!counter->started)
		return;
	counter->count += count;
	counter->sum += count;
}

void world_end(void)
{
	MUST(world.pages == 0);
	for (unsigned i = 0; i < NPMC; i++)
		MUST(!world.counter[i].set_up);
}

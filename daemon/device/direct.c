/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/direct.h"

#include <errno.h>

#include "device/counter.h"

/* A reader between the two writes of the sequence finds it odd, or another one after. */
static void write_page(struct perfmon_page *page, const struct perfmon_page *content)
{
	uint32_t sequence = page->pmp_sequence;

	__atomic_store_n(&page->pmp_sequence, sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	page->pmp_state = content->pmp_state;
	page->pmp_value = content->pmp_value;
	page->pmp_origin = content->pmp_origin;
	page->pmp_hz = content->pmp_hz;
	__atomic_store_n(&page->pmp_sequence, sequence + 2, __ATOMIC_RELEASE);
}

static struct perfmon_page look(struct device *device, int number)
{
	const struct device_counter *counter = &device->counter[number];
	struct perfmon_page page = { .pmp_state = PMP_STOPPED,
				     .pmp_value = counter->kept,
				     .pmp_hz = counter->page->pmp_hz };

	if (counter->lost) {
		page.pmp_state = PMP_DEVICE;
	} else if (counter->running) {
		page.pmp_state = PMP_RUNNING;
		page.pmp_value -= counter->base;
		page.pmp_origin =
			device->backend->operations->origin(device->backend, (unsigned)number);
	}
	return page;
}

void direct_publish(struct device *device, int number)
{
	struct device_counter *counter = &device->counter[number];
	struct perfmon_page page;

	if (!counter->page)
		return;
	page = look(device, number);
	write_page(counter->page, &page);
}

void direct_withdraw(struct device *device, int number)
{
	static const struct perfmon_page gone = { .pmp_state = PMP_DEVICE };
	struct device_counter *counter = &device->counter[number];

	if (!counter->page)
		return;
	write_page(counter->page, &gone);
	device->passer->withdraw(device->passer, counter->page);
	counter->page = NULL;
}

/* The page that is offered with the events, in place of the one before. */
static int offer(struct device *device, int number, uint64_t *ret_token)
{
	struct device_counter *counter = &device->counter[number];
	struct backend *backend = device->backend;
	struct backend_direct events;
	struct perfmon_page *page = NULL;
	int result = backend->operations->direct(backend, (unsigned)number, device->caller.thread,
						 &events);

	if (result < 0)
		return result;
	result = device->passer->offer(device->passer, &events, &device->caller, &page, ret_token);
	if (result < 0) {
		backend->operations->adopt(backend, (unsigned)number, false);
		return result;
	}
	direct_withdraw(device, number);
	page->pmp_hz = events.hz;
	counter->page = page;
	return 0;
}

/* Its thread waits for this answer meanwhile, and has nothing to count. */
static int change_over(struct device *device, int number)
{
	bool running = device->counter[number].running;
	int result = counter_stop(device, number);

	device->backend->operations->adopt(device->backend, (unsigned)number, true);
	direct_publish(device, number);
	return result == 0 && running ? counter_start(device, number) : result;
}

int direct_offer(struct device *device, int number, uint64_t *ret_token)
{
	uint32_t select;
	int result = counter_get(device, number, &select);

	if (result < 0)
		return result;
	if (!device->passer || !device->backend->operations->direct)
		return -EOPNOTSUPP;
	result = offer(device, number, ret_token);
	return result < 0 ? result : change_over(device, number);
}

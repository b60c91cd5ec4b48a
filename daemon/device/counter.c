/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/counter.h"

#include <errno.h>

#include "device/direct.h"
#include "log.h"

/* The counters of P5 and P6 are 40 bits wide, and clients know values of no other width. */
#define VALUE_MASK ((UINT64_C(1) << 40) - 1)

static struct device_counter *configured(struct device *device, int number, int *ret_error)
{
	if (number < 0 || number >= NPMC) {
		*ret_error = -EINVAL;
		return NULL;
	}
	if (!device->counter[number].configured) {
		*ret_error = -EBUSY;
		return NULL;
	}
	return &device->counter[number];
}

int counter_setup(struct device *device, int number, uint32_t select)
{
	struct event event;
	char text[768];
	int result;

	if (number < 0 || number >= NPMC)
		return -EINVAL;
	select &= ~((uint32_t)PMCF_SYS_FLAGS << 16);
	result = event_resolve(&device->rules, select, &event);
	if (result < 0)
		return result;
	result = device->backend->operations->setup(device->backend, (unsigned)number, &event,
						    device->caller.thread);
	if (result < 0)
		return result;
	direct_withdraw(device, number);
	device->counter[number] = (struct device_counter){ .configured = true, .event = event };
	log_info("PMIOSETUP: counter %d: event 0x%02x%s%s is counted by %s", number,
		 SELECT_EVENT(select), event.name ? " " : "", event.name ? event.name : "",
		 event_describe(&event, text, sizeof text));
	return 0;
}

int counter_get(struct device *device, int number, uint32_t *ret_select)
{
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	*ret_select = counter->event.select | (counter->running ? (uint32_t)PMCF_EN << 16 : 0);
	return 0;
}

int counter_event(struct device *device, int number, const struct event **ret_event)
{
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	*ret_event = &counter->event;
	return 0;
}

/* Measures a value from what the running counter reads at this moment. */
static int rebase(struct device *device, int number, uint64_t value)
{
	struct backend *backend = device->backend;
	struct device_counter *counter = &device->counter[number];
	int result = backend->operations->read(backend, (unsigned)number, &counter->base);

	if (result < 0)
		return result;
	counter->kept = value;
	direct_publish(device, number);
	return 0;
}

int counter_start(struct device *device, int number)
{
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	if (counter->lost)
		return -EIO;
	if (counter->running)
		return rebase(device, number, counter->kept);
	result = device->backend->operations->start(device->backend, (unsigned)number);
	if (result < 0)
		return result;
	counter->running = true;
	counter->base = 0;
	direct_publish(device, number);
	return 0;
}

int counter_stop(struct device *device, int number)
{
	uint64_t count;
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	if (!counter->running)
		return 0;
	result = device->backend->operations->stop(device->backend, (unsigned)number, &count);
	counter->running = false;
	counter->lost = result < 0;
	if (result == 0)
		counter->kept = (counter->kept + count - counter->base) & VALUE_MASK;
	direct_publish(device, number);
	return result;
}

int counter_read(struct device *device, int number, uint64_t *ret_value)
{
	uint64_t count;
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	if (counter->lost)
		return -EIO;
	if (!counter->running) {
		*ret_value = counter->kept;
		return 0;
	}
	result = device->backend->operations->read(device->backend, (unsigned)number, &count);
	if (result < 0)
		return result;
	*ret_value = (counter->kept + count - counter->base) & VALUE_MASK;
	return 0;
}

int counter_reset(struct device *device, int number)
{
	int result = 0;
	struct device_counter *counter = configured(device, number, &result);

	if (!counter)
		return result;
	if (counter->running)
		return rebase(device, number, 0);
	counter->kept = 0;
	counter->lost = false;
	direct_publish(device, number);
	return 0;
}

void counter_release(struct device *device, int number)
{
	struct device_counter *counter = &device->counter[number];

	if (!counter->configured)
		return;
	direct_withdraw(device, number);
	device->backend->operations->release(device->backend, (unsigned)number);
	*counter = (struct device_counter){ 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <errno.h>
#include <string.h>

#include "requests.h"
#include "world.h"

#define BITS_40 ((UINT64_C(1) << 40) - 1)

static int outcome(unsigned call)
{
	return world.failing & call ? world.error : 0;
}

int model_open(struct model *model, bool write, uint32_t user)
{
	unsigned *opens = &model->opens[user % MODEL_USERS];

	if (model->rules->set == EVENT_SET_NATIVE && !model->rules->source.native)
		return -ENXIO;
	if (write && model->has_writer)
		return -EBUSY;
	if (*opens == model->max_opens)
		return -EMFILE;
	++*opens;
	if (write) {
		model->has_writer = true;
		model->writer_thread = world.caller.thread;
		model->writer_user = user;
	}
	return 0;
}

void model_release(struct model *model, bool write, uint32_t user)
{
	model->opens[user % MODEL_USERS]--;
	if (!write)
		return;
	model->has_writer = false;
	for (unsigned i = 0; i < NPMC; i++)
		model->counter[i] = (struct model_counter){ 0 };
}

void model_tick(struct model *model, unsigned number, uint64_t count)
{
	struct model_counter *counter = &model->counter[number];

	if (counter->running)
		counter->value = (counter->value + count) & BITS_40;
}

static int setup(const struct model *model, struct model_counter *counter, uint32_t select)
{
	struct event event;
	char why[256];
	int result = event_translate(model->rules, select & ~UINT32_C(0x500000), &event, why,
				     sizeof why);

	if (result == 0)
		result = outcome(FAIL_SETUP);
	if (result == 0)
		*counter = (struct model_counter){ .set_up = true, .event = event };
	return result;
}

static int start(struct model_counter *counter)
{
	int result = counter->lost ? -EIO : outcome(counter->running ? FAIL_READ : FAIL_START);

	if (result == 0) {
		counter->running = true;
		counter->value = counter->stopped;
	}
	return result;
}

static int stop(struct model_counter *counter)
{
	int result = counter->running ? outcome(FAIL_STOP) : 0;

	counter->lost |= result < 0;
	counter->running = false;
	counter->stopped = counter->value;
	return result;
}

static int reset(struct model_counter *counter)
{
	int result = counter->running ? outcome(FAIL_READ) : 0;

	if (result == 0) {
		counter->value = counter->stopped = 0;
		counter->lost = false;
	}
	return result;
}

static int read_value(const struct model_counter *counter, uint64_t *ret_value)
{
	int result = counter->lost ? -EIO : counter->running ? outcome(FAIL_READ) : 0;

	if (result == 0)
		*ret_value = counter->value;
	return result;
}

/* The counter goes on by other events: it is stopped, and started if it ran. */
static int direct(const struct model *model, struct model_counter *counter)
{
	bool ran = counter->running;
	int result;

	if (!(model->parts & WORLD_PASSER) || !(model->parts & WORLD_DIRECT))
		return -EOPNOTSUPP;
	result = outcome(FAIL_DIRECT);
	if (result == 0)
		result = outcome(FAIL_OFFER);
	if (result < 0)
		return result;
	counter->has_page = true;
	result = stop(counter);
	return result == 0 && ran ? start(counter) : result;
}

static uint32_t select_of(const struct model_counter *counter)
{
	return counter->event.select | (counter->running ? UINT32_C(0x400000) : 0);
}

/* Each counter's error is in the reply, 16 bytes for each from the 24th on. */
static int snap(const struct model *model, uint8_t *reply)
{
	uint64_t lasted = STAMP_LASTS;

	for (size_t i = 0; i < NPMC; i++) {
		const struct model_counter *counter = &model->counter[i];
		uint64_t value = 0;
		uint32_t select = counter->set_up ? select_of(counter) : 0;
		int32_t error = counter->set_up ? -read_value(counter, &value) : EBUSY;

		lasted += counter->running ? READ_LASTS : 0;
		memcpy(reply + 24 + 16 * i, &error, 4);
		memcpy(reply + 28 + 16 * i, &select, 4);
		memcpy(reply + 32 + 16 * i, &value, 8);
	}
	if (world.has_stamp) {
		memcpy(reply, &world.stamp_value, 8);
		memcpy(reply + 8, &lasted, 8);
		memcpy(reply + 16, &world.stamp_mhz, 4);
	}
	return 0;
}

/* Those that are not about a counter. */
static int serve_other(const struct model *model, const struct number *number,
		       const uint8_t *argument, uint8_t *reply)
{
	struct event event;
	uint32_t select;
	char why[256];
	int result;

	switch (number->what) {
	case TSTAMP:
		memcpy(reply, &world.stamp_mhz, 4);
		memcpy(reply + number->quad, &world.stamp_value, 8);
		return world.has_stamp ? 0 : -ENOTTY;
	case EBB:
		memcpy(reply, argument, 40);
		memcpy(reply + 40, &world.token, 8);
		return model->parts & WORLD_BRANCHER ? outcome(FAIL_ATTACH) : -EOPNOTSUPP;
	case SNAP:
		return snap(model, reply);
	case HOLDER:
		memcpy(reply, &model->writer_thread, 4);
		memcpy(reply + number->quad, &model->writer_user, 4);
		return model->has_writer ? 0 : -ESRCH;
	default:
		memcpy(&select, argument + 4, 4);
		result = event_translate(model->rules, select & ~UINT32_C(0x500000), &event, why,
					 sizeof why);
		if (result == 0 && event.kind == EVENT_PERF && !model->rules->source.pmu)
			result = -EOPNOTSUPP;
		if (result == 0)
			reply_event(reply, 0, &event);
		memcpy(reply, argument, 4);
		return result;
	}
}

static uint32_t select_in(const uint8_t *byte)
{
	return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

static int serve_counter(const struct model *model, const struct number *number,
			 struct model_counter *counter, const uint8_t *argument, uint8_t *reply)
{
	uint64_t value = 0;
	uint32_t select;
	int result;

	memcpy(reply, argument, 4);
	switch (number->what) {
	case SETUP:
		return setup(model, counter, select_in(argument + 4));
	case START:
		return start(counter);
	case STOP:
		return stop(counter);
	case RESET:
		return reset(counter);
	case DIRECT:
		memcpy(reply + number->quad, &world.token, 8);
		return direct(model, counter);
	case READ:
		result = read_value(counter, &value);
		memcpy(reply + number->quad, &value, 8);
		return result;
	case EVENT:
		reply_event(reply, 0, &counter->event);
		memcpy(reply, argument, 4);
		return 0;
	default: /* GET */
		select = select_of(counter);
		for (unsigned i = 0; i < 4; i++)
			reply[4 + i] = (uint8_t)(select >> 8 * i);
		return 0;
	}
}

static int serve(struct model *model, const struct number *number, const uint8_t *argument,
		 uint8_t *reply)
{
	int32_t at;

	if (number->what == TSTAMP || number->what == EBB || number->what == TRANSLATE ||
	    number->what == SNAP || number->what == HOLDER)
		return serve_other(model, number, argument, reply);
	memcpy(&at, argument, 4);
	if (at < 0 || at >= NPMC)
		return -EINVAL;
	if (!model->counter[at].set_up && number->what != SETUP)
		return -EBUSY;
	return serve_counter(model, number, &model->counter[at], argument, reply);
}

int model_ioctl(struct model *model, bool write, uint32_t number, const uint8_t *argument,
		size_t size, uint8_t *reply, size_t *ret_size)
{
	const struct number *found = number_find(number);
	int result;

	if (!found)
		return -ENOTTY;
	if (number_takes(found) && size < found->size)
		return -EFAULT;
	if (found->writes && !write)
		return -EPERM;
	result = serve(model, found, argument, reply);
	if (result == 0)
		*ret_size = number_gives(found) ? found->size : 0;
	return result;
}

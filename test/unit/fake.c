/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "device/users.h"
#include "unit.h"

struct fake fake;
int fake_stamp_result;
uint32_t fake_stamp_mhz;
uint64_t fake_stamp_value;
uint64_t fake_read_lasts;
uint64_t fake_now;
uint64_t fake_tick;
char fake_lines[4096];

const struct caller fake_caller = { .thread = 4242, .user = 1000 };

static struct fake_counter *counter_of(struct backend *backend, unsigned number)
{
	assert_ptr_equal(backend, &fake.backend);
	assert_true(number < NPMC);
	return &fake.counter[number];
}

static int backend_setup(struct backend *backend, unsigned number, const struct event *event,
			 int client)
{
	struct fake_counter *counter = counter_of(backend, number);

	fake.calls.setup++;
	if (fake.failure)
		return fake.failure;
	*counter = (struct fake_counter){ .set_up = true, .event = *event, .client = client };
	return 0;
}

static int backend_start(struct backend *backend, unsigned number)
{
	struct fake_counter *counter = counter_of(backend, number);

	assert_true(counter->set_up);
	assert_false(counter->started);
	fake.calls.start++;
	if (fake.failure)
		return fake.failure;
	counter->started = true;
	counter->count = 0;
	backend->pass.skew = fake.skew;
	return 0;
}

static int backend_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct fake_counter *counter = counter_of(backend, number);

	assert_true(counter->started);
	fake.calls.read++;
	fake_stamp_value += fake_read_lasts;
	if (fake.failure)
		return fake.failure;
	*ret_count = counter->count;
	return 0;
}

static int backend_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct fake_counter *counter = counter_of(backend, number);

	assert_true(counter->started);
	fake.calls.stop++;
	counter->started = false;
	backend->pass.skew = fake.skew;
	if (fake.failure)
		return fake.failure;
	*ret_count = counter->count;
	return 0;
}

static void backend_release(struct backend *backend, unsigned number)
{
	struct fake_counter *counter = counter_of(backend, number);

	assert_true(counter->set_up);
	fake.calls.release++;
	*counter = (struct fake_counter){ 0 };
}

static int backend_direct(struct backend *backend, unsigned number, int client,
			  struct backend_direct *ret_direct)
{
	assert_true(counter_of(backend, number)->set_up);
	fake.calls.direct++;
	if (fake.failure)
		return fake.failure;
	assert_int_equal(client, fake_caller.thread);
	*ret_direct = (struct backend_direct){ .fd = { 42 }, .count = 1, .hz = fake.hz };
	return 0;
}

static void backend_adopt(struct backend *backend, unsigned number, bool adopted)
{
	assert_false(adopted && counter_of(backend, number)->started);
	if (adopted)
		fake.calls.adopted++;
	else
		fake.calls.dropped++;
}

static uint64_t backend_origin(struct backend *backend, unsigned number)
{
	return counter_of(backend, number)->origin;
}

static const struct backend_operations operations = {
	.name = "fake",
	.setup = backend_setup,
	.start = backend_start,
	.stop = backend_stop,
	.read = backend_read,
	.direct = backend_direct,
	.adopt = backend_adopt,
	.origin = backend_origin,
	.release = backend_release,
};

static int read_stamp(struct time_stamp *stamp, uint32_t *ret_mhz, uint64_t *ret_value)
{
	assert_ptr_equal(stamp, &fake.stamp);
	if (fake_stamp_result)
		return fake_stamp_result;
	*ret_mhz = fake_stamp_mhz;
	*ret_value = fake_stamp_value;
	return 0;
}

static uint64_t nanoseconds(void)
{
	uint64_t now = fake_now;

	fake_now += fake_tick;
	return now;
}

static void process(int thread, int *ret_pid, char *ret_name, size_t size)
{
	*ret_pid = thread == fake_caller.thread ? 1234 : 0;
	snprintf(ret_name, size, "%s", thread == fake_caller.thread ? "client" : "?");
}

static void write_line(struct trace *trace, const char *line, size_t length)
{
	assert_ptr_equal(trace, &fake.trace);
	assert_int_equal(length, strlen(line));
	assert_int_equal(line[length - 1], '\n');
	assert_true(strlen(fake_lines) + length < sizeof fake_lines);
	strcat(fake_lines, line);
}

static int attach(struct brancher *brancher, const struct perfmon_ebb *ebb,
		  const struct caller *caller, uint64_t *ret_token)
{
	assert_ptr_equal(brancher, &fake.brancher);
	fake.calls.attach++;
	fake.asked = *ebb;
	fake.asking = *caller;
	if (fake.failure < 0)
		return fake.failure;
	*ret_token = FAKE_TOKEN;
	return 0;
}

static int offer(struct passer *passer, const struct backend_direct *events,
		 const struct caller *caller, struct perfmon_page **ret_page, uint64_t *ret_token)
{
	assert_ptr_equal(passer, &fake.passer);
	assert_int_equal(events->count, 1);
	assert_int_equal(events->fd[0], 42);
	fake.asking = *caller;
	if (fake.passing < 0)
		return fake.passing;
	*ret_page = &fake.page;
	*ret_token = FAKE_TOKEN;
	return 0;
}

static void withdraw(struct passer *passer, struct perfmon_page *page)
{
	assert_ptr_equal(passer, &fake.passer);
	assert_ptr_equal(page, &fake.page);
	assert_int_equal(page->pmp_state, PMP_DEVICE);
	fake.calls.withdraw++;
}

int fake_setup(void **state)
{
	const struct event_source source = {
		.native = true,
		.cpu = { .class = CPU_P6, .maker = MAKER_INTEL, .family = FAMILIES },
	};

	(void)state;
	users_free(&fake.device);
	fake = (struct fake){
		.backend = { .operations = &operations, .source = source },
		.stamp = { .read = read_stamp },
		.trace = { .nanoseconds = nanoseconds, .process = process, .write = write_line },
		.device = { .max_opens = FAKE_OPENS_MAX,
			    .rules = { .set = EVENT_SET_NATIVE, .source = source },
			    .backend = &fake.backend,
			    .stamp = &fake.stamp,
			    .brancher = &fake.brancher,
			    .passer = &fake.passer },
		.brancher = { .attach = attach },
		.passer = { .offer = offer, .withdraw = withdraw },
	};
	fake_stamp_result = 0;
	fake_stamp_mhz = 2600;
	fake_stamp_value = UINT64_C(0x123456789abcdef0);
	fake_read_lasts = 0;
	fake_now = 1000000;
	fake_tick = 0;
	fake_lines[0] = '\0';
	return 0;
}

unsigned fake_calls(void)
{
	return fake.calls.attach + fake.calls.setup + fake.calls.start + fake.calls.stop +
	       fake.calls.read + fake.calls.release;
}

static int request(uint32_t number, const void *argument, size_t size, void *reply)
{
	uint8_t bytes[DEVICE_REPLY_MAX];
	size_t reply_size = SIZE_MAX;
	int result = device_ioctl(&fake.device, true, number, argument, size, bytes, &reply_size,
				  &fake_caller);

	if (result < 0) {
		assert_int_equal(reply_size, SIZE_MAX);
		return result;
	}
	assert_int_equal(reply_size, reply ? size : 0);
	if (reply)
		memcpy(reply, bytes, size);
	return result;
}

int fake_int(uint32_t number, int counter)
{
	return request(number, &counter, sizeof counter, NULL);
}

int fake_pmc(uint32_t number, struct pmc *pmc)
{
	return request(number, pmc, sizeof *pmc, number == PMIOGET ? pmc : NULL);
}

int fake_read(int counter, uint64_t *ret_value)
{
	struct pmc_data data = { .pmcd_num = counter, .pmcd_value = -1 };
	int result = request(PMIOREAD, &data, sizeof data, &data);

	if (result == 0) {
		assert_int_equal(data.pmcd_num, counter);
		*ret_value = (uint64_t)data.pmcd_value;
	}
	return result;
}

int fake_event(int counter, struct perfmon_event *ret_event)
{
	struct perfmon_event event = { .pme_num = counter };
	int result = request(PMIOEVENT, &event, sizeof event, &event);

	if (result == 0)
		*ret_event = event;
	return result;
}

int fake_set_up(int counter, unsigned flags)
{
	struct pmc pmc = { .pmc_num = counter };

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = (unsigned char)flags;
	return fake_pmc(PMIOSETUP, &pmc);
}

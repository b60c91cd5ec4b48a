/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The device, beside a model of perfmon(4): opens, closes and requests, by several open files and
 * threads, on a backend that fails now and then. Every result, every byte of a reply, and the page
 * of a counter that is read past the device are the model's; what the device asks of its backend
 * is in the order that backend.h has.
 *
 * The input is three bytes that make the world: which event rules, which parts and how many
 * opens a user has, how wide a counter; and then steps, each a byte, whose low three bits say what
 * it is and the rest for which file or counter, and by which of three threads of two users:
 *
 *   0     an open, for writing if the next byte is odd
 *   1     a close
 *   2     events happen: as many as the next byte says, or if it is 255 the eight bytes after it
 *   3..7  a request: what fails, a bit each; the error; a number as number_choose() has it; the
 *         counter, 0 or 1 by a bit, or if it is above 0xc0 the four bytes after it; pmc_val; and
 *         how long an argument is brought beside what the number says, 0 for the same
 */

#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "model.h"
#include "requests.h"
#include "world.h"

#define FILES_MAX 5

/* What a reply has beyond its bytes, or on failure. */
#define UNTOUCHED 0xa5

static const struct event_rules rules[] = {
	{ EVENT_SET_P6,
	  SCOPE_SYSTEM,
	  false,
	  { .legacy = true, .pmu = true, .cpu = { CPU_X86, MAKER_INTEL, FAMILIES, "" } } },
	{ EVENT_SET_P5,
	  SCOPE_OPENER,
	  false,
	  { .legacy = true, .clock = true, .cpu = { CPU_X86, MAKER_AMD, FAMILIES, "" } } },
	{ EVENT_SET_P6,
	  SCOPE_OPENER,
	  true,
	  { .native = true,
	    .legacy = true,
	    .pmu = true,
	    .cpu = { CPU_OTHER, MAKER_ARM, FAMILIES, "" } } },
	{ EVENT_SET_NATIVE,
	  SCOPE_SYSTEM,
	  false,
	  { .native = true, .cpu = { CPU_P6, MAKER_INTEL, FAMILIES, "" } } },
	{ EVENT_SET_NATIVE,
	  SCOPE_CPU,
	  false,
	  { .native = true, .cpu = { CPU_OTHER, MAKER_POWER, FAMILIES, "" } } },
	{ EVENT_SET_NATIVE,
	  SCOPE_SYSTEM,
	  false,
	  { .legacy = true, .cpu = { CPU_X86, MAKER_INTEL, FAMILIES, "" } } },
};

static const int errors[] = { EIO, EBUSY, EMFILE, EOPNOTSUPP, EAGAIN, ESRCH, ENOMEM, EACCES };

static struct device device;
static struct model model;

static struct file {
	bool open;
	bool write;
	uint32_t user;
} file[FILES_MAX];

static void differs(const char *what, uint32_t number, int device_result, int model_result)
{
	const struct number *found = number_find(number);

	fprintf(stderr, "%s %s (0x%08x): the device answers %s, the model %s\n", what,
		found ? found->name : "unknown request", number,
		device_result < 0 ? strerrorname_np(-device_result) : "success",
		model_result < 0 ? strerrorname_np(-model_result) : "success");
}

static void print_bytes(const char *whose, const uint8_t *bytes, size_t size)
{
	fprintf(stderr, "%s:", whose);
	for (size_t i = 0; i < size; i++)
		fprintf(stderr, " %02x", bytes[i]);
	fputc('\n', stderr);
}

static void step_open(struct bytes *bytes, struct file *opened)
{
	bool write = bytes_one(bytes) & 1;
	int result;
	int wanted;

	if (opened->open)
		return;
	wanted = model_open(&model, write, world.caller.user);
	result = device_open(&device, write, &world.caller);
	if (result != wanted) {
		differs(write ? "open for writing" : "open", 0, result, wanted);
		abort();
	}
	*opened = (struct file){ result == 0, write, world.caller.user };
}

/* By anybody: a descriptor may be passed. */
static void step_close(struct file *closed)
{
	if (!closed->open)
		return;
	model_release(&model, closed->write, closed->user);
	device_release(&device, closed->write, closed->user, &world.caller);
	closed->open = false;
}

static void step_tick(struct bytes *bytes, unsigned number)
{
	uint64_t count = bytes_one(bytes);

	if (count == UINT8_MAX)
		count = bytes_number(bytes);
	world_tick(number, count);
	model_tick(&model, number, count);
}

static uint32_t word(struct bytes *bytes)
{
	uint32_t number = 0;

	for (unsigned i = 0; i < 4; i++)
		number |= (uint32_t)bytes_one(bytes) << 8 * i;
	return number;
}

/* An argument of its own size, to be freed. */
static uint8_t *make_argument(struct bytes *bytes, uint32_t number, size_t *ret_size)
{
	uint8_t choice = bytes_one(bytes);
	uint32_t fields[2] = { 0 };
	uint8_t longer;
	uint8_t *argument;

	fields[0] = choice > 0xc0 ? word(bytes) : choice & 1;
	fields[1] = word(bytes);
	longer = bytes_one(bytes);
	/* From nothing to more than the largest, however long the number says. */
	*ret_size = longer ? longer * 3u : _IOC_SIZE(number);
	argument = malloc(*ret_size);
	MUST(argument || *ret_size == 0);
	for (size_t i = 0; i < *ret_size; i++)
		argument[i] = (uint8_t)(choice + i);
	if (*ret_size)
		memcpy(argument, fields, *ret_size < sizeof fields ? *ret_size : sizeof fields);
	if (number_find(number) && number_find(number)->what == EBB &&
	    *ret_size >= sizeof world.ebb)
		memcpy(&world.ebb, argument, sizeof world.ebb);
	return argument;
}

static void compare(uint32_t number, int result, int wanted, const uint8_t *reply,
		    const uint8_t *wanted_reply, size_t size, size_t wanted_size)
{
	bool untouched = true;

	for (size_t i = size; i < REPLY_MAX; i++)
		untouched &= reply[i] == UNTOUCHED;
	if (result == wanted && size == wanted_size && untouched &&
	    memcmp(reply, wanted_reply, size) == 0)
		return;
	differs("request", number, result, wanted);
	fprintf(stderr, "the device replies %zu bytes, the model %zu\n", size, wanted_size);
	print_bytes("device", reply, REPLY_MAX);
	print_bytes("model", wanted_reply, wanted_size);
	abort();
}

static void step_request(struct bytes *bytes, const struct file *asked)
{
	uint8_t reply[REPLY_MAX];
	uint8_t wanted_reply[REPLY_MAX] = { 0 };
	size_t size = 0;
	size_t wanted_size = 0;
	size_t argument_size;
	uint8_t *argument;
	uint32_t number;
	int result;
	int wanted;

	world.failing = bytes_one(bytes);
	world.error = -errors[bytes_one(bytes) % COUNT(errors)];
	world.stamp_value += 1000;
	world.token++;
	number = number_choose(bytes);
	argument = make_argument(bytes, number, &argument_size);
	if (asked->open) {
		memset(reply, UNTOUCHED, sizeof reply);
		wanted = model_ioctl(&model, asked->write, number, argument, argument_size,
				     wanted_reply, &wanted_size);
		result = device_ioctl(&device, asked->write, number, argument, argument_size, reply,
				      &size, &world.caller);
		compare(number, result, wanted, reply, wanted_reply, size, wanted_size);
	}
	free(argument);
}

/* What the owner of a counter reads past the device. */
static void check_page(const struct model_counter *counter, const struct world_counter *hardware)
{
	const struct perfmon_page *page = hardware->page;
	uint64_t value = page->pmp_value;

	MUST(page->pmp_sequence % 2 == 0 && page->pmp_hz == world.hz);
	MUST(page->pmp_state == (counter->lost      ? PMP_DEVICE
				 : counter->running ? PMP_RUNNING
						    : PMP_STOPPED));
	if (counter->running)
		value += hardware->sum - page->pmp_origin;
	if (!counter->lost)
		MUST((value & ((UINT64_C(1) << 40) - 1)) == counter->value);
}

static void check(void)
{
	size_t users = 0;

	for (unsigned i = 0; i < MODEL_USERS; i++)
		users += model.opens[i] > 0;
	MUST(device.user_count == users);
	for (unsigned i = 0; i < NPMC; i++) {
		MUST(world.counter[i].set_up == model.counter[i].set_up);
		MUST(world.counter[i].started == model.counter[i].running);
		MUST(!world.counter[i].offering);
		MUST(!world.counter[i].page == !model.counter[i].has_page);
		if (model.counter[i].has_page)
			check_page(&model.counter[i], &world.counter[i]);
	}
}

static void step(struct bytes *bytes)
{
	uint8_t what = bytes_one(bytes);
	unsigned index = what >> 3;
	struct file *chosen = &file[index % FILES_MAX];
	unsigned thread = index / FILES_MAX % 3;

	world.caller = (struct caller){ .thread = 100 + (int)thread, .user = 1000 + thread / 2 };
	switch (what & 7) {
	case 0:
		step_open(bytes, chosen);
		break;
	case 1:
		step_close(chosen);
		break;
	case 2:
		step_tick(bytes, index % NPMC);
		break;
	default:
		step_request(bytes, chosen);
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	const struct event_rules *chosen = &rules[bytes_one(&bytes) % COUNT(rules)];
	unsigned parts = bytes_one(&bytes) ^ UINT8_MAX;
	unsigned width = bytes_one(&bytes);

	_Static_assert(DEVICE_REPLY_MAX == REPLY_MAX, "the largest reply is struct perfmon_event");
	world_begin(parts, 40 + width % 25, chosen, &device);
	model = (struct model){ .rules = chosen,
				.parts = parts,
				.max_opens = 1 + (parts >> 6 & 3) };
	device.max_opens = model.max_opens;
	memset(file, 0, sizeof file);
	while (bytes.size)
		step(&bytes);
	device_close(&device);
	world_end();
	return 0;
}

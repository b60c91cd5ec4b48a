/* SPDX-License-Identifier: BSD-2-Clause */
#include "reader.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "event.h"
#include "userpage.h"

#define VALUE_MASK  ((UINT64_C(1) << 40) - 1)
#define NANOSECONDS UINT64_C(1000000000)

/* perfmond writes the page in some 10 ns; it may be killed, or lose its CPU, meanwhile. */
#define TRIES 1000

_Thread_local char reader_thread __attribute__((tls_model("initial-exec")));

static bool is_own_thread(const struct perfmon_reader *reader)
{
	const volatile bool *unforked = reader->unforked;

	return unforked && *unforked && reader->thread == &reader_thread;
}

static bool add_events(const struct perfmon_reader *reader, uint64_t *ret_sum, int *ret_way)
{
	bool own = is_own_thread(reader);
	uint64_t sum = 0;

	*ret_way = PERFMON_BY_COUNTER;
	for (unsigned i = 0; i < reader->events; i++) {
		uint64_t count;

		if (!own || !reader->user[i] || !userpage_read(reader->user[i], &count)) {
			*ret_way = PERFMON_BY_EVENT;
			if (!event_read(reader->event[i], &count))
				return false;
		}
		sum += count;
	}
	*ret_sum = sum;
	return true;
}

static uint64_t clocks(uint64_t count, uint64_t hz)
{
	return hz ? count / NANOSECONDS * hz + count % NANOSECONDS * hz / NANOSECONDS : count;
}

/* 0; 1 where the page was written meanwhile; -1 where the device has to be asked. */
static int try_page(const struct perfmon_reader *reader, uint64_t *ret_value, int *ret_way)
{
	const volatile struct perfmon_page *page = reader->page;
	uint32_t sequence = page->pmp_sequence;
	uint32_t state;
	uint64_t value;
	uint64_t sum = 0;
	int way = PERFMON_BY_KEPT;

	atomic_thread_fence(memory_order_acquire);
	state = page->pmp_state;
	value = page->pmp_value;
	if (state == PMP_DEVICE)
		return -1;
	if (state == PMP_RUNNING) {
		if (!add_events(reader, &sum, &way))
			return -1;
		value += clocks(sum - page->pmp_origin, page->pmp_hz);
	}
	atomic_thread_fence(memory_order_acquire);
	if (sequence & 1 || page->pmp_sequence != sequence)
		return 1;
	*ret_value = value & VALUE_MASK;
	*ret_way = way;
	return 0;
}

static bool read_page(const struct perfmon_reader *reader, uint64_t *ret_value, int *ret_way)
{
	int result = reader->page ? 1 : -1;

	for (int i = 0; result > 0 && i < TRIES; i++)
		result = try_page(reader, ret_value, ret_way);
	return result == 0;
}

static int read_device(const struct perfmon_reader *reader, uint64_t *ret_value)
{
	struct pmc_data data = { .pmcd_num = reader->counter };

	if (ioctl(reader->device, PMIOREAD, &data) < 0)
		return -errno;
	*ret_value = (uint64_t)data.pmcd_value;
	return 0;
}

int perfmon_reader_read(struct perfmon_reader *reader, uint64_t *ret_value)
{
	int way = PERFMON_BY_DEVICE;
	int result = 0;

	if (!read_page(reader, ret_value, &way))
		result = read_device(reader, ret_value);
	atomic_store_explicit(&reader->way, way, memory_order_relaxed);
	return result;
}

int perfmon_reader_open(int device, int counter, struct perfmon_reader **ret_reader)
{
	struct perfmon_reader *reader = calloc(1, sizeof *reader);
	uint64_t value;
	int result;

	if (!reader)
		return -ENOMEM;
	reader->device = device;
	reader->counter = counter;
	reader_take(reader);
	result = perfmon_reader_read(reader, &value);
	if (result < 0) {
		perfmon_reader_close(reader);
		return result;
	}
	*ret_reader = reader;
	return 0;
}

int perfmon_reader_way(const struct perfmon_reader *reader)
{
	return atomic_load_explicit(&reader->way, memory_order_relaxed);
}

const char *perfmon_reader_why(const struct perfmon_reader *reader)
{
	return reader->why;
}

void perfmon_reader_close(struct perfmon_reader *reader)
{
	reader_drop(reader);
	free(reader);
}

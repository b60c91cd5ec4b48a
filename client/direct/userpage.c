/* SPDX-License-Identifier: BSD-2-Clause */
#include "userpage.h"

#include <stdatomic.h>

#include "event.h"

/* The kernel writes the page on this CPU, so that the compiler alone could change the order. */
#define barrier() atomic_signal_fence(memory_order_seq_cst)

static int64_t sign_extend(uint64_t value, unsigned width)
{
	return (int64_t)(value << (64 - width)) >> (64 - width);
}

bool userpage_read(const volatile struct perf_event_mmap_page *page, uint64_t *ret_count)
{
	uint32_t sequence;
	uint64_t counter;
	uint64_t count;

	do {
		uint32_t index;

		sequence = page->lock;
		barrier();
		index = page->index;
		if (!page->cap_user_rdpmc || index == 0 || !user_counter(index - 1, &counter))
			return false;
		count = (uint64_t)page->offset + (uint64_t)sign_extend(counter, page->pmc_width);
		barrier();
	} while (page->lock != sequence);
	*ret_count = count;
	return true;
}

bool userpage_agrees(const volatile struct perf_event_mmap_page *page, int fd)
{
	uint64_t before;
	uint64_t count;
	uint64_t after;

	if (!event_read(fd, &before) || !userpage_read(page, &count) || !event_read(fd, &after))
		return true;
	return before <= count && count <= after;
}

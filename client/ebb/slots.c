/* SPDX-License-Identifier: BSD-2-Clause */
#include <unistd.h>

#include "internal.h"

/* sig_data of an own event: the mark, the low half of the slot's generation, the slot. */
#define SLOT_BITS 16

static struct ebb_event events[EVENTS_MAX];

/* How far a search has to go: to the highest slot that was ever claimed. */
static atomic_uint used;

static bool is_open(const struct ebb_event *event)
{
	return atomic_load(&event->generation) & 1;
}

static void raise_used(unsigned count)
{
	unsigned before = atomic_load(&used);

	while (before < count && !atomic_compare_exchange_weak(&used, &before, count))
		;
}

/* The generation stays even, and from the first claim on it says that the descriptors are set. */
struct ebb_event *ebb_slot_claim(void)
{
	for (unsigned i = 0; i < EVENTS_MAX; i++)
		if (!atomic_exchange(&events[i].claimed, true)) {
			events[i].fd = -1;
			events[i].connection = -1;
			atomic_fetch_add(&events[i].generation, 2);
			raise_used(i + 1);
			return &events[i];
		}
	return NULL;
}

/* The generation that the event will have, by which a late signal of the one before is told. */
uint64_t ebb_slot_data(const struct ebb_event *event)
{
	uint64_t generation = atomic_load(&event->generation) + 1;

	return EBB_MARK_OWN << EBB_MARK_SHIFT | (generation & UINT32_MAX) << SLOT_BITS |
	       (uint64_t)(event - events);
}

void ebb_slot_show(struct ebb_event *event)
{
	atomic_fetch_add(&event->generation, 1);
}

static void close_descriptor(int *fd)
{
	int closed = *fd;

	/* First: another thread may fork meanwhile, and its child closes what is set. */
	*fd = -1;
	if (closed >= 0)
		close(closed);
}

void ebb_slot_free(struct ebb_event *event)
{
	event->enabled = false;
	if (is_open(event))
		atomic_fetch_add(&event->generation, 1);
	close_descriptor(&event->fd);
	close_descriptor(&event->connection);
	atomic_store(&event->claimed, false);
}

struct ebb_event *ebb_slot_by_data(uint64_t data)
{
	unsigned index = data & ((1 << SLOT_BITS) - 1);

	if (data >> EBB_MARK_SHIFT == EBB_MARK_OWN)
		return index < EVENTS_MAX && is_open(&events[index]) && events[index].data == data
			       ? &events[index]
			       : NULL;
	for (unsigned i = 0; i < atomic_load(&used); i++)
		if (is_open(&events[i]) && events[i].data == data)
			return &events[i];
	return NULL;
}

struct ebb_event *ebb_slot_by_descriptor(int fd)
{
	for (unsigned i = 0; i < atomic_load(&used); i++)
		if (is_open(&events[i]) && events[i].fd == fd)
			return &events[i];
	return NULL;
}

struct ebb_event *ebb_slot_of_breakpoint(pid_t thread)
{
	struct ebb_event *found = NULL;

	for (unsigned i = 0; i < atomic_load(&used); i++) {
		struct ebb_event *event = &events[i];

		if (!is_open(event) || event->type != PERF_TYPE_BREAKPOINT ||
		    event->thread != thread || !event->leader->enabled)
			continue;
		if (found)
			return NULL;
		found = event;
	}
	return found;
}

/* The claimed ones too: the thread that was about to open an event there is the parent's. */
void ebb_slots_forget(void)
{
	for (unsigned i = 0; i < EVENTS_MAX; i++) {
		if (!atomic_load(&events[i].claimed))
			continue;
		if (atomic_load(&events[i].generation))
			ebb_slot_free(&events[i]);
		else
			atomic_store(&events[i].claimed, false);
	}
}

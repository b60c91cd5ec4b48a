/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DIRECT_READER_H
#define PERFMON_DIRECT_READER_H

#include <linux/perf_event.h>
#include <perfmon/direct.h>
#include <perfmon/ext.h>
#include <stdatomic.h>
#include <stdbool.h>

#define EVENTS_MAX 4

struct perfmon_reader {
	int device;
	int counter;
	atomic_int way;
	const char *why;
	struct perfmon_page *page; /* NULL: through the device */
	unsigned events;
	int event[EVENTS_MAX];
	/* The page of each event, or NULL. A forked child has none, and may have other things
	 * there.
	 */
	struct perf_event_mmap_page *user[EVENTS_MAX];
	const char *thread; /* whose user pages they are: an address of its own */
	bool *unforked;     /* false in a forked child (MADV_WIPEONFORK); or NULL */
};

/* The memory of a thread alone, by whose address it is known. */
extern _Thread_local char reader_thread __attribute__((tls_model("initial-exec")));

/*
 * Asks perfmond for the events and maps them; where that fails, reader->page stays NULL, and why
 * says the reason.
 */
void reader_take(struct perfmon_reader *reader);

/* Gives all of that back. */
void reader_drop(struct perfmon_reader *reader);

#endif

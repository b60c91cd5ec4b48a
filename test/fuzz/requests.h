/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_REQUESTS_H
#define PERFMOND_TEST_FUZZ_REQUESTS_H

/*
 * The requests of perfmon(4) by sizes and offsets: a second opinion on <machine/perfmon.h>,
 * <perfmon/ext.h> and the table of the device.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "fuzz.h"

struct event;

enum what {
	SETUP,
	START,
	STOP,
	READ,
	RESET,
	TSTAMP,
	GET,
	EVENT,
	EBB,
	TRANSLATE,
	SNAP,
	DIRECT,
	HOLDER
};

struct number {
	const char *name;
	uint32_t number;
	enum what what;
	size_t size;
	size_t quad; /* where the 64 bits are, or 0 */
	bool writes; /* for the writer alone */
};

/* The size of the largest reply, struct perfmon_event. */
#define REPLY_MAX 696

static inline bool number_takes(const struct number *number)
{
	return _IOC_DIR(number->number) & _IOC_WRITE;
}

static inline bool number_gives(const struct number *number)
{
	return _IOC_DIR(number->number) & _IOC_READ;
}

/* NULL where there is no such request. */
const struct number *number_find(uint32_t number);

/*
 * Of the next byte, two bits choose between any number, which are the next four bytes, one with
 * a wrong bit, which the next byte says, and a right one; the rest of it says which.
 */
uint32_t number_choose(struct bytes *bytes);

/* A struct perfmon_event in a reply that has zeros. */
void reply_event(uint8_t *reply, int32_t number, const struct event *event);

#endif

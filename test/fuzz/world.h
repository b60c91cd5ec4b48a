/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_WORLD_H
#define PERFMOND_TEST_FUZZ_WORLD_H

/*
 * What a device finds around it: a backend, a time stamp, a brancher, a passer, a trace, all
 * deterministic, that end the program where they are called otherwise than their contracts have it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"

/* What fails while a request is served; each bit is a call, which answers `error` then. */
enum {
	FAIL_SETUP = 1,
	FAIL_START = 2,
	FAIL_STOP = 4,
	FAIL_READ = 8,
	FAIL_DIRECT = 16,
	FAIL_OFFER = 32,
	FAIL_ATTACH = 64,
};

/* Clocks of the time stamp that a backend's read lasts, and that reading the stamp itself does. */
#define READ_LASTS  7
#define STAMP_LASTS 3

struct world_counter {
	bool set_up;
	bool started;
	bool offering;             /* direct() was called, and adopt() is still to come */
	uint64_t count;            /* since the latest start */
	uint64_t sum;              /* of its direct events */
	uint64_t origin;           /* that at the latest start */
	struct perfmon_page *page; /* that its owner has, NULL: none */
};

struct world {
	/* Set before each request. */
	unsigned failing;
	int error; /* a negative errno */
	uint64_t stamp_value;
	uint64_t token;
	struct caller caller;
	struct perfmon_ebb ebb; /* what PMIOEBB is to pass on */

	/* For all the life of the device. */
	bool has_stamp;
	uint32_t stamp_mhz;
	uint64_t width_mask; /* of the hardware's counters */
	uint64_t hz;         /* of direct events */

	struct world_counter counter[NPMC];
	unsigned pages; /* offered and not withdrawn */
	uint64_t now;
	struct backend backend;
	struct time_stamp stamp;
	struct brancher brancher;
	struct passer passer;
	struct trace trace;
};

extern struct world world;

/* Which parts there are. */
enum {
	WORLD_STAMP = 1,
	WORLD_BRANCHER = 2,
	WORLD_PASSER = 4,
	WORLD_DIRECT = 8, /* the backend's */
	WORLD_TRACE = 16,
	WORLD_CLOCK = 32, /* the direct events count ns */
};

/* A new world, and a device in it. */
void world_begin(unsigned parts, unsigned width, const struct event_rules *rules,
		 struct device *ret_device);

/* What is counted happens, if the counter is started. */
void world_tick(unsigned number, uint64_t count);

/* After device_close(): everything has been given back. */
void world_end(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_MODEL_H
#define PERFMOND_TEST_FUZZ_MODEL_H

/*
 * What perfmon(4) says that the device answers, written down a second time: by what the manual
 * says of each request, and not by how the device keeps it. Which event counts is asked of the
 * event room, which has a harness of its own.
 */

#include <machine/perfmon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct model_counter {
	bool set_up;
	bool running;
	bool lost;        /* it was stopped, and the count could not be read */
	bool has_page;    /* its owner reads it past the device */
	uint64_t value;   /* at this moment */
	uint64_t stopped; /* at the latest PMIOSTOP */
	struct event event;
};

/* Users are known by their id modulo this. */
#define MODEL_USERS 2

struct model {
	const struct event_rules *rules;
	unsigned parts; /* of the world */
	bool has_writer;
	int32_t writer_thread;
	uint32_t writer_user;
	unsigned max_opens;
	unsigned opens[MODEL_USERS];
	struct model_counter counter[NPMC];
};

int model_open(struct model *model, bool write, uint32_t user);
void model_release(struct model *model, bool write, uint32_t user);

/* What is counted happens, if the counter runs. */
void model_tick(struct model *model, unsigned number, uint64_t count);

/*
 * argument: size bytes. reply: room for REPLY_MAX bytes, zeros, of which *ret_size are the reply.
 * What fails, and what the time stamp, the brancher and the passer answer, is taken from the world
 * as it is before the device has served the request.
 */
int model_ioctl(struct model *model, bool write, uint32_t number, const uint8_t *argument,
		size_t size, uint8_t *reply, size_t *ret_size);

#endif

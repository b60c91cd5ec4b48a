/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/request.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdio.h>
#include <string.h>

#include "device/counter.h"
#include "device/device.h"
#include "device/direct.h"
#include "device/snap.h"

static int handle_setup(struct device *device, struct argument *argument)
{
	return counter_setup(device, argument->number, argument->select);
}

static int handle_get(struct device *device, struct argument *argument)
{
	return counter_get(device, argument->number, &argument->select);
}

static int handle_start(struct device *device, struct argument *argument)
{
	return counter_start(device, argument->number);
}

static int handle_stop(struct device *device, struct argument *argument)
{
	return counter_stop(device, argument->number);
}

static int handle_read(struct device *device, struct argument *argument)
{
	return counter_read(device, argument->number, &argument->value);
}

static int handle_reset(struct device *device, struct argument *argument)
{
	return counter_reset(device, argument->number);
}

static int handle_tstamp(struct device *device, struct argument *argument)
{
	uint32_t rate = 0;
	int result = device->stamp->read(device->stamp, &rate, &argument->value);

	argument->number = (int32_t)rate;
	return result;
}

static int handle_event(struct device *device, struct argument *argument)
{
	return counter_event(device, argument->number, &argument->event);
}

static int handle_translate(struct device *device, struct argument *argument)
{
	char why[256];
	uint32_t select = argument->select & ~((uint32_t)PMCF_SYS_FLAGS << 16);

	int result = event_translate(&device->rules, select, &device->asked, why, sizeof why);

	argument->event = &device->asked;
	/* A PMIOSETUP learns of a PMU that is not there from the kernel. */
	if (result == 0 && device->asked.kind == EVENT_PERF && !device->rules.source.pmu)
		return -EOPNOTSUPP;
	return result;
}

static int handle_ebb(struct device *device, struct argument *argument)
{
	if (!device->brancher)
		return -EOPNOTSUPP;
	return device->brancher->attach(device->brancher, &argument->ebb, &device->caller,
					&argument->ebb.peb_token);
}

static int handle_snap(struct device *device, struct argument *argument)
{
	snap_take(device, &argument->snap);
	return 0;
}

static int handle_direct(struct device *device, struct argument *argument)
{
	return direct_offer(device, argument->number, &argument->value);
}

static int handle_holder(struct device *device, struct argument *argument)
{
	if (!device->has_writer)
		return -ESRCH;
	argument->number = device->writer.thread;
	argument->select = device->writer.user;
	return 0;
}

/*
 * The requests that carry 64 bits stand here in both layouts, told apart by the size in the number:
 * an i386 client aligns them to 4. For the same numbers on a kernel with other direction bits
 * (POWER), the macros of <sys/ioctl.h> are right as well.
 */
struct quad_4 {
	char bytes[12];
};

struct quad_8 {
	char bytes[16];
};

static const struct request requests[] = {
	/* First, because it is the one that clients ask in loops. */
	{ _IOWR('5', 4, struct quad_8), "PMIOREAD", LAYOUT_QUAD_8, true, true, false, handle_read },
	{ _IOWR('5', 4, struct quad_4), "PMIOREAD", LAYOUT_QUAD_4, true, true, false, handle_read },
	{ PMIOSETUP, "PMIOSETUP", LAYOUT_PMC, true, false, true, handle_setup },
	{ PMIOGET, "PMIOGET", LAYOUT_PMC, true, true, false, handle_get },
	{ PMIOSTART, "PMIOSTART", LAYOUT_INT, true, false, true, handle_start },
	{ PMIOSTOP, "PMIOSTOP", LAYOUT_INT, true, false, true, handle_stop },
	{ PMIORESET, "PMIORESET", LAYOUT_INT, true, false, true, handle_reset },
	{ _IOR('5', 6, struct quad_8), "PMIOTSTAMP", LAYOUT_QUAD_8, false, true, false,
	  handle_tstamp },
	{ _IOR('5', 6, struct quad_4), "PMIOTSTAMP", LAYOUT_QUAD_4, false, true, false,
	  handle_tstamp },
	{ PMIOEVENT, "PMIOEVENT", LAYOUT_EVENT, true, true, false, handle_event },
	{ PMIOTRANSLATE, "PMIOTRANSLATE", LAYOUT_EVENT, true, true, false, handle_translate },
	{ PMIOEBB, "PMIOEBB", LAYOUT_EBB, true, true, false, handle_ebb },
	{ PMIOSNAP, "PMIOSNAP", LAYOUT_SNAP, false, true, false, handle_snap },
	{ PMIODIRECT, "PMIODIRECT", LAYOUT_DIRECT, true, true, true, handle_direct },
	{ PMIOHOLDER, "PMIOHOLDER", LAYOUT_HOLDER, false, true, false, handle_holder },
};

_Static_assert(PMIOREAD == _IOWR('5', 4, struct quad_8) || PMIOREAD == _IOWR('5', 4, struct quad_4),
	       "the native struct pmc_data has one of the two layouts");
_Static_assert(PMIOTSTAMP == _IOR('5', 6, struct quad_8) ||
		       PMIOTSTAMP == _IOR('5', 6, struct quad_4),
	       "the native struct pmc_tstamp has one of the two layouts");

const struct request *request_find(uint32_t number)
{
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (requests[i].number == number)
			return &requests[i];
	return NULL;
}

size_t request_size(const struct request *request)
{
	static const size_t sizes[] = {
		[LAYOUT_INT] = 4,
		[LAYOUT_PMC] = 8,
		[LAYOUT_QUAD_4] = 12,
		[LAYOUT_QUAD_8] = 16,
		[LAYOUT_EVENT] = sizeof(struct perfmon_event),
		[LAYOUT_EBB] = sizeof(struct perfmon_ebb),
		[LAYOUT_SNAP] = sizeof(struct perfmon_snap),
		[LAYOUT_DIRECT] = sizeof(struct perfmon_direct),
		[LAYOUT_HOLDER] = sizeof(struct perfmon_holder),
	};

	return sizes[request->layout];
}

static size_t quad_offset(enum layout layout)
{
	return layout == LAYOUT_QUAD_4 ? 4 : 8;
}

void request_decode(const struct request *request, const void *bytes, struct argument *ret_argument)
{
	const uint8_t *byte = bytes;

	ret_argument->number = 0;
	ret_argument->select = 0;
	ret_argument->value = 0;
	ret_argument->event = NULL;
	if (!request->takes)
		return;
	if (request->layout == LAYOUT_EBB) {
		memcpy(&ret_argument->ebb, bytes, sizeof ret_argument->ebb);
		return;
	}
	memcpy(&ret_argument->number, byte, sizeof ret_argument->number);
	/* By the byte: pmc_val lies as on a little-endian machine, whatever this one is. */
	if (request->layout == LAYOUT_PMC)
		ret_argument->select = byte[4] | (uint32_t)byte[5] << 8 | (uint32_t)byte[6] << 16 |
				       (uint32_t)byte[7] << 24;
	if (request->layout == LAYOUT_EVENT)
		memcpy(&ret_argument->select, byte + offsetof(struct perfmon_event, pme_val),
		       sizeof ret_argument->select);
}

_Static_assert(NPMC == sizeof((struct perfmon_snap){ 0 }.pms_counter) /
			       sizeof(struct perfmon_snap_counter),
	       "a snap has every counter");
_Static_assert((int)EVENT_CLASS_EXACT == PME_EXACT && (int)EVENT_CLASS_NATIVE == PME_NATIVE &&
		       (int)FIDELITY_LOW == PME_LOW && (int)FIDELITY_HIGH == PME_HIGH &&
		       EVENT_TERMS == PME_TERMS,
	       "the numbers of the event room are those that clients see");

static void encode_event(int32_t number, const struct event *event, void *bytes)
{
	struct perfmon_event reply = {
		.pme_num = number,
		.pme_val = event->select,
		.pme_class = event->class,
		.pme_fidelity = event->fidelity,
		.pme_counter = event->counter,
		.pme_terms = event->terms,
	};

	for (unsigned i = 0; i < event->terms; i++) {
		reply.pme_term[i].pmet_type = event->term[i].type;
		reply.pme_term[i].pmet_config = event->term[i].config;
	}
	snprintf(reply.pme_name, sizeof reply.pme_name, "%s", event->name ? event->name : "");
	snprintf(reply.pme_counted, sizeof reply.pme_counted, "%s", event->counted);
	snprintf(reply.pme_note, sizeof reply.pme_note, "%s", event->note);
	memcpy(bytes, &reply, sizeof reply);
}

void request_encode(const struct request *request, const struct argument *argument, void *bytes)
{
	uint8_t *byte = bytes;

	if (request->layout == LAYOUT_EVENT) {
		encode_event(argument->number, argument->event, bytes);
		return;
	}
	if (request->layout == LAYOUT_EBB) {
		memcpy(bytes, &argument->ebb, sizeof argument->ebb);
		return;
	}
	if (request->layout == LAYOUT_SNAP) {
		memcpy(bytes, &argument->snap, sizeof argument->snap);
		return;
	}
	memcpy(byte, &argument->number, sizeof argument->number);
	if (request->layout == LAYOUT_PMC) {
		for (unsigned i = 0; i < 4; i++)
			byte[4 + i] = (uint8_t)(argument->select >> (8 * i));
		return;
	}
	if (request->layout == LAYOUT_HOLDER)
		memcpy(byte + 4, &argument->select, sizeof argument->select);
	if (request->layout == LAYOUT_INT || request->layout == LAYOUT_HOLDER)
		return;
	if (quad_offset(request->layout) == 8)
		memset(byte + 4, 0, 4);
	memcpy(byte + quad_offset(request->layout), &argument->value, sizeof argument->value);
}

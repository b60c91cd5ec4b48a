/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_REQUEST_H
#define PERFMOND_DEVICE_REQUEST_H

#include <perfmon/ext.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct event;

/* How an argument lies in memory. */
enum layout {
	LAYOUT_INT,    /* int */
	LAYOUT_PMC,    /* struct pmc: int, four bytes */
	LAYOUT_QUAD_4, /* int, 64 bits aligned to 4: struct pmc_data and pmc_tstamp of i386 */
	LAYOUT_QUAD_8, /* int, 64 bits aligned to 8: the same on other machines */
	LAYOUT_EVENT,  /* struct perfmon_event */
	LAYOUT_EBB,    /* struct perfmon_ebb */
	LAYOUT_SNAP,   /* struct perfmon_snap */
	LAYOUT_DIRECT, /* struct perfmon_direct */
	LAYOUT_HOLDER, /* struct perfmon_holder */
};

/* An argument out of its layout. */
struct argument {
	int32_t number;            /* of the counter; pmct_rate, pmh_thread */
	uint32_t select;           /* pmc_val, pme_val, pmh_user */
	uint64_t value;            /* pmcd_value, pmct_value, pmd_token */
	const struct event *event; /* LAYOUT_EVENT; valid while the request is served */
	union {
		struct perfmon_ebb ebb;   /* LAYOUT_EBB */
		struct perfmon_snap snap; /* LAYOUT_SNAP */
	};
};

struct request {
	uint32_t number; /* with direction and size in it, ioctl(2) */
	const char *name;
	enum layout layout;
	bool takes;  /* the argument is copied in */
	bool gives;  /* the argument is copied out */
	bool writes; /* the open file must have been opened for writing */
	int (*handle)(struct device *device, struct argument *argument);
};

/* The request of a number, or NULL. */
const struct request *request_find(uint32_t number);

size_t request_size(const struct request *request);

/*
 * Takes an argument of request_size() bytes apart; for a request that takes none, bytes are not
 * looked at. The fields that the layout does not have are 0, but for the union, which is large: of
 * that, only what the request takes is written.
 */
void request_decode(const struct request *request, const void *bytes,
		    struct argument *ret_argument);

/* Puts it together again, with padding bytes 0. */
void request_encode(const struct request *request, const struct argument *argument, void *bytes);

#endif

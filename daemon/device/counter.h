/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_COUNTER_H
#define PERFMOND_DEVICE_COUNTER_H

#include <stdint.h>

#include "device/device.h"

/*
 * The verbs of the original driver, each for a counter of a given number. Errors common to all:
 * -EINVAL for a number outside 0..NPMC-1; but for setup, -EBUSY for a counter that is not set up.
 * On failure nothing has changed, unless said otherwise.
 */

/*
 * Configures a counter by pmc_val, stops it and makes its value 0. PMCF_SYS_FLAGS are cleared
 * without a word. Errors: as event_resolve() and the backend have them.
 */
int counter_setup(struct device *device, int number, uint32_t select);

/* pmc_val as it was set up, with PMCF_EN while the counter runs. */
int counter_get(struct device *device, int number, uint32_t *ret_select);

/* What it was set up to count, until it is set up again or released. */
int counter_event(struct device *device, int number, const struct event **ret_event);

/*
 * Counts on from the value of the latest stop. A counter that runs goes back to that value.
 * Errors: -EIO where that value was lost, and as the backend has them.
 */
int counter_start(struct device *device, int number);

/*
 * Stops and keeps the value. On failure the counter is stopped and its value is lost: read and
 * start answer -EIO until it is set up or reset.
 */
int counter_stop(struct device *device, int number);

/* The value, 40 bits. No access to hardware while the counter is stopped. */
int counter_read(struct device *device, int number, uint64_t *ret_value);

/* Makes the value 0; a counter that runs goes on from there. */
int counter_reset(struct device *device, int number);

/* Stops a counter that is set up and gives it back to the machine. */
void counter_release(struct device *device, int number);

#endif

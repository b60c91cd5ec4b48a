/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_DIRECT_H
#define PERFMOND_DEVICE_DIRECT_H

#include <stdint.h>

#include "device/device.h"

/*
 * Counters that their owner reads past perfmond: from perf events of his own thread, and a page
 * that says how the value follows from them.
 */

/* PMIODIRECT, with its errors. A counter that runs goes on. */
int direct_offer(struct device *device, int number, uint64_t *ret_token);

/* Writes the page of a counter, if it has one, after its state or value has changed. */
void direct_publish(struct device *device, int number);

/* Takes the page away, if there is one: from here on its reader asks the device. */
void direct_withdraw(struct device *device, int number);

#endif

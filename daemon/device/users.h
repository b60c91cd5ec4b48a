/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_USERS_H
#define PERFMOND_DEVICE_USERS_H

#include "device/device.h"

/* Who has the device open how often, so that no user takes what the others need. */

/* Errors: -EMFILE, logged, where the user has max_opens; -ENOMEM. */
int users_add(struct device *device, uint32_t user);

void users_remove(struct device *device, uint32_t user);

void users_free(struct device *device);

#endif

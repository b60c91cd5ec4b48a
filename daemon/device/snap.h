/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_SNAP_H
#define PERFMOND_DEVICE_SNAP_H

#include <perfmon/ext.h>

#include "device/device.h"

/* PMIOSNAP: every counter, each with its own error, between two readings of the time stamp. */
void snap_take(struct device *device, struct perfmon_snap *ret_snap);

#endif

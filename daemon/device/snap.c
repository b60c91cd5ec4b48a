/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/snap.h"

#include "device/counter.h"

static void take_counter(struct device *device, int number,
			 struct perfmon_snap_counter *ret_counter)
{
	struct perfmon_snap_counter counter = { 0 };
	int result = counter_get(device, number, &counter.pmsc_val);

	if (result == 0)
		result = counter_read(device, number, &counter.pmsc_value);
	counter.pmsc_error = -result;
	*ret_counter = counter;
}

void snap_take(struct device *device, struct perfmon_snap *ret_snap)
{
	struct perfmon_snap snap = { 0 };
	uint64_t end = 0;
	bool stamped = device->stamp->read(device->stamp, &snap.pms_rate, &snap.pms_stamp) == 0;

	for (int i = 0; i < NPMC; i++)
		take_counter(device, i, &snap.pms_counter[i]);
	if (stamped && device->stamp->read(device->stamp, &snap.pms_rate, &end) == 0)
		snap.pms_lasted = end - snap.pms_stamp;
	*ret_snap = snap;
}

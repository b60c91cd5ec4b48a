/* SPDX-License-Identifier: BSD-2-Clause */

/* Processors of which nobody has tried either way. */

#include <errno.h>

#include "internal.h"

int ebb_machine_prepare(void)
{
	return -ENOSYS;
}

int ebb_machine_check(struct perf_event_attr *attr, uint64_t period)
{
	(void)attr;
	(void)period;
	return 0;
}

void ebb_machine_complete(const struct ebb_event *event, struct perf_event_attr *attr)
{
	(void)event;
	(void)attr;
}

int ebb_machine_open_otherwise(const struct ebb_event *event, struct perf_event_attr *attr,
			       int group)
{
	(void)event;
	(void)attr;
	(void)group;
	return -1;
}

void ebb_machine_start(struct ebb_event *leader)
{
	(void)leader;
}

void ebb_machine_set_handler(int save)
{
	(void)save;
}

void ebb_machine_enable(void)
{
}

void ebb_machine_disable(void)
{
}

void ebb_machine_rearm(void)
{
}

int ebb_machine_trigger(struct ebb_event *event)
{
	(void)event;
	return 0;
}

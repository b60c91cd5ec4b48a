/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

static int refuse(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		return ebb_fail(error,
				"this machine has no such event: a virtual machine has hardware "
				"events only where its host lends it a PMU");
	case ENOSPC:
		return ebb_fail(error, "no breakpoint register is free: close others");
	case EMFILE:
	case ENFILE:
		return ebb_fail(error, "no descriptor is free: raise the limit (ulimit -n)");
	case EINVAL:
	case E2BIG:
		return ebb_fail(EINVAL, "the kernel takes no such event: see its code and PMC");
	default:
		return ebb_fail(error, strerrordesc_np(error));
	}
}

static uint64_t leader_token(const struct ebb_event *event)
{
	return event->leader != event && event->leader->connection >= 0 ? event->leader->data : 0;
}

/* perfmond could not join one to a group that this process opened itself. */
static bool may_ask(const struct ebb_event *event)
{
	return event->leader == event || event->leader->connection >= 0;
}

static int open_by_device(struct ebb_event *event, const struct perf_event_attr *attr)
{
	pid_t thread = event->thread == gettid() ? 0 : event->thread;
	struct perfmon_taken taken = { 0 };
	int result =
		ebb_device_offer(attr, event->period, leader_token(event), thread, &event->data);

	if (result == 0)
		result = ebb_device_take(event->data, &event->fd, &event->connection, &taken);
	return result;
}

int ebb_open(struct ebb_event *event, const struct perf_event_attr *attr)
{
	struct perf_event_attr complete = *attr;
	bool leads = event->leader == event;
	int group = leads ? -1 : event->leader->fd;

	if (!leads && event->leader->connection >= 0)
		return open_by_device(event, attr);
	complete.size = sizeof complete;
	complete.disabled = leads;
	complete.read_format = 0;
	event->data = ebb_slot_data(event);
	ebb_machine_complete(event, &complete);
	event->fd = (int)syscall(SYS_perf_event_open, &complete, event->thread, -1, group,
				 PERF_FLAG_FD_CLOEXEC);
	/* E2BIG: attributes that this kernel is too old for. */
	if (event->fd < 0 && (errno == EINVAL || errno == E2BIG))
		event->fd = ebb_machine_open_otherwise(event, &complete, group);
	if (event->fd >= 0)
		return 0;
	if ((errno == EACCES || errno == EPERM) && may_ask(event))
		return open_by_device(event, attr);
	return refuse(errno);
}

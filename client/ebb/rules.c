/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What POWER's kernel asks of an EBB event (arch/powerpc/perf/core-book3s.c, ebb_event_check),
 * asked everywhere: a program that works on another machine is not to fail there.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "internal.h"

static const char *broken_attribute(const struct perf_event_attr *attr)
{
	if (!(attr->config & EBB_CONFIG))
		return "the event does not ask for branches: set EBB_CONFIG in config (all events "
		       "of a "
		       "group agree on it)";
	if (attr->inherit)
		return "inherit is set: an EBB event is not inherited, open one for each thread";
	if (attr->freq)
		return "freq is set: an EBB event has a period, no frequency";
	if (attr->sample_period)
		return "sample_period is set: give the period as an argument";
	if (attr->sample_type)
		return "sample_type is set: an EBB event takes no samples";
	if (attr->enable_on_exec)
		return "enable_on_exec is set: no handler survives exec";
	return NULL;
}

static const char *broken_role(const struct perf_event_attr *attr, bool leads)
{
	if (leads && !(attr->pinned && attr->exclusive))
		return "a leader is pinned and exclusive: set both attributes";
	if (!leads && (attr->pinned || attr->exclusive))
		return "only the leader is pinned and exclusive: clear both attributes";
	return NULL;
}

static const char *broken_group(const struct ebb_event *leader, pid_t thread)
{
	if (!leader)
		return NULL;
	if (leader->leader != leader)
		return "the leader is itself a member of a group";
	if (leader->enabled)
		return "the leader is enabled: open its members before";
	if (leader->thread != thread)
		return "the leader is on another thread: a group is on one";
	return NULL;
}

static int verdict(const char *broken)
{
	return broken ? ebb_fail(EINVAL, broken) : 0;
}

#define ATTR_SIZE_MAX 4096

/* Of another size than here where the program was built with another kernel's header. */
int ebb_copy_attr(const struct perf_event_attr *attr, struct perf_event_attr *ret_attr)
{
	size_t size = attr->size ? attr->size : sizeof *attr;
	const char *bytes = (const char *)attr;

	if (size < PERF_ATTR_SIZE_VER0)
		return ebb_fail(EINVAL, "size is not that of struct perf_event_attr");
	/* A page, as the kernel's (perf_copy_attr): nobody's structure is larger. */
	if (size > ATTR_SIZE_MAX)
		return ebb_fail(E2BIG, "size is not that of struct perf_event_attr");
	for (size_t i = sizeof *attr; i < size; i++)
		if (bytes[i])
			return ebb_fail(E2BIG, "attributes are set that this library is too old "
					       "for");
	memset(ret_attr, 0, sizeof *ret_attr);
	memcpy(ret_attr, attr, size < sizeof *attr ? size : sizeof *attr);
	ret_attr->size = sizeof *ret_attr;
	return 0;
}

int ebb_check_rules(const struct perf_event_attr *attr, uint64_t period)
{
	const char *broken = broken_attribute(attr);

	if (!broken && (period < 1 || period > EBB_PERIOD_MAX))
		broken = "the period is not in 1 to EBB_PERIOD_MAX (0x7fffffff)";
	return verdict(broken);
}

int ebb_check_role(const struct perf_event_attr *attr, bool leads)
{
	return verdict(broken_role(attr, leads));
}

int ebb_check_group(const struct perf_event_attr *attr, const struct ebb_event *leader,
		    pid_t thread)
{
	const char *broken = broken_role(attr, !leader);

	if (!broken && thread < 0)
		broken = "not attached to a thread: give a thread id, or 0 for the caller";
	if (!broken)
		broken = broken_group(leader, thread);
	return verdict(broken);
}

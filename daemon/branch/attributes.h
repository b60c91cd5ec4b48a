/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BRANCH_ATTRIBUTES_H
#define PERFMOND_BRANCH_ATTRIBUTES_H

#include <linux/perf_event.h>
#include <perfmon/ext.h>

/*
 * The attributes of an event that branches, for a client that may know no more than its own thread:
 * user mode, no other thread of the core, no tracepoint, no address of the kernel or of perfmond.
 * The rules of a group are the kernel's: a leader is pinned and exclusive, a member neither (Linux,
 * Documentation/powerpc/pmu-ebb.rst).
 * Errors: -EINVAL, -EOPNOTSUPP as PMIOEBB has them.
 */
int branch_attributes(const struct perfmon_ebb *request, struct perf_event_attr *ret_attr);

#endif

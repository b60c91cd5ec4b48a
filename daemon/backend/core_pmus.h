/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_CORE_PMUS_H
#define PERFMOND_BACKEND_CORE_PMUS_H

#include <stddef.h>
#include <stdint.h>

#include "backend/cpulist.h"

/*
 * The PMUs of the kinds of core that a hybrid machine has, from sysfs: Intel's cpu_core and
 * cpu_atom, Arm's one per kind of core. Each lists its CPUs in the file cpus and has its attr.type
 * in the file type (Linux, sysfs-bus-event_source-devices).
 */
struct core_pmu {
	uint32_t type;
	struct cpulist cpus;
};

struct core_pmus {
	struct core_pmu *pmu;
	size_t count; /* 0 where all cores are alike */
};

/*
 * Reads them from a directory of sysfs, "/sys/bus/event_source/devices". A directory that is not
 * there, or has one kind of core or none, gives none. Errors, logged: -EINVAL where a file is
 * malformed, -ENOMEM, others as open(2) and readdir(3) have them.
 */
int core_pmus_read(const char *directory, struct core_pmus *ret_pmus);

void core_pmus_free(struct core_pmus *pmus);

/* The one that counts on a CPU, or NULL. */
const struct core_pmu *core_pmus_of(const struct core_pmus *pmus, unsigned cpu);

#endif

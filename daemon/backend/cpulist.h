/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_CPULIST_H
#define PERFMOND_BACKEND_CPULIST_H

#include <stdbool.h>
#include <stddef.h>

/* The numbers of some CPUs, ascending. */
struct cpulist {
	unsigned *cpu;
	size_t count;
};

/*
 * Parses the kernel's list format, "0-3,5\n" (Linux, admin-guide/cputopology). The caller frees
 * list->cpu. Errors: -EINVAL for anything else and for an empty list, -ENOMEM.
 */
int cpulist_parse(const char *text, struct cpulist *ret_list);

/*
 * The CPUs that are online, /sys/devices/system/cpu/online. Errors, logged: -EMFILE, -ENFILE,
 * -ENOMEM, and -EIO where it cannot be read or is no such list.
 */
int cpulist_online(struct cpulist *ret_list);

bool cpulist_has(const struct cpulist *list, unsigned cpu);

#endif

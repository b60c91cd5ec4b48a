/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DIRECT_EVENT_H
#define PERFMON_DIRECT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* An event by read(2). False where it is pinned and has lost the PMU: it reads end of file. */
bool event_read(int fd, uint64_t *ret_count);

#endif

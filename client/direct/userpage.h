/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DIRECT_USERPAGE_H
#define PERFMON_DIRECT_USERPAGE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An event of the calling thread, by the page that mmap(2) of its descriptor gives (Linux,
 * include/uapi/linux/perf_event.h, struct perf_event_mmap_page). False where the event is not on
 * the PMU, or programs may not read that: read(2) knows. In another thread it would lie.
 */
bool userpage_read(const volatile struct perf_event_mmap_page *page, uint64_t *ret_count);

/*
 * One of this CPU's counters, as wide as it is: RDPMC with this operand on x86 (SDM volume 2B);
 * PMEVCNTR<n>_EL0 on arm64, of 31 PMCCNTR_EL0 (Arm ARM, D7). Where programs may not read it, the
 * instruction ends them.
 */
uint64_t user_counter(uint32_t number);

#endif

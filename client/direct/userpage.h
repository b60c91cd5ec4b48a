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
 * Whether the page that was just mapped gives what read(2) of the event gives. Where the event is
 * on the PMU then, and was read since it came there, the kernel subtracts from the page's offset
 * what it read without its sign, and the page is off by the range of the counter until the kernel
 * sets that anew (Linux, kernel/events/core.c, perf_event_update_userpage(), and
 * drivers/perf/arm_pmu.c, armpmu_event_update()). Of 32 bits on arm64 that is to be seen in a value
 * of 40. True where the page gives nothing: what it gives later has been set anew.
 */
bool userpage_agrees(const volatile struct perf_event_mmap_page *page, int fd);

/*
 * One of this CPU's counters, as wide as it is: RDPMC with this operand on x86 (SDM volume 2B);
 * PMEVCNTR<n>_EL0 on arm64, of 31 PMCCNTR_EL0 (Arm ARM, D7). Where programs may not read it, the
 * instruction ends them. False on a processor whose instruction is not known here.
 */
bool user_counter(uint32_t number, uint64_t *ret_value);

#endif

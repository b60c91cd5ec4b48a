/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DIRECT_H
#define PERFMON_DIRECT_H

/*
 * Reads a counter of /dev/perfmon past perfmond where that can be: the value that PMIOREAD would
 * give, for the cost of read(2) on a perf event, or of one instruction; else through the device.
 * See libperfmon(3), READING PAST PERFMOND. Link with -lperfmon.
 *
 * Sources: perf_event_open(2); Linux, include/uapi/linux/perf_event.h, struct perf_event_mmap_page.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct perfmon_reader;

/* How a value was read. */
#define PERFMON_BY_DEVICE  0 /* PMIOREAD */
#define PERFMON_BY_KEPT    1 /* the counter is stopped, and its value lies in memory */
#define PERFMON_BY_EVENT   2 /* read(2) of its perf events */
#define PERFMON_BY_COUNTER 3 /* from the CPU's counter: RDPMC, or arm64's PMEVCNTR */

/*
 * Makes a reader of a counter. device: a descriptor of the node, which stays the caller's; counter:
 * 0 or 1, which is set up. Where perfmond gives the caller its events (--scope opener, by the
 * thread that set the counter up and is its process's only one), the counter counts this thread
 * alone from here on, and not what it starts; also where it cannot take them then. Gives 0 or a
 * negative errno: -ENOMEM, and as PMIOREAD: -EINVAL no such counter, -EBUSY not set up, -EIO the
 * count is lost, -EBADF, -ENOTTY.
 */
int perfmon_reader_open(int device, int counter, struct perfmon_reader **ret_reader);

/*
 * Any thread of the process, and a forked child, may read; the counter is still that of the thread
 * that made the reader. After PMIOSETUP of the counter or close(2) of the device, it is read
 * through the device. Errors: as PMIOREAD.
 */
int perfmon_reader_read(struct perfmon_reader *reader, uint64_t *ret_value);

/* PERFMON_BY_DEVICE to PERFMON_BY_COUNTER, of the latest value. */
int perfmon_reader_way(const struct perfmon_reader *reader);

/* Why it reads through the device from the beginning, in words; "" where it does not. */
const char *perfmon_reader_why(const struct perfmon_reader *reader);

/* Frees it; the counter stays as it is. */
void perfmon_reader_close(struct perfmon_reader *reader);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

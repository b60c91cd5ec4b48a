/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_INTERRUPTS_H
#define PERFMOND_BACKEND_INTERRUPTS_H

#include <stdint.h>

/*
 * The kernel's total of interrupts served since boot, on all CPUs, of all kinds: the first figure
 * of the line "intr" of /proc/stat, proc(5).
 */

/* Opens /proc/stat and tries it. Returns a descriptor, or a negative errno with its cause logged.
 */
int interrupts_open(void);

/* Errors: -EIO where the line is not there, others as read(2). */
int interrupts_read(int fd, uint64_t *ret_total);

#endif

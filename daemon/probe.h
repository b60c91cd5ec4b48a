/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PROBE_H
#define PERFMOND_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What --check asks the kernel, changing nothing: no module is loaded by any of these.
 */

/* Whether this process has a capability in effect: CAP_... of linux/capability.h. */
bool probe_capability(unsigned capability);

/* The first line of a file, without its end, cut at size - 1; "" where it cannot be read. */
void probe_setting(const char *path, char *text, size_t size);

/*
 * How far the kernel is locked down: "none", "integrity" or "confidentiality", kernel_lockdown(7).
 * "none" where securityfs is not there to tell.
 */
const char *probe_lockdown(void);

/* Whether a driver has a miscellaneous device of this name at the moment, /proc/misc. */
bool probe_misc_device(const char *name);

/*
 * Whether the kernel has the module built in, or modprobe(8) would find and may load it. A name
 * that the module's file has: "cuse", "msr".
 */
bool probe_module(const char *name);

/*
 * The process that has a file or directory locked exclusively (flock(2)), by /proc/locks, or 0.
 * Takes no lock itself: a start at the same moment would fail for it. A process of another PID
 * namespace is not seen. likely: a process that is believed where the file system, as btrfs, shows
 * another device in /proc/locks than in stat(2); 0: none.
 */
long probe_lock_holder(const char *path, long likely);

/* CPUID leaf 1, ECX bit 31: a hypervisor says that it is there. False on other processors. */
bool probe_hypervisor(void);

#endif

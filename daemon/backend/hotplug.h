/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_HOTPLUG_H
#define PERFMOND_BACKEND_HOTPLUG_H

/*
 * Whether a CPU went offline or came online, told by the kernel's uevents (netlink(7),
 * NETLINK_KOBJECT_UEVENT) through SIGIO: asking costs no system call while nothing happened.
 */
struct hotplug {
	int socket; /* -1: uevents cannot be had */
	unsigned long generation;
};

/* Begins to listen; one at a time in a process. Never fails: see hotplug_generation(). */
void hotplug_open(struct hotplug *hotplug);

void hotplug_close(struct hotplug *hotplug);

/*
 * A number that differs from that of an earlier call where a CPU went or came since. Where uevents
 * cannot be had it always differs.
 */
unsigned long hotplug_generation(struct hotplug *hotplug);

#endif

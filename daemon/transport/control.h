/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_CONTROL_H
#define PERFMOND_TRANSPORT_CONTROL_H

#include <stdbool.h>

/* The kernel's end of a transport: a device that is opened to serve another. */
struct control {
	const char *name;   /* of the transport, of the kernel's device and of its module */
	const char *path;   /* the node to open */
	bool made;          /* perfmond makes that node where it is missing */
	const char *absent; /* what to do where the kernel has no such thing */
};

struct control_state {
	char reason[256];
	const char *remedy; /* NULL where there is nothing to do */
};

/*
 * Tells whether the device can be had, loading no module: one that is not loaded is looked for
 * among the modules of the kernel. One that is there is opened and closed, which makes no node.
 * Returns 0, or -ENODEV where the kernel has none, or there is no node and none can be made, or as
 * open(2); the state is set in any case.
 */
int control_look(const struct control *control, struct control_state *ret_state);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_H
#define PERFMOND_TRANSPORT_H

#include <sys/types.h>

/*
 * How a request arrives: a transport makes the node /dev/NAME, and turns each kernel request on it
 * into one call of the device. It decides nothing.
 */
struct device;
struct report;
struct rights;
struct transport;

/* The node as its users see it. The kernel enforces the rights. */
struct node {
	const char *name; /* without "/dev/" */
	uid_t owner;
	gid_t group;
	mode_t mode; /* permission bits */
};

struct transport_operations {
	const char *name;

	/*
	 * Makes the node; on return it is there with its rights, and requests wait on it. device
	 * must live until close. Errors, logged: -ENODEV where the kernel lacks what the transport
	 * needs, -EEXIST where the name is taken, others as the system has them.
	 */
	int (*open)(const struct node *node, struct device *device,
		    struct transport **ret_transport);

	/* Lets go of the node: who has it open gets an error from here on. */
	void (*close)(struct transport *transport);

	/* Takes away what is left of the node then, or after the daemon was killed. */
	void (*remove)(const struct node *node);

	/* Adds what remove() takes. */
	void (*add_remover_rights)(struct rights *rights);

	/*
	 * Adds the finding whether open() would have what it needs of the machine, the name apart.
	 * Makes no node, mounts nothing and loads no module. Returns 0 or the error of open().
	 */
	int (*check)(struct report *report);
};

/* In the order in which `auto` tries them. */
extern const struct transport_operations cuse_transport;
extern const struct transport_operations fuse_transport;

/*
 * From here on SIGTERM, SIGINT and SIGHUP end transport_run(), at once or when it is called.
 */
void transport_catch_signals(void);

/*
 * Serves requests, one at a time, each with one read(2) and one write of the reply, until a signal
 * ends it. While several processes ask, they take turns, however many threads each has. Returns 0
 * then, and -ENODEV where somebody took the node away.
 */
int transport_run(struct transport *transport);

/* What was opened. */
const struct transport_operations *transport_operations_of(const struct transport *transport);

/* Adds what transport_run() and transport_close() take. */
void transport_add_rights(struct rights *rights);

void transport_close(struct transport *transport);

#endif

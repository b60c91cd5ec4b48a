/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_NODE_H
#define PERFMOND_TRANSPORT_NODE_H

#include <stddef.h>

#include "transport/transport.h"

#define NODE_PATH_MAX 128

/* The longest name of which "/dev/NAME.socket" is an address, unix(7). */
#define NODE_NAME_MAX 95

/* "/dev/NAME". */
void node_path(const struct node *node, char path[NODE_PATH_MAX]);

enum node_state {
	NODE_FREE,
	NODE_LEFT_OVER, /* a killed perfmond's, which node_clear() takes away */
	NODE_FUSE,      /* a FUSE mount whose server lives, or a mount whose server is silent */
	NODE_CUSE,      /* a CUSE device has the name */
	NODE_OTHER,     /* nothing of perfmond's */
	NODE_UNKNOWN,   /* a mount, and nobody can be sent to ask its server; logged */
};

/*
 * What stands at the path, asking no server of a mount but whether it lives. A worker asks, for
 * some WORKER_PATIENCE; where the server is silent it stays until that answers.
 */
enum node_state node_look(const struct node *node);

/*
 * Sees to it that nothing stands at the path: detaches a dead FUSE mount and removes the empty
 * plain file that a killed perfmond left. It asks as node_look() does. Errors, logged: -EEXIST
 * where something else is there, or nobody can ask; others as umount(2) and statx(2).
 */
int node_clear(const char *path);

/*
 * Detaches the mount that stands at the path, if there is one, asking its server nothing: for the
 * daemon's own, when it has ended or is about to.
 */
void node_detach(const char *path);

/* Makes the empty plain file that a FUSE mount covers. Errors, logged: as open(2). */
int node_make_plain(const char *path);

/* Removes that plain file, if it is there. */
void node_remove_plain(const char *path);

/*
 * Checks that the path is the character device that the kernel made for `name` (class cuse), and
 * gives it owner, group and mode. Errors, logged: -EEXIST where it is another's, -ENOENT where no
 * node appeared, others as chown(2) and chmod(2).
 */
int node_claim_cuse(const struct node *node, const char *path);

#endif

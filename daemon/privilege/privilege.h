/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PRIVILEGE_H
#define PERFMOND_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rights.h"

/* The user that perfmond becomes when the node is up. */
struct privilege_user {
	const char *name;
	uid_t user;
	gid_t group;
	bool known; /* by the user database, which has its other groups */
};

/*
 * Finds a user by name or number. Returns 0, -ENOENT where there is none, or another negative errno
 * where the user database cannot be asked, getpwnam(3); with nothing logged: name and remedy are
 * for the caller to say.
 */
int privilege_find(const char *name, struct privilege_user *ret_user);

/* The same of a group, by name. */
int privilege_find_group(const char *name, gid_t *ret_group);

/* What to do where the user is not there. */
#define PRIVILEGE_REMEDY                                                                          \
	"make it (useradd --system --no-create-home --shell /usr/sbin/nologin perfmond), choose " \
	"another (--user), or keep all of root's rights (--user root)"

/*
 * Makes the process that user's, with the capabilities, system calls and paths of the rights and
 * nothing else: no capability in the bounding, inheritable or ambient set, no_new_privs, no core
 * dump, and no memory that another process of the user may read. Takes root, and a process of one
 * thread; for good. ret_text: what was done, for the log. Errors, logged: as the system calls; the
 * process is then to end.
 */
int privilege_confine(const struct privilege_user *user, const struct rights *rights,
		      char *ret_text, size_t size);

/* The same without another user or path: for a process that stays root's. */
int privilege_confine_root(const struct rights *rights);

#endif

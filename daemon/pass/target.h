/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_TARGET_H
#define PERFMOND_PASS_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define IDS 4 /* real, effective, saved, file system */

/* A thread that an event is attached to, from /proc/THREAD, proc(5). */
struct target {
	bool is_own;   /* of the process that asks */
	int directory; /* /proc/THREAD, which stays this thread's: its id may become another's */
	pid_t thread;
	pid_t process;
	uid_t user[IDS];
	gid_t group[IDS];
	uint64_t effective; /* capabilities(7), as those that it may have: */
	uint64_t permitted;
	bool shielded;     /* it is not to be dumped, prctl(2) PR_SET_DUMPABLE */
	bool other_naming; /* it is in a pid namespace below perfmond's, and knows other ids */
};

/*
 * The thread that a caller means by an id, or by 0 itself: one of its own process, or of another
 * that it might trace, ptrace(2): of its user and group in all ids, which can be dumped and has no
 * capability; where the caller is root, none beyond its own. User namespaces and security modules
 * are not asked. To be closed by target_close().
 * caller: its thread; user: its file system user id, as the kernel passed it with the request.
 * others: whether other processes are looked at.
 * Errors: -ESRCH no such thread, or the caller's process ids are not perfmond's and it named one;
 * -EPERM it might not trace it; -EAGAIN another process's, and others is false, or its /proc hangs;
 * -EIO proc(5) is not as it should be; others as openat(2).
 */
int target_choose(pid_t caller, uid_t user, pid_t named, bool others, struct target *ret_target);

/*
 * Whether the caller would still choose the same, so that the id was this thread's all the time.
 * Errors: as target_choose().
 */
int target_check(const struct target *target, pid_t caller, uid_t user);

void target_close(const struct target *target);

#endif

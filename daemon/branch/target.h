/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BRANCH_TARGET_H
#define PERFMOND_BRANCH_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

/* A thread that an event is attached to, from /proc/THREAD/status, proc(5). */
struct target {
	pid_t thread;
	pid_t process;
	uid_t user[4];     /* real, effective, saved, file system */
	bool other_naming; /* it is in a pid namespace below perfmond's, and knows other ids */
};

/* Errors: -ESRCH where there is no such thread, -EIO where the file is not as proc(5) has it. */
int target_find(pid_t thread, struct target *ret_target);

/*
 * The thread that a caller means by an id, or by 0 itself. Errors: -ESRCH none, or the caller's
 * process ids are not perfmond's and it named one; -EPERM it is another user's; -EIO.
 */
int target_choose(pid_t caller, uid_t user, pid_t named, struct target *ret_target);

#endif

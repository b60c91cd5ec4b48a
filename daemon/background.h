/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKGROUND_H
#define PERFMOND_BACKGROUND_H

/*
 * Going to the background without lying about it: the process that was started waits until the
 * daemon is ready, or has failed, and exits with its verdict.
 */

/*
 * Forks. Returns in the child alone, with a descriptor for background_ready(); the parent waits and
 * exits, 0 once that was called, else with the child's status. Errors, logged: as fork(2) and
 * pipe(2).
 */
int background_start(void);

/*
 * Leaves the directory and session of whoever started the daemon, when all the files that he named
 * are open.
 */
void background_detach(void);

/*
 * Lets the parent exit with 0, and leaves the terminal. Later lines of the log go to syslog(3).
 */
void background_ready(int fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PIDFILE_H
#define PERFMOND_PIDFILE_H

/* A file that holds the process id of the one process that has it locked (flock(2)). */
struct pidfile {
	char *path; /* NULL: none; else absolute, because the daemon leaves the directory of its
		       start */
	int fd;
};

/*
 * Makes and locks the file. Waits for one that a perfmond which has ended has locked still, while
 * what it left is cleaned up. Errors, logged: -EBUSY where a process has it locked, others as
 * open(2), write(2) and realpath(3).
 */
int pidfile_open(const char *path, struct pidfile *ret_pidfile);

/* The process that has the file locked, or 0: probe_lock_holder(). */
long pidfile_holder(const char *path);

/* Removes the file, which stays locked. */
void pidfile_remove(const struct pidfile *pidfile);

/* Lets go of the file. */
void pidfile_close(struct pidfile *pidfile);

#endif

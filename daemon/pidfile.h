/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PIDFILE_H
#define PERFMOND_PIDFILE_H

/* A file that holds the process id of the one process that has it locked (flock(2)). */
struct pidfile {
	const char *path; /* NULL: none */
	int fd;
};

/*
 * Makes and locks the file; path must live as long as the struct. Errors, logged: -EBUSY where a
 * process that lives has it, others as open(2) and write(2).
 */
int pidfile_open(const char *path, struct pidfile *ret_pidfile);

/* Removes the file. */
void pidfile_close(struct pidfile *pidfile);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_THREADS_H
#define PERFMOND_BACKEND_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The threads of a process, by kernel thread id, ascending. */
struct threads {
	pid_t *thread;
	size_t count;
};

/*
 * The threads of the process that has the given thread. The caller frees threads->thread.
 * Errors: -ESRCH where there is no such thread, -ENOMEM, others as opendir(3) and readdir(3)
 * have them.
 */
int threads_list(pid_t thread, struct threads *ret_threads);

bool threads_equal(const struct threads *one, const struct threads *other);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/threads.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *one, const void *other)
{
	pid_t a = *(const pid_t *)one;
	pid_t b = *(const pid_t *)other;

	return (a > b) - (a < b);
}

static int add(struct threads *threads, const char *name)
{
	pid_t *grown = reallocarray(threads->thread, threads->count + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	threads->thread = grown;
	threads->thread[threads->count++] = (pid_t)strtol(name, NULL, 10);
	return 0;
}

/* The kernel finds /proc/THREAD for every thread, although it lists processes alone, proc(5). */
int threads_list(pid_t thread, struct threads *ret_threads)
{
	struct threads threads = { 0 };
	const struct dirent *entry;
	char path[40];
	DIR *stream;
	int result = 0;

	snprintf(path, sizeof path, "/proc/%ld/task", (long)thread);
	stream = opendir(path);
	if (!stream)
		return errno == ENOENT ? -ESRCH : -errno;
	for (errno = 0; result == 0 && (entry = readdir(stream)); errno = 0)
		if (entry->d_name[0] != '.')
			result = add(&threads, entry->d_name);
	if (result == 0)
		result = -errno;
	closedir(stream);
	if (result == 0 && threads.count == 0)
		result = -ESRCH;
	if (result != 0) {
		free(threads.thread);
		return result;
	}
	qsort(threads.thread, threads.count, sizeof *threads.thread, compare);
	*ret_threads = threads;
	return 0;
}

bool threads_equal(const struct threads *one, const struct threads *other)
{
	return one->count == other->count &&
	       memcmp(one->thread, other->thread, one->count * sizeof *one->thread) == 0;
}

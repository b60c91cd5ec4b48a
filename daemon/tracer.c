/* SPDX-License-Identifier: BSD-2-Clause */
#include "tracer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Blanks and control characters in a name would make the line ambiguous, and so would none. */
static void set_name(const char *from, char *name, size_t size)
{
	size_t length = 0;

	while (*from && *from != '\n' && length < size - 1) {
		name[length++] = isgraph((unsigned char)*from) ? *from : '?';
		from++;
	}
	if (length == 0)
		name[length++] = '?';
	name[length] = '\0';
}

/* FUSE names the calling thread; its process is the line Tgid of /proc/TID/status, proc(5). */
static void process(int thread, int *ret_pid, char *ret_name, size_t size)
{
	char path[48];
	char line[128];
	FILE *file;

	*ret_pid = thread;
	snprintf(ret_name, size, "?");
	if (thread == 0)
		return;
	snprintf(path, sizeof path, "/proc/%d/status", thread);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "Name:\t", 6) == 0)
			set_name(line + 6, ret_name, size);
		if (sscanf(line, "Tgid: %d", ret_pid) == 1)
			break;
	}
	fclose(file);
}

static void write_line(struct trace *trace, const char *line, size_t length)
{
	output_line(&((struct tracer *)trace)->output, line, length);
}

int tracer_open(const char *path, struct tracer *ret_tracer)
{
	int fd = STDERR_FILENO;

	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			  0640);
	if (fd < 0) {
		int result = -errno;

		log_error("--trace=%s: %s", path,
			  errno == ENXIO ? "nobody reads this pipe" : strerror(errno));
		return result;
	}
	*ret_tracer = (struct tracer){
		.trace = { .nanoseconds = nanoseconds, .process = process, .write = write_line },
		.output = { .fd = fd },
	};
	return 0;
}

void tracer_close(struct tracer *tracer)
{
	output_finish(&tracer->output);
	if (tracer->output.fd != STDERR_FILENO)
		close(tracer->output.fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The process of a thread, or 0. */
static int process_of(int thread)
{
	char line[128];
	int process = 0;
	FILE *file;

	snprintf(line, sizeof line, "/proc/%d/status", thread);
	file = fopen(line, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	fclose(file);
	return process;
}

static void read_command(int process, char *ret_command, size_t size)
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/comm", process);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(ret_command, (int)size, file))
		ret_command[strcspn(ret_command, "\n")] = '\0';
	fclose(file);
}

void writer_find(const struct perfmon_holder *holder, struct perfmon_writer *ret_writer)
{
	struct perfmon_writer writer = { .user = holder->pmh_user };

	if (holder->pmh_thread > 0)
		writer.process = process_of(holder->pmh_thread);
	if (writer.process > 0)
		read_command(writer.process, writer.command, sizeof writer.command);
	*ret_writer = writer;
}

void writer_describe(const char *node, char *text, size_t size)
{
	struct perfmon_holder holder;
	struct perfmon_writer writer;
	int fd = open(node, O_RDONLY | O_CLOEXEC);

	*text = '\0';
	if (fd < 0)
		return;
	if (ioctl(fd, PMIOHOLDER, &holder) == 0) {
		writer_find(&holder, &writer);
		if (writer.process)
			snprintf(text, size, "process %d (%s) of user %u has it open for writing",
				 writer.process, writer.command, writer.user);
		else
			snprintf(text, size,
				 "a process of user %u, whose opener has ended or is not seen from "
				 "here, has it open for writing",
				 writer.user);
	}
	close(fd);
}

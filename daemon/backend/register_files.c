/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/cpulist.h"
#include "backend/registers.h"
#include "log.h"

struct register_files {
	struct registers registers;
	int *fd;
};

/* msr(4): 8 bytes at the offset that is the register's address. */
static int file_read(struct registers *registers, unsigned cpu, uint32_t address,
		     uint64_t *ret_value)
{
	struct register_files *files = (struct register_files *)registers;
	uint64_t value;
	ssize_t size = pread(files->fd[cpu], &value, sizeof value, address);

	if (size < 0)
		return -errno;
	if (size != sizeof value)
		return -EIO;
	*ret_value = value;
	return 0;
}

static int file_write(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value)
{
	struct register_files *files = (struct register_files *)registers;
	ssize_t size = pwrite(files->fd[cpu], &value, sizeof value, address);

	if (size < 0)
		return -errno;
	return size == sizeof value ? 0 : -EIO;
}

static void files_close(struct registers *registers)
{
	struct register_files *files = (struct register_files *)registers;

	for (unsigned cpu = 0; cpu < registers->cpus; cpu++)
		close(files->fd[cpu]);
	free(files->fd);
	free(files);
}

static const struct register_operations file_operations = {
	.read = file_read,
	.write = file_write,
	.close = files_close,
};

static int open_file(const char *directory, unsigned number)
{
	char path[4096];
	int fd;
	int result;

	snprintf(path, sizeof path, "%s/%u/msr", directory, number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	result = -errno;
	if (result == -ENOENT)
		log_error("%s: %s; load the module msr (modprobe msr)", path, strerror(errno));
	else
		log_error("%s: %s; opening it takes root with CAP_SYS_RAWIO", path,
			  strerror(errno));
	return result;
}

int register_files_open(const char *directory, const char *cpus, struct registers **ret_registers)
{
	struct cpulist list = { 0 };
	struct register_files *files = NULL;
	int result = cpulist_parse(cpus, &list);

	if (result < 0)
		return result;
	files = calloc(1, sizeof *files);
	if (files)
		files->fd = calloc(list.count, sizeof *files->fd);
	if (!files || !files->fd) {
		result = -ENOMEM;
		goto cleanup;
	}
	files->registers.operations = &file_operations;
	while (files->registers.cpus < list.count) {
		int fd = open_file(directory, list.cpu[files->registers.cpus]);

		if (fd < 0) {
			result = fd;
			goto cleanup;
		}
		files->fd[files->registers.cpus++] = fd;
	}
	*ret_registers = &files->registers;
	files = NULL;
cleanup:
	free(list.cpu);
	if (files)
		files_close(&files->registers);
	return result;
}

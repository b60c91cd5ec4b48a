/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend/cpulist.h"
#include "backend/registers.h"
#include "log.h"

struct register_files {
	struct registers registers;
	struct cpulist list;
	int *fd;
	int lock; /* -1: none, and the files are for reading */
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
	if (files->lock >= 0)
		close(files->lock);
	free(files->fd);
	free(files->list.cpu);
	free(files);
}

static int check_cpus(struct registers *registers)
{
	const struct register_files *files = (const struct register_files *)registers;
	struct cpulist online;
	int result = cpulist_online(&online);

	if (result < 0)
		return result;
	for (size_t i = 0; result == 0 && i < online.count; i++)
		if (!cpulist_has(&files->list, online.cpu[i])) {
			log_error("CPU %u came online after perfmond was started, and is not "
				  "counted: "
				  "start perfmond again",
				  online.cpu[i]);
			result = -ENXIO;
		}
	free(online.cpu);
	return result;
}

static const struct register_operations file_operations = {
	.read = file_read,
	.write = file_write,
	.close = files_close,
	.check_cpus = check_cpus,
};

int register_files_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	result = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return result;
}

const char *register_files_remedy(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
		return "load the module msr (modprobe msr)";
	case -ENXIO:
		return "the CPU is offline: bring it online (chcpu -e), or start perfmond again, "
		       "without it";
	case -EACCES:
	case -EPERM:
		return "start perfmond as root with CAP_SYS_RAWIO, outside containers";
	case -EMFILE:
		return "raise the limit of open files (ulimit -Hn, LimitNOFILE=): there is one "
		       "for each CPU";
	case -ENFILE:
		return "raise the system's limit of open files (sysctl fs.file-max)";
	default:
		return NULL;
	}
}

/* Who only looks has the error told in words of his own. */
static int open_file(const char *directory, unsigned number, bool write)
{
	const char *remedy;
	char path[4096];
	int fd;
	int result;

	snprintf(path, sizeof path, "%s/%u/msr", directory, number);
	fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	result = -errno;
	remedy = register_files_remedy(result);
	if (write)
		log_error("%s: %s%s%s", path, strerror(-result), remedy ? "; " : "",
			  remedy ? remedy : "");
	return result;
}

int register_files_open(const char *directory, const struct cpulist *list, int lock,
			struct registers **ret_registers)
{
	struct register_files *files = calloc(1, sizeof *files);
	int result = 0;

	if (!files)
		return -ENOMEM;
	files->lock = -1;
	files->registers.operations = &file_operations;
	files->registers.number = list->cpu;
	files->fd = calloc(list->count, sizeof *files->fd);
	if (!files->fd)
		result = -ENOMEM;
	while (result == 0 && files->registers.cpus < list->count) {
		int fd = open_file(directory, list->cpu[files->registers.cpus], lock >= 0);

		if (fd < 0)
			result = fd;
		else
			files->fd[files->registers.cpus++] = fd;
	}
	if (result < 0) {
		files_close(&files->registers);
		return result;
	}
	files->list = *list;
	files->lock = lock;
	*ret_registers = &files->registers;
	return 0;
}

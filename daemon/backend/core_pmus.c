/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/core_pmus.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Reads a file of a PMU's directory into text, which ends with a zero byte. */
static int read_file(int directory, const char *pmu, const char *name, char *text, size_t size)
{
	char path[300];
	ssize_t length;
	int fd;
	int result = 0;

	snprintf(path, sizeof path, "%s/%s", pmu, name);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		result = -errno;
	else
		text[length] = '\0';
	close(fd);
	return result;
}

static int parse_type(const char *text, uint32_t *ret_type)
{
	char *end;
	unsigned long type;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	type = strtoul(text, &end, 10);
	if (*end != '\n' || type > UINT32_MAX)
		return -EINVAL;
	*ret_type = (uint32_t)type;
	return 0;
}

/* -ENOENT where the PMU is of no core: it has no file cpus. */
static int read_pmu(int directory, const char *name, struct core_pmu *ret_pmu)
{
	struct core_pmu pmu = { 0 };
	char text[4096] = "";
	int result = read_file(directory, name, "cpus", text, sizeof text);

	if (result < 0)
		return result;
	result = cpulist_parse(text, &pmu.cpus);
	if (result < 0)
		return result;
	result = read_file(directory, name, "type", text, sizeof text);
	if (result == 0)
		result = parse_type(text, &pmu.type);
	if (result < 0) {
		free(pmu.cpus.cpu);
		return result == -ENOENT ? -EINVAL : result;
	}
	*ret_pmu = pmu;
	return 0;
}

static int add_pmu(struct core_pmus *pmus, const struct core_pmu *pmu)
{
	struct core_pmu *grown = reallocarray(pmus->pmu, pmus->count + 1, sizeof *grown);

	if (!grown) {
		free(pmu->cpus.cpu);
		return -ENOMEM;
	}
	pmus->pmu = grown;
	pmus->pmu[pmus->count++] = *pmu;
	return 0;
}

static int add_named(struct core_pmus *pmus, int directory, const char *name)
{
	struct core_pmu pmu;
	int result = read_pmu(directory, name, &pmu);

	if (result == -ENOENT || result == -ENOTDIR)
		return 0;
	if (result == 0)
		return add_pmu(pmus, &pmu);
	if (result == -EINVAL)
		log_error("sysfs: the files cpus and type of the PMU %s make no sense", name);
	else
		log_error("sysfs: the PMU %s: %s", name, strerror(-result));
	return result;
}

static int refuse(const char *directory, int error)
{
	log_error("%s: %s", directory, strerror(error));
	return -error;
}

int core_pmus_read(const char *directory, struct core_pmus *ret_pmus)
{
	struct core_pmus pmus = { 0 };
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	int result = 0;

	if (!stream && errno != ENOENT)
		return refuse(directory, errno);
	for (errno = 0; stream && result == 0 && (entry = readdir(stream)); errno = 0)
		if (entry->d_name[0] != '.')
			result = add_named(&pmus, dirfd(stream), entry->d_name);
	if (result == 0 && errno)
		result = refuse(directory, errno);
	if (stream)
		closedir(stream);
	if (result < 0 || pmus.count < 2)
		core_pmus_free(&pmus);
	if (result == 0)
		*ret_pmus = pmus;
	return result;
}

void core_pmus_free(struct core_pmus *pmus)
{
	for (size_t i = 0; i < pmus->count; i++)
		free(pmus->pmu[i].cpus.cpu);
	free(pmus->pmu);
	*pmus = (struct core_pmus){ 0 };
}

const struct core_pmu *core_pmus_of(const struct core_pmus *pmus, unsigned cpu)
{
	for (size_t i = 0; i < pmus->count; i++)
		if (cpulist_has(&pmus->pmu[i].cpus, cpu))
			return &pmus->pmu[i];
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/cpuid.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

static struct cpuid by_instruction(uint32_t leaf)
{
	struct cpuid result;

	__cpuid_count(leaf, 0, result.eax, result.ebx, result.ecx, result.edx);
	return result;
}

#else

static struct cpuid by_instruction(uint32_t leaf)
{
	(void)leaf;
	return (struct cpuid){ 0 };
}

#endif

static struct cpuid read_leaf(const struct cpuid_source *source, uint32_t leaf)
{
	const struct cpuid_file *file = (const struct cpuid_file *)source;
	struct cpuid result;

	if (file->fd >= 0 && pread(file->fd, &result, sizeof result, leaf) == sizeof result)
		return result;
	return by_instruction(leaf);
}

void cpuid_open(const char *directory, unsigned cpu, struct cpuid_file *ret_file)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%u/cpuid", directory, cpu);
	ret_file->source.read = read_leaf;
	ret_file->fd = open(path, O_RDONLY | O_CLOEXEC);
}

void cpuid_close(struct cpuid_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
}

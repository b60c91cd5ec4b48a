/* SPDX-License-Identifier: BSD-2-Clause */
#include "rights.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void rights_add_capability(struct rights *rights, unsigned capability)
{
	rights->capabilities |= UINT64_C(1) << capability;
}

void rights_add_calls(struct rights *rights, const struct rights_call *call, size_t count)
{
	assert(rights->calls + count <= RIGHTS_CALLS_MAX);
	for (size_t i = 0; i < count; i++)
		rights->call[rights->calls++] = call[i];
}

void rights_add_path(struct rights *rights, const char *name, bool write)
{
	struct rights_path *path = rights->path;
	const struct rights_path *end = path + rights->paths;

	while (path < end && strcmp(path->name, name) != 0)
		path++;
	if (path == end) {
		assert(rights->paths < RIGHTS_PATHS_MAX);
		snprintf(path->name, sizeof path->name, "%s", name);
		rights->paths++;
	}
	path->write |= write;
}

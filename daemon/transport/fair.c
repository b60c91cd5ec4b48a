/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/fair.h"

#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above each process id. */
#define CLIENT_USER (UINT64_C(1) << 32)

static uint64_t user_of(const struct fuse_in_header *header)
{
	return CLIENT_USER | header->uid;
}

/*
 * The process of a thread: the line Tgid of /proc/TID/status, proc(5). Where perfmond cannot see
 * it, all that a user runs there is one client.
 */
static uint64_t look_up(const struct fuse_in_header *header)
{
	char path[48];
	char line[128];
	uint64_t client = user_of(header);
	unsigned process;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%u/status", header->pid);
	file = fopen(path, "re");
	if (!file)
		return client;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "Tgid: %u", &process) == 1) {
			client = process;
			break;
		}
	fclose(file);
	return client;
}

static uint64_t client_of(struct fair *fair, const struct fuse_in_header *header)
{
	struct fair_thread *known = &fair->threads[header->pid % FAIR_THREADS];

	/* Id 0 is of a place that is free, and of every thread that perfmond does not see. */
	if (header->pid != 0 && known->thread == 0)
		*known = (struct fair_thread){ header->pid, look_up(header) };
	return header->pid != 0 && known->thread == header->pid ? known->client : user_of(header);
}

static uint64_t *served(struct fair *fair, const struct fair_request *request)
{
	return &fair->served[request->client % FAIR_CLIENTS];
}

static bool waits(uint32_t opcode)
{
	return opcode == FUSE_IOCTL || opcode == FUSE_OPEN;
}

bool fair_hold(struct fair *fair, const void *request, size_t size)
{
	const struct fuse_in_header *header = request;
	bool alone = fair->held == 0 && header->pid == fair->latest;
	void *bytes;

	if (alone || !waits(header->opcode) || !fair_has_room(fair))
		return false;
	fair->latest = header->pid;
	bytes = malloc(size);
	if (!bytes)
		return false;
	memcpy(bytes, request, size);
	if (++fair->asked % FAIR_LASTS == 0)
		memset(fair->threads, 0, sizeof fair->threads);
	fair->request[fair->held++] = (struct fair_request){
		.bytes = bytes,
		.size = size,
		.client = client_of(fair, header),
		.came = fair->asked,
	};
	return true;
}

static bool is_before(struct fair *fair, const struct fair_request *one,
		      const struct fair_request *other)
{
	uint64_t one_served = *served(fair, one);
	uint64_t other_served = *served(fair, other);

	return one_served != other_served ? one_served < other_served : one->came < other->came;
}

struct fair_request fair_next(struct fair *fair)
{
	struct fair_request *next = fair->request;
	struct fair_request taken;

	for (struct fair_request *other = next + 1; other < fair->request + fair->held; other++)
		if (is_before(fair, other, next))
			next = other;
	taken = *next;
	*next = fair->request[--fair->held];
	*served(fair, &taken) = ++fair->turn;
	return taken;
}

void fair_close(struct fair *fair)
{
	while (fair->held > 0)
		free(fair->request[--fair->held].bytes);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/fair.h"

#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Above each process id. */
#define CLIENT_USER (UINT64_C(1) << 32)

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

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

static struct fair_client *entry(struct fair *fair, uint64_t client)
{
	return &fair->clients[client % FAIR_CLIENTS];
}

/* Whether anybody but this client has asked lately. */
static bool is_shared(const struct fair *fair, uint64_t client, uint64_t time)
{
	const struct fair_asker *asker = fair->last.client == client ? &fair->other : &fair->last;

	return asker->time != 0 && time - asker->time < FAIR_LATELY;
}

static void note(struct fair *fair, uint64_t client)
{
	uint64_t time = now();

	if (fair->last.client != client)
		fair->other = fair->last;
	fair->last = (struct fair_asker){ client, time };
	fair->shared = is_shared(fair, client, time);
}

static bool waits(uint32_t opcode)
{
	return opcode == FUSE_IOCTL || opcode == FUSE_OPEN;
}

bool fair_hold(struct fair *fair, const void *request, size_t size)
{
	const struct fuse_in_header *header = request;
	bool alone = fair->held == 0 && header->pid == fair->latest && !fair->shared;
	uint64_t client;
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
	client = client_of(fair, header);
	note(fair, client);
	fair->request[fair->held++] = (struct fair_request){
		.bytes = bytes,
		.size = size,
		.client = client,
		.came = fair->asked,
	};
	return true;
}

static bool is_before(struct fair *fair, const struct fair_request *one,
		      const struct fair_request *other)
{
	uint64_t turn = entry(fair, one->client)->turn;
	uint64_t other_turn = entry(fair, other->client)->turn;

	return turn != other_turn ? turn < other_turn : one->came < other->came;
}

/* Those that fall together have one pause between them, of the one that was served last. */
static uint64_t pause_of(struct fair *fair, const struct fair_request *request, uint64_t time)
{
	const struct fair_client *client = entry(fair, request->client);
	bool paused = client->paused == request->client && client->due > time;

	return paused && is_shared(fair, request->client, time) ? client->due - time : 0;
}

static bool is_held(const struct fair *fair, uint64_t client)
{
	for (unsigned i = 0; i < fair->held; i++)
		if (fair->request[i].client == client)
			return true;
	return false;
}

/* Nobody is left to pause for: those who asked last wait themselves, or more would wait unread. */
static bool is_in_vain(const struct fair *fair)
{
	return !fair_has_room(fair) ||
	       (is_held(fair, fair->last.client) && is_held(fair, fair->other.client));
}

/* The next of those that do not pause; or of all, the one whose pause is the shortest. */
static struct fair_request *choose(struct fair *fair, uint64_t *ret_pause)
{
	struct fair_request *next = fair->request;

	*ret_pause = pause_of(fair, next, fair->begun);
	for (struct fair_request *one = next + 1; one < fair->request + fair->held; one++) {
		uint64_t pause = pause_of(fair, one, fair->begun);

		if (pause < *ret_pause || (pause == *ret_pause && is_before(fair, one, next))) {
			next = one;
			*ret_pause = pause;
		}
	}
	return next;
}

bool fair_next(struct fair *fair, struct fair_request *ret_next, uint64_t *ret_pause)
{
	struct fair_request *next;

	fair->begun = now();
	next = choose(fair, ret_pause);
	if (*ret_pause > 0 && !is_in_vain(fair))
		return false;
	*ret_next = *next;
	*next = fair->request[--fair->held];
	entry(fair, ret_next->client)->turn = ++fair->turn;
	return true;
}

void fair_served(struct fair *fair, const struct fair_request *request)
{
	struct fair_client *client = entry(fair, request->client);
	uint64_t time = now();
	uint64_t pause = FAIR_PAUSE * (time - fair->begun);

	client->paused = request->client;
	client->due = 0;
	/* Who asked meanwhile waits in the kernel, and has not been seen. */
	if (pause >= FAIR_PAUSE_LEAST && is_shared(fair, request->client, fair->begun))
		client->due = time + (pause < FAIR_PAUSE_MOST ? pause : FAIR_PAUSE_MOST);
}

void fair_close(struct fair *fair)
{
	while (fair->held > 0)
		free(fair->request[--fair->held].bytes);
}

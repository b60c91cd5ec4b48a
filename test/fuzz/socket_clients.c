/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz_socket.h"
#include "pass/server.h"

#define CLIENTS 8
#define OFFERS  16 /* with the tokens 1 to OFFERS */

/* A process that is never this one. */
#define OTHER 1

struct client {
	int fd;    /* -1: not connected */
	bool said; /* something */
	bool ends; /* the server hangs up on it */
	enum { NOTHING, REFUSAL, OFFER } awaits;
	uint64_t token; /* whose offer it has, or 0 */
	time_t since;
};

struct known {
	bool waits;
	struct offer offer; /* without its descriptors */
};

static struct client clients[CLIENTS];
static struct known known[OFFERS];
static struct offers *table;

static char directory[64];
static char node[80];

static void clean_up(void)
{
	char path[96];

	snprintf(path, sizeof path, "%s.socket", node);
	unlink(path);
	rmdir(directory);
}

const char *client_prepare(void)
{
	snprintf(directory, sizeof directory, "%s/perfmond-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(directory));
	snprintf(node, sizeof node, "%s/node", directory);
	atexit(clean_up);
	return node;
}

void client_begin(struct offers *offers)
{
	table = offers;
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = (struct client){ .fd = -1 };
	memset(known, 0, sizeof known);
}

static int connected(void)
{
	int count = 0;

	for (unsigned i = 0; i < CLIENTS; i++)
		count += clients[i].fd >= 0;
	return count;
}

void client_connect(const char *path, uint8_t ways, time_t now)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client *client = &clients[ways % CLIENTS];
	/* All are one user's. */
	bool room = connected() < OFFERS_SHARE(table->capacity);
	int fd;

	if (client->fd >= 0)
		return;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(fd >= 0);
	MUST(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
	*client = (struct client){ .fd = fd, .ends = !room, .since = now };
}

void client_close(uint8_t ways)
{
	struct client *client = &clients[ways % CLIENTS];

	if (client->fd >= 0)
		close(client->fd);
	*client = (struct client){ .fd = -1 };
}

void client_close_all(void)
{
	for (uint8_t i = 0; i < CLIENTS; i++)
		client_close(i);
}

/* Descriptors of what waits, and of what a client has that has not hung up. */
static unsigned descriptors(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < OFFERS; i++)
		if (known[i].waits)
			count += known[i].offer.descriptors;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].token != 0)
			count += known[clients[i].token - 1].offer.descriptors;
	return count;
}

/* Tokens are random: none is in use twice. */
static bool in_use(uint64_t token)
{
	bool used = known[token - 1].waits;

	for (unsigned i = 0; i < CLIENTS; i++)
		used |= clients[i].token == token;
	return used;
}

void client_offer(uint8_t ways, time_t now)
{
	struct offer offer = { .token = ways % OFFERS + 1u,
			       .process = ways & 128 ? OTHER : getpid(),
			       .user = getuid(),
			       .since = now,
			       .what.pet_thread = ways + 1 };
	unsigned wanted = (ways >> 4 & 7) % OFFER_DESCRIPTORS + 1;
	bool room = descriptors() + wanted <= (unsigned)OFFERS_SHARE(table->capacity);

	if (in_use(offer.token))
		return;
	while (offer.descriptors < wanted)
		offer.fd[offer.descriptors++] = eventfd(ways + 1, EFD_CLOEXEC | EFD_NONBLOCK);
	MUST(offers_add(table, &offer) == (room ? 0 : -EMFILE));
	for (unsigned i = 0; !room && i < offer.descriptors; i++)
		close(offer.fd[i]);
	if (room)
		known[offer.token - 1] = (struct known){ true, offer };
}

void client_drop(uint8_t ways)
{
	offers_drop(table, ways % OFFERS + 1u);
	known[ways % OFFERS].waits = false;
}

void client_lead(uint8_t ways)
{
	const struct known *at = &known[ways % OFFERS];
	int fd = offers_leader(table, ways % OFFERS + 1u, at->offer.what.pet_thread);

	MUST(in_use(ways % OFFERS + 1u) ? fd >= 0 : fd == -ENOENT);
	if (fd >= 0)
		close(fd);
}

void client_late(time_t now)
{
	for (unsigned i = 0; i < OFFERS; i++)
		if (known[i].offer.since < now - PATIENCE)
			known[i].waits = false;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].token == 0 && clients[i].since < now - PATIENCE)
			clients[i].ends = true;
}

/* A word that is no token alone, or a second one, ends the connection. */
static void expect(struct client *client, const uint8_t *data, size_t size, bool alone, pid_t from)
{
	uint64_t token;

	client->ends = client->said || size != sizeof token || !alone;
	client->said = true;
	if (client->ends)
		return;
	memcpy(&token, data, sizeof token);
	client->awaits = REFUSAL;
	if (token >= 1 && token <= OFFERS && known[token - 1].waits &&
	    known[token - 1].offer.process == from) {
		known[token - 1].waits = false;
		client->awaits = OFFER;
		client->token = token;
	}
	client->ends = client->awaits == REFUSAL;
}

void client_say(struct bytes *bytes, uint8_t ways)
{
	struct client *client = &clients[ways % CLIENTS];
	uint8_t how = bytes_one(bytes);
	uint64_t token = (how >> 5) + (ways & 8) + 1u;
	uint8_t data[16] = { 0 };
	size_t size = how & 1 ? sizeof token : bytes_one(bytes) % sizeof data;
	struct beside beside = { .fd = { client->fd, STDERR_FILENO, STDERR_FILENO },
				 .descriptors = how >> 1 & BESIDE_MAX,
				 .process = how & 8    ? OTHER
					    : how & 16 ? getpid()
						       : 0 };

	if (client->fd < 0)
		return;
	for (size_t i = 0; i < size && !(how & 1); i++)
		data[i] = bytes_one(bytes);
	if (how & 1)
		memcpy(data, &token, sizeof token);
	/* The token may be in another's name where root, or who may act as root, says so. */
	if (message_send(client->fd, data, size, &beside))
		expect(client, data, size, beside.descriptors == 0, how & 8 ? OTHER : getpid());
}

static void hear(struct client *client)
{
	const struct offer *offer = client->token ? &known[client->token - 1].offer : NULL;
	struct perfmon_taken taken = { 0 };
	unsigned descriptors = 0;
	uint64_t mark = offer ? (uint64_t)offer->what.pet_thread : 0;
	bool heard = message_take(client->fd, &taken, mark, &descriptors);

	MUST(heard == (client->awaits != NOTHING));
	if (client->awaits == REFUSAL)
		MUST(taken.pet_error == ENOENT && descriptors == 0);
	if (client->awaits == OFFER)
		MUST(memcmp(&taken, &offer->what, sizeof taken) == 0 &&
		     descriptors == offer->descriptors);
	client->awaits = NOTHING;
}

void client_hear_all(int connections)
{
	for (uint8_t i = 0; i < CLIENTS; i++) {
		struct pollfd polled = { .fd = clients[i].fd };

		if (clients[i].fd < 0)
			continue;
		hear(&clients[i]);
		/* A thread of its own may be at it. */
		MUST((poll(&polled, 1, clients[i].ends ? 2000 : 0) > 0) == clients[i].ends);
		if (clients[i].ends)
			client_close(i);
	}
	MUST(connected() == connections);
}

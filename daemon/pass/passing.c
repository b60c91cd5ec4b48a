/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/passing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

#define TOKEN_SHIFT 48
#define TOKEN_BITS  ((UINT64_C(1) << TOKEN_SHIFT) - 1)

/* For so many descriptors that are offered, and as many connections; half of all are the counters'.
 */
static int capacity(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 4 > OFFERS_MAX)
		return OFFERS_MAX;
	return (int)(limit.rlim_cur / 4);
}

int passing_open(struct passing *passing, const char *node, gid_t group, mode_t mode)
{
	holders_open(&passing->holders);
	offers_open(&passing->offers, capacity(), &passing->holders);
	return server_open(&passing->server, node, group, mode, &passing->offers);
}

/* apart.c forks, which the process may in any case; direct.c makes pages. */
void passing_add_rights(struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "accept4" },
		{ .name = "faccessat" },
		{ .name = "faccessat2" },
		{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_ADD_SEALS },
		{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_DUPFD_CLOEXEC },
		{ .name = "ftruncate" },
		{ .name = "getsockopt" },
		{ .name = "memfd_create" },
		{ .name = "pipe2" },
		{ .name = "setitimer" },
		{ .name = "timerfd_gettime" },
		{ .name = "timerfd_settime" },
	};

	rights_add_calls(rights, calls, sizeof calls / sizeof *calls);
	worker_add_rights(rights);
	rights_add_path(rights, "/proc", false);
}

int passing_start(struct passing *passing)
{
	return server_start(&passing->server);
}

void passing_remove(const struct passing *passing)
{
	server_remove(&passing->server);
}

void passing_close(struct passing *passing)
{
	if (server_close(&passing->server))
		offers_close(&passing->offers);
}

int passing_token(uint64_t mark, uint64_t *ret_token)
{
	uint64_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return -EIO;
	*ret_token = mark << TOKEN_SHIFT | (random & TOKEN_BITS);
	return 0;
}

int passing_offer(struct passing *passing, const struct offer *offer)
{
	struct offer dated = *offer;
	struct timespec time;
	int result;

	clock_gettime(CLOCK_MONOTONIC, &time);
	dated.since = time.tv_sec;
	result = offers_add(&passing->offers, &dated);
	if (result == 0)
		server_watch(&passing->server);
	return result;
}

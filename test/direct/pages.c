/* SPDX-License-Identifier: BSD-2-Clause */

/* What a reader maps. */

#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../client/direct/event.h"
#include "../../client/direct/userpage.h"
#include "../../client/take.h"
#include "direct.h"

/* The page's and the event's. */
static bool take_both(int device, int *ret_fd)
{
	struct perfmon_direct direct = { .pmd_num = 0 };
	struct perfmon_taken taken;
	unsigned count = 0;
	int socket;

	must(ioctl(device, PMIODIRECT, &direct) == 0);
	must(take_connect(node, &socket) == 0);
	must(take(socket, direct.pmd_token, &taken, ret_fd, TAKE_MOST, &count) == 0);
	must(count == 2);
	return true;
}

static bool page_is_read_only(void)
{
	int taken_fd[TAKE_MOST] = { -1 };
	int page;
	void *map;

	if (running_way == PERFMON_BY_DEVICE)
		return true;
	must(take_both(open_counter(), taken_fd));
	page = taken_fd[0];
	must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0) == MAP_FAILED);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, page, 0);
	must(map != MAP_FAILED && mprotect(map, 4096, PROT_READ | PROT_WRITE) < 0);
	must(write(page, "x", 1) < 0 && ftruncate(page, 0) < 0 && ftruncate(page, 8192) < 0);
	must(fcntl(page, F_ADD_SEALS, 0) < 0);
	return true;
}

/* A read before leaves the kernel with what lets arm64's page lie, until the thread has slept. */
static bool page_that_lies_is_known(void)
{
	int fd = open_counter();
	int taken_fd[TAKE_MOST] = { -1 };
	uint64_t before = 0;
	uint64_t count = 0;
	uint64_t after = 0;
	struct perf_event_mmap_page *page;
	bool agrees;

	if (running_way != PERFMON_BY_COUNTER)
		return true;
	must(take_both(fd, taken_fd) && request(fd, PMIOSTART));
	must(event_read(taken_fd[1], &before));
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, taken_fd[1], 0);
	must(page != MAP_FAILED);
	agrees = userpage_agrees(page, taken_fd[1]);
	must(event_read(taken_fd[1], &before) && userpage_read(page, &count));
	must(event_read(taken_fd[1], &after));
	must(agrees == (before <= count && count <= after));
	usleep(1000);
	must(userpage_agrees(page, taken_fd[1]));
	return true;
}

const struct proof page_proofs[] = {
	{ "the page is to be read only", page_is_read_only },
	{ "an event's page that lies is known", page_that_lies_is_known },
	{ NULL, NULL },
};

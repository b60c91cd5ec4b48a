/* SPDX-License-Identifier: BSD-2-Clause */

/* The table of events, by the library's own calls: what is searched, and what a fork leaves. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../client/ebb/internal.h"
#include "tap.h"

#define TOKEN (EBB_MARK_TOKEN << EBB_MARK_SHIFT | 7)

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

static unsigned claim_all(void)
{
	unsigned claimed = 0;

	while (ebb_slot_claim())
		claimed++;
	return claimed;
}

static void check_search(void)
{
	struct ebb_event *first = ebb_slot_claim();
	struct ebb_event *second = ebb_slot_claim();

	if (!first || !second)
		abort();
	second->data = TOKEN;
	second->fd = dup(STDOUT_FILENO);
	result(!ebb_slot_by_data(TOKEN), "a claimed slot is not found");
	ebb_slot_show(second);
	ebb_slot_free(first);
	result(ebb_slot_by_data(TOKEN) == second, "the highest event is found by its token");
	result(ebb_slot_by_descriptor(second->fd) == second, "and by its descriptor");
	ebb_slot_free(second);
	result(!ebb_slot_by_data(TOKEN), "and not once it is closed");
}

/* Exits with what is wrong, a bit each. */
static int be_child(int fd, int connection, int standard)
{
	int wrong = 0;

	wrong |= is_closed(fd) ? 0 : 1;
	wrong |= is_closed(connection) ? 0 : 2;
	wrong |= is_closed(standard) ? 4 : 0;
	wrong |= claim_all() == EVENTS_MAX ? 0 : 8;
	return wrong;
}

/*
 * As another thread leaves it that is about to open an event: one slot with its descriptors, and
 * one that was never used before, whose descriptors are not set yet.
 */
static void check_fork(void)
{
	struct ebb_event *event = ebb_slot_claim();
	struct ebb_event *unset;
	int status = -1;
	pid_t child;

	if (!event)
		abort();
	unset = event + 2;
	event->fd = dup(STDOUT_FILENO);
	event->connection = dup(STDOUT_FILENO);
	atomic_store(&unset->claimed, true);
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(be_child(event->fd, event->connection, unset->fd));
	waitpid(child, &status, 0);
	if (status)
		printf("# status 0x%x\n", (unsigned)status);
	result(WIFEXITED(status) && !(WEXITSTATUS(status) & 3),
	       "fork: descriptors of an event that is being opened are closed in the child");
	result(WIFEXITED(status) && !(WEXITSTATUS(status) & 4),
	       "those of a slot that has none yet are left alone");
	result(WIFEXITED(status) && !(WEXITSTATUS(status) & 8), "and the child has all 256 slots");
	result(!is_closed(event->fd) && atomic_load(&event->claimed), "the parent keeps its own");
	atomic_store(&unset->claimed, false);
	ebb_slot_free(event);
}

int main(void)
{
	if (ebb_prepare() < 0) {
		printf("ok 1 - the table of events # SKIP %s\n1..1\n", ebb_error());
		return 0;
	}
	check_search();
	check_fork();
	result(claim_all() == EVENTS_MAX, "256 are claimed, and no more");
	return tap_end();
}

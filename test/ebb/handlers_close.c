/* SPDX-License-Identifier: BSD-2-Clause */

/* Handlers after which an event is no more: one that closes it, and one that forks. */

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source.h"
#include "tap.h"

struct closer {
	struct ebb_event *leader;
	struct ebb_event *member;
	struct ebb_event *closed; /* by the first branch of the one in by, or of either */
	struct ebb_event *by;
	volatile unsigned calls;
	volatile int closed_as; /* what ebb_event_close() gave; 1: not called yet */
};

/* The source's name in front: each check is made with each. */
static void check(const struct source *source, bool good, const char *name)
{
	char text[160];

	snprintf(text, sizeof text, "%s: %s", source->name, name);
	result(good, text);
}

static void close_in_handler(struct ebb_event *event, void *context)
{
	struct closer *closer = context;

	closer->calls++;
	if (closer->closed_as != 1 || (closer->by && closer->by != event))
		return;
	closer->closed_as = ebb_event_close(closer->closed ? closer->closed : event);
}

static bool begin(const struct source *source, struct closer *closer, bool with_member)
{
	return ebb_set_handler(close_in_handler, closer, EBB_SAVE_VSR) == 0 &&
	       source_open(source, &closer->leader, with_member ? &closer->member : NULL) == 0;
}

/* What overflows after the close brings nothing, and each descriptor is gone. */
static void check_gone(const struct source *source, struct closer *closer, unsigned descriptors,
		       const char *name)
{
	unsigned seen;

	check(source, closer->closed_as == 0, name);
	seen = closer->calls;
	for (int i = 0; i < 10; i++) {
		source->overflow();
		source->overflow_member();
	}
	check(source, closer->calls == seen, "no branch comes later");
	check(source, source_descriptors() == descriptors, "its descriptors are closed");
}

static void check_close(const struct source *source)
{
	struct closer closer = { .closed_as = 1 };
	unsigned descriptors = source_descriptors();
	bool good = begin(source, &closer, false);

	ebb_global_enable();
	if (good)
		source->overflow();
	check_gone(source, &closer, descriptors, "the handler closes its own event");
	check(source, closer.calls == 1, "it was the only branch");
	/* The slot is another's, which branches. */
	closer.calls = 0;
	good = source_open(source, &closer.leader, NULL) == 0;
	if (good)
		source->overflow();
	check(source, good && closer.calls > 0, "one opened after it branches");
	if (good)
		ebb_event_close(closer.leader);
}

static void check_close_group(const struct source *source)
{
	struct closer closer = { .closed_as = 1 };
	unsigned descriptors = source_descriptors();

	if (begin(source, &closer, true)) {
		closer.closed = closer.by = closer.leader;
		ebb_global_enable();
		source->overflow();
	}
	check_gone(source, &closer, descriptors, "the leader's handler closes the group");
}

static void check_close_by_member(const struct source *source)
{
	struct closer closer = { .closed_as = 1 };
	unsigned descriptors = source_descriptors();

	if (begin(source, &closer, true)) {
		closer.closed = closer.leader;
		closer.by = closer.member;
		ebb_global_enable();
		source->overflow_member();
	}
	check_gone(source, &closer, descriptors, "a member's handler closes the group");
}

static void check_close_member(const struct source *source)
{
	struct closer closer = { .closed_as = 1 };
	unsigned descriptors = source_descriptors();
	bool good = begin(source, &closer, true);

	if (good) {
		closer.closed = closer.by = closer.member;
		ebb_global_enable();
		source->overflow_member();
	}
	check(source, closer.closed_as == 0, "a member's handler closes the member");
	check(source, source_descriptors() == descriptors + 1, "its descriptor is closed");
	closer.calls = 0;
	if (good)
		source->overflow();
	check(source, good && closer.calls > 0, "the leader branches on");
	if (closer.leader)
		ebb_event_close(closer.leader);
}

struct forker {
	volatile unsigned calls;
	volatile pid_t child; /* -1: not forked yet */
};

static void fork_in_handler(struct ebb_event *event, void *context)
{
	struct forker *forker = context;

	(void)event;
	forker->calls++;
	if (forker->child == -1)
		forker->child = fork();
}

/* The child came back from the handler into the loop: its status tells what it has there. */
static int as_child(const struct source *source, const struct forker *forker)
{
	unsigned seen = forker->calls;

	for (int i = 0; i < 10; i++)
		source->overflow();
	if (forker->calls != seen)
		return 2;
	if (ebb_global_enable() != -EINVAL)
		return 3;
	if (source_descriptors())
		return 4;
	return 0;
}

static void check_fork(const struct source *source)
{
	struct forker forker = { .child = -1 };
	struct ebb_event *event = NULL;
	int status = -1;
	bool good = ebb_set_handler(fork_in_handler, &forker, EBB_SAVE_VSR) == 0 &&
		    source_open(source, &event, NULL) == 0;

	ebb_global_enable();
	if (good)
		source->overflow();
	if (forker.child == 0)
		_exit(as_child(source, &forker));
	good = good && waitpid(forker.child, &status, 0) == forker.child;
	printf("# child's status %#x\n", (unsigned)status);
	check(source, good && status == 0, "a child forked in the handler returns, with no event");
	forker.calls = 0;
	for (int i = 0; good && i < 10; i++)
		source->overflow();
	check(source, good && forker.calls >= 10, "its parent branches on");
	if (event)
		ebb_event_close(event);
}

/* It opens one of its own, as pmu-ebb.rst says. */
static int reopen(const struct source *source, struct forker *forker)
{
	struct ebb_event *event = NULL;
	unsigned seen = forker->calls;

	if (ebb_set_handler(fork_in_handler, forker, EBB_SAVE_VSR) < 0 ||
	    source_open(source, &event, NULL) < 0 || ebb_global_enable() < 0)
		return 2;
	source->overflow();
	return forker->calls > seen ? 0 : 3;
}

static void check_fork_reopen(const struct source *source)
{
	struct forker forker = { .child = -1 };
	struct ebb_event *event = NULL;
	int status = -1;
	bool good = ebb_set_handler(fork_in_handler, &forker, EBB_SAVE_VSR) == 0 &&
		    source_open(source, &event, NULL) == 0;

	ebb_global_enable();
	if (good)
		source->overflow();
	if (forker.child == 0)
		_exit(reopen(source, &forker));
	good = good && waitpid(forker.child, &status, 0) == forker.child;
	printf("# child's status %#x\n", (unsigned)status);
	check(source, good && status == 0, "a child forked in the handler opens its own event");
	if (event)
		ebb_event_close(event);
}

int main(void)
{
	for (const struct source *source = sources; source->name; source++) {
		if (source_is_absent(source)) {
			printf("ok %d - %s # SKIP %s\n", ++tap_count, source->name, ebb_error());
			continue;
		}
		check_close(source);
		check_close_group(source);
		check_close_by_member(source);
		check_close_member(source);
		check_fork(source);
		check_fork_reopen(source);
	}
	return tap_end();
}

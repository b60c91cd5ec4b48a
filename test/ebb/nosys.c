/* SPDX-License-Identifier: BSD-2-Clause */

/* A processor that has neither way: each function that needs one says so, and none crashes. */

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <unistd.h>

#include "tap.h"

static void handler(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
}

static struct ebb_event *event;

static int open_event(pid_t thread)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
					.exclude_kernel = 1,
					.pinned = 1,
					.exclusive = 1 };

	return ebb_event_open(&attr, 1, NULL, thread, &event);
}

static void refused(int seen, const char *name)
{
	printf("# %d: %s\n", seen, ebb_error());
	result(seen == -ENOSYS && *ebb_error(), name);
}

int main(void)
{
	result(!*ebb_error(), "no error yet");
	/* First, so that its words are not another's. */
	refused(ebb_global_enable(), "ebb_global_enable: ENOSYS");
	refused(open_event(0), "ebb_event_open: ENOSYS");
	refused(open_event(gettid()), "ebb_event_open for a thread: ENOSYS");
	result(!event, "its output is untouched");
	refused(ebb_set_handler(handler, NULL, EBB_SAVE_VSR), "ebb_set_handler: ENOSYS");
	refused(ebb_set_handler(NULL, NULL, EBB_SAVE_GPR), "ebb_set_handler(NULL): ENOSYS");
	refused(ebb_global_enable(), "ebb_global_enable after them: ENOSYS");
	ebb_global_disable();
	ebb_rearm();
	result(ebb_address() == 0, "no address; ebb_global_disable() and ebb_rearm() do nothing");
	return tap_end();
}

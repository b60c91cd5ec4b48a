/* SPDX-License-Identifier: BSD-2-Clause */

/* Regular events beside an EBB event: "Background", and what it says of perf commands. */

#include <stdio.h>
#include <unistd.h>

#include "seed.h"

/* What became of a regular event and of the branches. */
struct beside {
	bool counted; /* before, alone */
	struct seed_times times;
	bool was_read; /* times are set */
	bool branched;
	bool counted_again; /* when the EBB event is closed */
};

static bool counts(int fd)
{
	struct seed_times times;

	return seed_count(fd, &times) && times.value > 0 && times.running > times.enabled / 2;
}

/* The kernel puts it back when it next looks at what shares the PMU, by a timer. */
static bool comes_back(int fd)
{
	for (int i = 0; i < 50; i++) {
		if (counts(fd))
			return true;
		usleep(10000);
	}
	return false;
}

static void watch(int fd, struct beside *beside)
{
	beside->was_read = seed_count(fd, &beside->times);
	beside->branched = seed_branches();
}

static void print(const struct beside *beside)
{
	printf("# before %d, then value %ju enabled %ju running %ju, branches %d, after %d\n",
	       beside->counted, (uintmax_t)beside->times.value, (uintmax_t)beside->times.enabled,
	       (uintmax_t)beside->times.running, beside->branched, beside->counted_again);
}

static struct beside open_before(bool on_cpu)
{
	int fd = seed_regular(false, on_cpu);
	struct beside beside = { .counted = counts(fd) };
	struct ebb_event *event = seed_enabled();

	watch(fd, &beside);
	beside.counted_again = seed_close(event) && comes_back(fd);
	close(fd);
	print(&beside);
	return beside;
}

static struct beside open_after(bool on_cpu)
{
	struct ebb_event *event = seed_enabled();
	int fd = seed_regular(false, on_cpu);
	struct beside beside = { .counted = false };

	watch(fd, &beside);
	beside.counted_again = seed_close(event) && comes_back(fd);
	close(fd);
	print(&beside);
	return beside;
}

static bool stands(const struct beside *beside)
{
	return beside->was_read && beside->times.enabled > 0 && beside->times.running == 0 &&
	       beside->times.value == 0;
}

/* Other tasks that the CPU runs have no EBB event, and are counted. */
static bool nearly_stands(const struct beside *beside)
{
	return beside->was_read && beside->times.running < beside->times.enabled / 2;
}

static bool task_before(void)
{
	struct beside beside = open_before(false);

	return beside.counted && stands(&beside);
}

static bool task_after(void)
{
	struct beside beside = open_after(false);

	return stands(&beside);
}

static bool cpu_before(void)
{
	struct beside beside = open_before(true);

	return beside.counted && nearly_stands(&beside);
}

static bool cpu_after(void)
{
	struct beside beside = open_after(true);

	return nearly_stands(&beside);
}

static bool task_branches(void)
{
	return open_before(false).branched && open_after(false).branched;
}

static bool cpu_branches(void)
{
	return open_before(true).branched && open_after(true).branched;
}

static bool task_counts_again(void)
{
	return open_before(false).counted_again && open_after(false).counted_again;
}

static bool cpu_counts_again(void)
{
	return open_before(true).counted_again && open_after(true).counted_again;
}

static bool pinned_later(void)
{
	struct ebb_event *event = seed_enabled();
	int fd = seed_regular(true, false);
	bool ended = event && fd >= 0 && seed_ended(fd);

	close(fd);
	return seed_close(event) && ended;
}

static bool branches_go_on(void)
{
	struct ebb_event *event = seed_enabled();
	int fd = seed_regular(true, false);
	bool seen = event && fd >= 0 && seed_branches();

	close(fd);
	return seed_close(event) && seen;
}

const struct statement seed_beside[] = {
	{ "on the PMU first: a pinned event of the task later reads end of file", pinned_later,
	  NULL },
	{ "on the PMU first: branches go on beside that pinned event", branches_go_on, NULL },
	{ "a regular event of the task, open before: forced off, its time stands", task_before,
	  NULL },
	{ "a regular event of the task, opened beside: not on the PMU, its time stands", task_after,
	  NULL },
	{ "a regular event of the CPU, open before: forced off while the task runs", cpu_before,
	  NULL },
	{ "a regular event of the CPU, opened beside: off while the task runs", cpu_after, NULL },
	{ "beside a regular event of the task: branches", task_branches, NULL },
	{ "beside a regular event of the CPU: branches", cpu_branches, NULL },
	{ "the EBB event closed: the task's regular event counts again", task_counts_again, NULL },
	{ "the EBB event closed: the CPU's regular event counts again", cpu_counts_again, NULL },
	{ NULL, NULL, NULL },
};

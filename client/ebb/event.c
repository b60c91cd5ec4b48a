/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int prepared;

/* A fork copies descriptors, which are the parent's events, and a state that the child has not. */
static void forget_in_child(void)
{
	ebb_slots_forget();
	ebb_self = (struct ebb_thread){ .error = ebb_self.error };
}

static void prepare(void)
{
	prepared = ebb_machine_prepare();
	if (prepared == 0)
		prepared = -pthread_atfork(NULL, NULL, forget_in_child);
}

int ebb_prepare(void)
{
	pthread_once(&once, prepare);
	if (prepared == -ENOSYS)
		return ebb_fail(ENOSYS, "this machine has no event-based branches: it takes POWER8 "
					"or later, x86-64 or arm64");
	if (prepared < 0)
		return ebb_fail(-prepared, strerrordesc_np(-prepared));
	return 0;
}

static bool thread_exists(pid_t thread)
{
	return syscall(SYS_tgkill, getpid(), thread, 0) == 0;
}

/* pthread_join(3) comes back a little before the kernel's last look at the thread. */
static bool thread_runs(pid_t thread)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	for (int tries = 0; tries < 50; tries++) {
		if (!thread_exists(thread))
			return false;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return true;
}

static void join(struct ebb_event *event)
{
	if (event->leader != event) {
		event->next = event->leader->next;
		event->leader->next = event;
	}
}

static void set_up(struct ebb_event *event, uint32_t type, uint64_t config, uint64_t period,
		   struct ebb_event *leader, pid_t thread)
{
	event->thread = thread;
	event->type = type;
	event->config = config;
	event->period = (uint32_t)period;
	event->leader = leader ? leader : event;
	event->next = NULL;
	event->enabled = false;
	atomic_store(&event->delivered, 0);
	atomic_store(&event->held, 0);
	atomic_store(&event->missed, 0);
}

static int claim(struct ebb_event **ret_event)
{
	*ret_event = ebb_slot_claim();
	return *ret_event
		       ? 0
		       : ebb_fail(EMFILE, "the 256 events of a process are used up: close others");
}

/* The rules of every event, and the machine's. */
static int check(struct perf_event_attr *attr, uint64_t period)
{
	int result = ebb_prepare();

	return result < 0 ? result : ebb_machine_check(attr, period);
}

int ebb_event_open(const struct perf_event_attr *attr, uint64_t period, struct ebb_event *leader,
		   pid_t thread, struct ebb_event **ret_event)
{
	struct perf_event_attr checked;
	struct ebb_event *event;
	int result = ebb_copy_attr(attr, &checked);

	if (thread == 0)
		thread = gettid();
	if (result == 0)
		result = ebb_check_rules(&checked, period);
	if (result == 0)
		result = ebb_check_group(&checked, leader, thread);
	if (result == 0)
		result = check(&checked, period);
	if (result < 0)
		return result;
	if (!thread_exists(thread))
		return ebb_fail(ESRCH, "this process has no such thread");
	result = claim(&event);
	if (result < 0)
		return result;
	/* It may overflow only once it is enabled, so the slot may be shown after the open. */
	set_up(event, checked.type, checked.config, period, leader, thread);
	result = ebb_open(event, &checked);
	if (result < 0) {
		ebb_slot_free(event);
		return result;
	}
	join(event);
	ebb_slot_show(event);
	*ret_event = event;
	return 0;
}

int ebb_event_offer(const struct perf_event_attr *attr, uint64_t period, uint64_t leader,
		    pid_t thread, uint64_t *ret_token)
{
	struct perf_event_attr checked;
	int result = ebb_copy_attr(attr, &checked);

	if (result == 0)
		result = ebb_check_rules(&checked, period);
	if (result == 0)
		result = ebb_check_role(&checked, leader == 0);
	if (result == 0)
		result = check(&checked, period);
	if (result == 0 && thread <= 0)
		result = ebb_fail(EINVAL, "not a thread: give the id of one of another process");
	if (result == 0)
		result = ebb_device_offer(&checked, (uint32_t)period, leader, thread, ret_token);
	return result;
}

static int find_leader(const struct perfmon_taken *taken, struct ebb_event **ret_leader)
{
	struct ebb_event *leader = ebb_slot_by_data(taken->pet_leader);

	if (!taken->pet_leader)
		return 0;
	if (!leader)
		return ebb_fail(ENOENT, "accept the leader of its group before");
	if (leader->enabled)
		return ebb_fail(EINVAL, "the leader is enabled: accept its members before");
	*ret_leader = leader;
	return 0;
}

int ebb_event_accept(uint64_t token, struct ebb_event **ret_event)
{
	struct perfmon_taken taken = { 0 };
	struct ebb_event *leader = NULL;
	struct ebb_event *event;
	int result = ebb_prepare();

	if (result < 0)
		return result;
	result = claim(&event);
	if (result < 0)
		return result;
	result = ebb_device_take(token, &event->fd, &event->connection, &taken);
	if (result == 0)
		result = find_leader(&taken, &leader);
	if (result < 0) {
		ebb_slot_free(event);
		return result;
	}
	event->data = token;
	set_up(event, taken.pet_type, taken.pet_config, taken.pet_period, leader, taken.pet_thread);
	join(event);
	ebb_slot_show(event);
	*ret_event = event;
	return 0;
}

static bool is_scheduled(const struct ebb_event *event)
{
	uint64_t value;

	return read(event->fd, &value, sizeof value) == sizeof value;
}

static int check_owner(const struct ebb_event *event)
{
	return event->thread == gettid() ? 0 : ebb_fail(EPERM, "the event of another thread");
}

int ebb_event_enable(struct ebb_event *event)
{
	int result = check_owner(event);
	unsigned generation;
	bool scheduled;

	if (result < 0)
		return result;
	if (event->leader != event)
		return ebb_fail(EINVAL, "a member of a group: enable the leader");
	if (event->enabled)
		return ebb_fail(EINVAL, "the event is enabled already");
	generation = atomic_load(&event->generation);
	/* Before the first overflow, which the handler may use to look at it. */
	event->enabled = true;
	if (ioctl(event->fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		event->enabled = false;
		return ebb_fail(errno, strerrordesc_np(errno));
	}
	scheduled = is_scheduled(event);
	/* It has branched, and its handler closed it. */
	if (atomic_load(&event->generation) != generation)
		return 0;
	if (!scheduled) {
		event->enabled = false;
		/* Out of its error state, so that it can be enabled later. */
		ioctl(event->fd, PERF_EVENT_IOC_DISABLE, 0);
		return ebb_fail(EBUSY,
				"the event is not on the PMU: another pinned event holds it; "
				"end that one (perf, another profiler), then enable this one");
	}
	ebb_machine_start(event);
	return 0;
}

static void leave(struct ebb_event *event)
{
	struct ebb_event *before = event->leader;

	while (before->next != event)
		before = before->next;
	before->next = event->next;
}

static void close_one(struct ebb_event *event)
{
	struct ebb_event *pending = event;

	if (event->thread == gettid())
		atomic_compare_exchange_strong(&ebb_self.pending, &pending, NULL);
	/* Its descriptor may have a copy somewhere, which would keep it counting. */
	ioctl(event->fd, PERF_EVENT_IOC_DISABLE, 0);
	ebb_slot_free(event);
}

int ebb_event_close(struct ebb_event *event)
{
	struct ebb_event *next;

	if (event->thread != gettid() && thread_runs(event->thread))
		return ebb_fail(EPERM,
				"the event of another thread, which runs: it has to close it");
	if (ebb_self.active == event)
		ebb_self.active = NULL;
	if (event->leader != event) {
		leave(event);
		close_one(event);
		return 0;
	}
	for (; event; event = next) {
		next = event->next;
		close_one(event);
	}
	return 0;
}

void ebb_event_stats(const struct ebb_event *event, struct ebb_stats *ret_stats)
{
	*ret_stats = (struct ebb_stats){
		.delivered = atomic_load(&event->delivered),
		.held = atomic_load(&event->held),
		.missed = atomic_load(&event->missed),
	};
}

int ebb_trigger(struct ebb_event *event)
{
	int result = check_owner(event);

	if (result < 0)
		return result;
	if (!event->leader->enabled)
		return ebb_fail(EINVAL, "the event is not enabled: ebb_event_enable()");
	return ebb_machine_trigger(event);
}

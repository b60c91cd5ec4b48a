/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What happens between two steps of the library: linked with --wrap=ioctl, so that an event can
 * overflow as soon as it is enabled.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../client/ebb/internal.h"
#include "source.h"
#include "tap.h"

#define THREADS 50
#define EVENTS  200

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct source *overflows_at_once;

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	unsigned long value;
	va_list arguments;
	int result;

	va_start(arguments, request);
	value = va_arg(arguments, unsigned long);
	va_end(arguments);
	result = __real_ioctl(fd, request, value);
	if (overflows_at_once && request == PERF_EVENT_IOC_ENABLE)
		overflows_at_once->overflow();
	return result;
}

static const struct source *find_source(void)
{
	const struct source *source = sources;

	while (source->optional)
		source++;
	return source;
}

static struct ebb_event *open_attr(const struct perf_event_attr *attr, uint64_t period)
{
	struct ebb_event *event = NULL;

	ebb_event_open(attr, period, NULL, 0, &event);
	return event;
}

static struct ebb_event *open_leader(const struct source *source)
{
	return open_attr(&source->leader, source->period);
}

static volatile unsigned calls;

static void close_it(struct ebb_event *event, void *context)
{
	(void)context;
	calls++;
	ebb_event_close(event);
}

static void count(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

static void check_close_in_enable(const struct source *source)
{
#ifdef __powerpc64__
	printf("ok %d - an event whose handler closes it while it is enabled # SKIP POWER's %s "
	       "cannot overflow before its period is written\n",
	       ++tap_count, source->name);
#else
	struct ebb_event *event = open_leader(source);
	unsigned descriptors = source_descriptors();
	int enabled;

	ebb_set_handler(close_it, NULL, EBB_SAVE_VSR);
	ebb_global_enable();
	overflows_at_once = source;
	enabled = event ? ebb_event_enable(event) : -1;
	overflows_at_once = NULL;
	ebb_global_disable();
	result(enabled == 0 && calls == 1 && source_descriptors() == descriptors - 1,
	       "an event whose handler closes it while it is enabled");
#endif
}

struct opener {
	struct ebb_event *event[EVENTS];
};

/* Of a kind that a thread can have many of. */
static void *open_in_thread(void *argument)
{
	static const struct perf_event_attr attr = {
#ifdef __powerpc64__
		.type = PERF_TYPE_RAW,
		.config = 0x1001e | EBB_CONFIG,
#else
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
#endif
		.exclude_kernel = 1,
		.pinned = 1,
		.exclusive = 1,
	};
	struct opener *opener = argument;

	for (int i = 0; i < EVENTS; i++)
		opener->event[i] = open_attr(&attr, EBB_PERIOD_MAX);
	return NULL;
}

/* The thread that events were on is joined, and not quite gone: the kernel detaches them yet. */
static void check_join(void)
{
	static struct opener opener;
	unsigned refused = 0;

	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		memset(&opener, 0, sizeof opener);
		if (pthread_create(&thread, NULL, open_in_thread, &opener) == 0)
			pthread_join(thread, NULL);
		for (int at = 0; at < EVENTS; at++)
			refused += !opener.event[at] || ebb_event_close(opener.event[at]) < 0;
	}
	printf("# %u of %d refused\n", refused, THREADS * EVENTS);
	result(refused == 0, "events of threads that were joined are closed");
}

static pthread_barrier_t barrier;
static pid_t other;

static void *wait_twice(void *argument)
{
	other = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return argument;
}

static void check_other_thread(const struct source *source)
{
	struct ebb_event *event = NULL;
	pthread_t thread;
	int enabled, closed;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, wait_twice, NULL) != 0)
		abort();
	pthread_barrier_wait(&barrier);
	ebb_event_open(&source->leader, source->period, NULL, other, &event);
	enabled = event ? ebb_event_enable(event) : 0;
	closed = event ? ebb_event_close(event) : 0;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	result(enabled == -EPERM, "to enable another thread's event: EPERM");
	result(closed == -EPERM, "to close it: EPERM");
	result(event && ebb_event_close(event) == 0, "to close it when the thread has ended");
}

/* A signal has to come through; a branch of the hardware does not mind. */
static void check_blocked(const struct source *source)
{
	struct ebb_event *event = open_leader(source);
	sigset_t trap;
	int blocked;
	unsigned before;

	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	ebb_set_handler(count, NULL, EBB_SAVE_VSR);
	ebb_global_enable();
	if (!event || ebb_event_enable(event) < 0) {
		result(false, "an event to branch by hand");
		return;
	}
	pthread_sigmask(SIG_BLOCK, &trap, NULL);
	before = calls;
	blocked = ebb_trigger(event);
#ifdef __powerpc64__
	result(blocked == 0 && calls > before, "by hand with SIGTRAP blocked: a branch");
#else
	result(blocked == -EINVAL && strstr(ebb_error(), "SIGTRAP") && calls == before,
	       "by hand with SIGTRAP blocked: EINVAL");
#endif
	pthread_sigmask(SIG_UNBLOCK, &trap, NULL);
	before = calls;
	result(ebb_trigger(event) == 0 && calls > before, "and unblocked: a branch");
	ebb_global_disable();
	ebb_event_close(event);
}

static int open_sized(const struct source *source, uint32_t size, char beyond)
{
	struct {
		struct perf_event_attr attr;
		char rest[8];
	} sized = { .attr = source->leader, .rest = { [4] = beyond } };
	struct ebb_event *event;
	int result;

	sized.attr.size = size;
	result = ebb_event_open(&sized.attr, source->period, NULL, 0, &event);
	if (result == 0)
		ebb_event_close(event);
	return result;
}

/* At the end of what the program may read. */
static bool opens_short(const struct source *source)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct perf_event_attr short_one = source->leader;
	struct ebb_event *event;

	if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) < 0)
		return false;
	short_one.size = PERF_ATTR_SIZE_VER1;
	memcpy(pages + page - PERF_ATTR_SIZE_VER1, &short_one, PERF_ATTR_SIZE_VER1);
	return ebb_event_open((struct perf_event_attr *)(pages + page - PERF_ATTR_SIZE_VER1),
			      source->period, NULL, 0, &event) == 0 &&
	       ebb_event_close(event) == 0;
}

/* No other way is taken for an event that is itself at fault. */
static void check_refusal(const struct source *source)
{
	struct perf_event_attr attr = source->leader;
	struct ebb_event *event;

	attr.use_clockid = 1;
	attr.clockid = 77;
	result(ebb_event_open(&attr, source->period, NULL, 0, &event) == -EINVAL && *ebb_error(),
	       "an event that the kernel does not take: EINVAL");
#ifndef __powerpc64__
	result(!ebb_signals_by_descriptor(), "and sigtrap is not given up for it");
#endif
}

static void check_size(const struct source *source)
{
	uint32_t size = sizeof(struct perf_event_attr);

	result(open_sized(source, 63, 0) == -EINVAL, "attributes of 63 bytes: EINVAL");
	result(open_sized(source, size, 1) == 0, "attributes of this header's size");
	result(open_sized(source, size + 8, 0) == 0, "longer ones with nothing beyond");
	result(open_sized(source, size + 8, 1) == -E2BIG, "longer ones with something: E2BIG");
	result(open_sized(source, 1 << 30, 0) == -E2BIG, "a size that is none: E2BIG");
	result(opens_short(source), "shorter ones are read to their end");
}

int main(void)
{
	const struct source *source = find_source();

	check_close_in_enable(source);
	check_join();
	check_other_thread(source);
	check_blocked(source);
	check_size(source);
	check_refusal(source);
	result(ebb_legacy(0xc0 | 0x2 << 16, &(struct perf_event_attr){ 0 }) == -EINVAL,
	       "a legacy event without PMCF_USR: EINVAL");
	return tap_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "perf_wrap.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/threads.h"
#include "unit.h"

struct perf_wrap perf_wrap;

const struct event page_faults = {
	.name = "PAGE_FAULTS",
	.kind = EVENT_PERF,
	.user = true,
	.kernel = true,
	.terms = 1,
	.term = { { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS } },
	.counted = "page-faults",
	.note = "",
};

const struct event cycles = {
	.name = "CYCLES",
	.kind = EVENT_PERF,
	.user = true,
	.kernel = true,
	.select = 0x30079,
	.terms = 1,
	.term = { { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES } },
	.counted = "cycles",
	.note = "",
};

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
int __real_ioctl(int fd, unsigned long request, long argument);
int __wrap_ioctl(int fd, unsigned long request, long argument);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_threads_list(pid_t thread, struct threads *ret_threads);
int __wrap_threads_list(pid_t thread, struct threads *ret_threads);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	perf_wrap.reads++;
	return perf_wrap.read ? perf_wrap.read(fd, buffer, size) : __real_read(fd, buffer, size);
}

int __wrap_ioctl(int fd, unsigned long request, long argument)
{
	perf_wrap.ioctls++;
	return perf_wrap.pretend ? 0 : __real_ioctl(fd, request, argument);
}

static long open_event(struct perf_call *call)
{
	int error = perf_wrap.open ? perf_wrap.open(call) : 0;

	if (perf_wrap.opens < COUNT(perf_wrap.call))
		perf_wrap.call[perf_wrap.opens] = *call;
	perf_wrap.opens++;
	if (error) {
		errno = error;
		return -1;
	}
	if (perf_wrap.pretend)
		return memfd_create("event", MFD_CLOEXEC);
	return __real_syscall(SYS_perf_event_open, &call->attr, call->thread, call->cpu,
			      call->group, call->flags);
}

/* The only one that this program makes by its number. */
long __wrap_syscall(long number, ...)
{
	struct perf_call call;
	va_list arguments;

	assert_int_equal(number, SYS_perf_event_open);
	va_start(arguments, number);
	call.attr = *va_arg(arguments, struct perf_event_attr *);
	call.thread = va_arg(arguments, pid_t);
	call.cpu = va_arg(arguments, int);
	call.group = va_arg(arguments, int);
	call.flags = va_arg(arguments, unsigned long);
	va_end(arguments);
	return open_event(&call);
}

int __wrap_threads_list(pid_t thread, struct threads *ret_threads)
{
	int result = __real_threads_list(thread, ret_threads);

	if (result == 0 && perf_wrap.threads) {
		free(ret_threads->thread);
		ret_threads->count = perf_wrap.threads;
		ret_threads->thread = calloc(ret_threads->count, sizeof(pid_t));
	}
	/* Every other one, so that no two in a row are equal. */
	if (result == 0 && perf_wrap.restless && perf_wrap.restless-- % 2) {
		ret_threads->thread =
			reallocarray(ret_threads->thread, ret_threads->count + 1, sizeof(pid_t));
		ret_threads->thread[ret_threads->count++] = ended_process();
	}
	return result;
}

ssize_t perf_real_read(int fd, void *buffer, size_t size)
{
	return __real_read(fd, buffer, size);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

int perf_unwrap(void **state)
{
	(void)state;
	perf_wrap = (struct perf_wrap){ 0 };
	return 0;
}

pid_t ended_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return child;
}

void fault(size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	madvise(memory, pages * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		((volatile char *)memory)[i * page] = 1;
	munmap(memory, pages * page);
}

void fault_on(unsigned cpu, size_t pages)
{
	cpu_set_t before;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	fault(pages);
	assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

bool can_open(const struct event *event)
{
	struct perf_call call = {
		.attr = { .size = sizeof call.attr,
			  .type = event->term[0].type,
			  .config = event->term[0].config,
			  .disabled = 1 },
		.thread = -1,
		.group = -1,
		.flags = PERF_FLAG_FD_CLOEXEC,
	};
	long fd = __real_syscall(SYS_perf_event_open, &call.attr, call.thread, call.cpu, call.group,
				 call.flags);

	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

void skip_without_perf(void)
{
	if (!can_open(&page_faults))
		SKIP("this kernel has no perf events for this user");
}

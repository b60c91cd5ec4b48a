/* SPDX-License-Identifier: BSD-2-Clause */
#include "work.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* Two instructions a turn, on each processor. */
#if defined(__x86_64__) || defined(__i386__)
#define LOOP(turns) __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc")
#elif defined(__aarch64__)
#define LOOP(turns) __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns) : : "cc")
#elif defined(__powerpc64__)
#define LOOP(turns) \
	__asm__ volatile("1: addic. %0, %0, -1\n\tbne 1b" : "+b"(turns) : : "cr0", "xer")
#endif

#ifdef LOOP
const bool have_loop = true;

void loop(uint64_t instructions)
{
	unsigned long turns = (unsigned long)(instructions / 2);

	LOOP(turns);
}
#else
const bool have_loop = false;

void loop(uint64_t instructions)
{
	(void)instructions;
	fail("no loop for this processor");
}
#endif

static int64_t cpu_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void burn(unsigned milliseconds)
{
	int64_t end = cpu_microseconds() + (int64_t)milliseconds * 1000;

	while (cpu_microseconds() < end)
		;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		fail("CPU %d: %s", cpu, strerror(errno));
}

int node_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		fail("%s: %s", path, strerrorname_np(errno));
	return fd;
}

static int ask(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) < 0 ? errno : 0;
}

int set_up(int fd, int counter, unsigned char event, unsigned char flags)
{
	struct pmc pmc = { .pmc_num = counter };

	pmc.pmc_event = event;
	pmc.pmc_flags = flags;
	return ask(fd, PMIOSETUP, &pmc);
}

int start(int fd, int counter)
{
	return ask(fd, PMIOSTART, &counter);
}

int stop(int fd, int counter)
{
	return ask(fd, PMIOSTOP, &counter);
}

int reset(int fd, int counter)
{
	return ask(fd, PMIORESET, &counter);
}

int read_count(int fd, int counter, int64_t *ret_count)
{
	struct pmc_data data = { .pmcd_num = counter };
	int result = ask(fd, PMIOREAD, &data);

	if (result == 0)
		*ret_count = data.pmcd_value;
	return result;
}

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
	exit(1);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a branch of libperfmon costs: a line `name ratio (a / b)` for each subject, a the library, b
 * the least that does the same. Blocks of both alternate, and the medians are compared.
 *
 * Signals (x86-64, arm64): b is a SIGTRAP handler of the same perf event. Each branch is timed,
 * from the instruction that causes it until the next one; its handler only counts.
 *
 * POWER: b is a handler that saves nothing (ebb_power.S). Instructions from an overflow until the
 * interrupted one: a loop of known length is run with branches and without, and the difference is
 * divided by the branches. The PMU stands in a handler, so the time base measures: on QEMU with
 * -icount an instruction takes one time whatever it is, and the loop without branches says how many
 * of them a tick is.
 */

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "figures.h"

static struct perf_event_attr leader(uint32_t type, uint64_t config)
{
	return (struct perf_event_attr){
		.type = type, .config = config, .exclude_kernel = 1, .pinned = 1, .exclusive = 1
	};
}

/* By the library, until ebb_event_close(). */
static struct ebb_event *open_branch(struct perf_event_attr attr, uint64_t period,
				     ebb_handler_t handler, int save)
{
	struct ebb_event *event = NULL;

	attr.config |= EBB_CONFIG;
	if (ebb_event_open(&attr, period, NULL, 0, &event) < 0 ||
	    ebb_set_handler(handler, NULL, save) < 0 || ebb_event_enable(event) < 0 ||
	    ebb_global_enable() < 0)
		figures_fail("%s", ebb_error());
	return event;
}

#ifdef __powerpc64__

#define BLOCKS       11
#define PERIOD       10000
#define ROUNDS       100000
#define INSTRUCTIONS 10 /* of a round */
#define LOST_MAX     10 /* blocks made again */

uint64_t ebb_power_loop(uint64_t rounds, void (*handler)(void), uint64_t pmc1);
void ebb_power_bare(void);

static void nothing(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
}

/* In ticks of the time base. */
static uint64_t time_loop(void (*handler)(void), uint64_t *ret_branches)
{
	uint64_t begin = __builtin_ppc_get_timebase();

	*ret_branches = ebb_power_loop(ROUNDS, handler, 0x80000000 - PERIOD);
	return __builtin_ppc_get_timebase() - begin;
}

static double instructions_of_a_branch(int save, void (*bare)(void))
{
	uint64_t branches, none, with, without = time_loop(NULL, &none);
	struct ebb_event *event = open_branch(leader(PERF_TYPE_RAW, 0x1001e /* cycles, on PMC1 */),
					      PERIOD, nothing, save);
	struct ebb_stats stats;
	static unsigned lost;

	with = time_loop(bare, &branches);
	ebb_global_disable();
	ebb_event_stats(event, &stats);
	ebb_event_close(event);
	if (!bare)
		branches = stats.delivered;
	/* QEMU 7.2 loses an alert in the tick of a kernel: about once in 500,000. */
	if (branches < ROUNDS * INSTRUCTIONS / PERIOD - 1) {
		if (++lost == LOST_MAX)
			figures_fail("fewer branches than periods: is QEMU's clock -icount?");
		return instructions_of_a_branch(save, bare);
	}
	return ((double)with - (double)without) / (double)without * ROUNDS * INSTRUCTIONS /
	       (double)branches;
}

/* Elsewhere an instruction takes its own time, and this would measure nothing. */
static bool is_exact(void)
{
	char line[200];
	bool found = false;
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && fgets(line, sizeof line, file))
		found = found || strstr(line, "emulated by qemu");
	if (file)
		fclose(file);
	return found;
}

static void measure(void)
{
	static const char *const names[] = { "gpr", "fpr", "vr", "vsr" };
	char name[32];
	double library[BLOCKS], bare[BLOCKS];

	if (!is_exact()) {
		printf("# ebb-power: instructions are counted by QEMU's machine alone\n");
		return;
	}
	for (int save = EBB_SAVE_GPR; save <= EBB_SAVE_VSR; save++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			library[i] = instructions_of_a_branch(save, NULL);
			bare[i] = instructions_of_a_branch(save, ebb_power_bare);
		}
		snprintf(name, sizeof name, "ebb-power-%s", names[save]);
		figures_print(name, "instructions", library, bare, BLOCKS, 50);
	}
}

#else

#define BLOCKS   20
#define BRANCHES 1000 /* of a block */
#define FIGURES  (BLOCKS * BRANCHES)

static long word;
static volatile uint64_t calls;
static double library[FIGURES], plain[FIGURES];

static void count_branch(struct ebb_event *event, void *context)
{
	(void)event;
	(void)context;
	calls++;
}

static void count_signal(int number, siginfo_t *info, void *frame)
{
	(void)number;
	(void)info;
	(void)frame;
	calls++;
}

static int open_signal(struct perf_event_attr attr)
{
	int event;

	attr.size = sizeof attr;
	attr.sample_period = 1;
	attr.sigtrap = attr.remove_on_exec = 1;
	event = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		figures_fail("the perf event of the plain handler cannot be opened");
	return event;
}

/* So that neither a signal's frame nor a figure is on a new page, which would be an event as well.
 */
static void touch(void)
{
	volatile char stack[256 * 1024];

	for (size_t i = 0; i < sizeof stack; i += 1024)
		stack[i] = 1;
	memset(library, 0xff, sizeof library);
	memset(plain, 0xff, sizeof plain);
}

/* stride: from one store to the next; 0 for the same word. */
static void time_stores(char *first, size_t stride, double *figures)
{
	for (unsigned i = 0; i < BRANCHES; i++) {
		double begin = figures_now();

		*(volatile char *)(first + i * stride) = 1;
		figures[i] = figures_now() - begin;
	}
}

static void run_block(const struct perf_event_attr *attr, char *first, size_t stride,
		      bool by_library, double *figures)
{
	struct sigaction of_library,
		trap = { .sa_sigaction = count_signal, .sa_flags = SA_SIGINFO };

	calls = 0;
	if (stride)
		madvise(first, stride * BRANCHES, MADV_DONTNEED);
	if (by_library) {
		struct ebb_event *event = open_branch(*attr, 1, count_branch, EBB_SAVE_VSR);

		time_stores(first, stride, figures);
		ebb_event_close(event);
	} else {
		int event;

		sigaction(SIGTRAP, &trap, &of_library);
		event = open_signal(*attr);
		time_stores(first, stride, figures);
		close(event);
		sigaction(SIGTRAP, &of_library, NULL);
	}
	if (calls < BRANCHES)
		figures_fail("stores without a branch");
}

static void compare(const char *name, const struct perf_event_attr *attr, char *first,
		    size_t stride)
{
	/* The library's handler of the signal is there from its first block on. */
	for (unsigned block = 0; block < BLOCKS; block++) {
		run_block(attr, first, stride, true, library + (size_t)block * BRANCHES);
		run_block(attr, first, stride, false, plain + (size_t)block * BRANCHES);
	}
	figures_print(name, "ns", library, plain, FIGURES, 50);
	figures_print(name, "ns", library, plain, FIGURES, 99);
}

static void measure(void)
{
	struct perf_event_attr faults = leader(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
	struct perf_event_attr writes = leader(PERF_TYPE_BREAKPOINT, 0);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, page * BRANCHES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* EINVAL: this kernel has no huge pages. */
	if (pages == MAP_FAILED ||
	    (madvise(pages, page * BRANCHES, MADV_NOHUGEPAGE) < 0 && errno != EINVAL))
		figures_fail("no pages to touch");
	touch();
	compare("ebb-page-fault", &faults, pages, page);
	writes.bp_type = HW_BREAKPOINT_W;
	writes.bp_addr = (uintptr_t)&word;
	writes.bp_len = sizeof word;
#ifdef __x86_64__
	compare("ebb-write", &writes, (char *)&word, 0);
#else
	printf("# ebb-write: breakpoints branch on x86-64 alone\n");
#endif
}

#endif

int main(void)
{
	cpu_set_t set;

	if (syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) < 0 && errno == ENOSYS) {
		puts("# ebb: this kernel has no perf events");
		return EXIT_SUCCESS;
	}
	CPU_ZERO(&set);
	CPU_SET((unsigned)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		figures_fail("cannot stay on one CPU");
	measure();
	return EXIT_SUCCESS;
}

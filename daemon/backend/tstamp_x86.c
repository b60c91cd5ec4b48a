/* SPDX-License-Identifier: BSD-2-Clause */
#include <cpuid.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "backend/tstamp_counter.h"
#include "backend/tstamp_cpuid.h"
#include "backend/tstamp_rate.h"

static struct cpuid read_leaf(const struct cpuid_source *source, uint32_t leaf)
{
	struct cpuid result;

	(void)source;
	__cpuid_count(leaf, 0, result.eax, result.ebx, result.ecx, result.edx);
	return result;
}

static const struct cpuid_source this_cpu = { .read = read_leaf };

static uint64_t crystal_hz(void)
{
	return cpuid_crystal_hz(&this_cpu);
}

static uint64_t base_hz(void)
{
	return cpuid_base_hz(&this_cpu);
}

static uint64_t hypervisor_hz(void)
{
	return cpuid_hypervisor_hz(&this_cpu);
}

static uint64_t mapped_hz(int fd)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_event_mmap_page *page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t hz = 0;

	if (page == MAP_FAILED)
		return 0;
	/* Nobody else writes it meanwhile: the event is disabled. */
	if (page->cap_user_time)
		hz = tstamp_rate_of_perf(page->time_mult, page->time_shift);
	munmap(page, size);
	return hz;
}

/*
 * The kernel's own figure, which every event's page has, also that of an event that counts nothing.
 * It is absent where the kernel does not keep its time by the TSC, as under a paravirtual clock.
 */
static uint64_t perf_hz(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof attr,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	uint64_t hz;

	if (fd < 0)
		return 0;
	hz = mapped_hz(fd);
	close(fd);
	return hz;
}

bool tstamp_counter_usable(void)
{
	int mode = PR_TSC_ENABLE;

	/* CPUID itself is missing on a 486. */
	if (__get_cpuid_max(0, NULL) == 0 || !cpuid_has_tsc(&this_cpu))
		return false;
	/* A kernel without the call cannot turn the counter off. */
	return prctl(PR_GET_TSC, &mode) != 0 || mode == PR_TSC_ENABLE;
}

uint64_t tstamp_counter_read(void)
{
	return __rdtsc();
}

const struct tstamp_claim tstamp_counter_claims[] = {
	{ "tsc (CPUID 15H)", crystal_hz },
	{ "tsc (CPUID 16H)", base_hz },
	{ "tsc (CPUID 40000010H)", hypervisor_hz },
	{ "tsc (perf)", perf_hz },
	{ NULL, NULL },
};

const char tstamp_counter_calibrated[] = "tsc (calibrated)";

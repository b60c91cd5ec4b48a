/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/attributes.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <stdbool.h>

#define EBB        (UINT64_C(1) << 63)
#define PERIOD_MAX 0x7fffffff

/*
 * Shorter periods would leave the target nothing but its handler: of a clock, and of a PMU's event
 * where a signal branches. On POWER the counters stand while the handler runs.
 */
#define CLOCK_PERIOD_MIN 100000
#ifdef __powerpc64__
#define PMU_PERIOD_MIN 1
#else
#define PMU_PERIOD_MIN 1000
#endif

/*
 * What a raw event's config may have. On x86 (Intel SDM 20.2.1.1, AMD PPR PERF_CTL): event, unit
 * mask, edge, invert, counter mask, and AMD's upper event bits; not AnyThread (21), by which a
 * client would count what another's program does beside its own. On arm64 the event number. POWER's
 * kernel checks all of it.
 */
#if defined __x86_64__ || defined __i386__
#define RAW_BITS UINT64_C(0xfff84ffff)
#elif defined __aarch64__
#define RAW_BITS UINT64_C(0xffff)
#else
#define RAW_BITS (~EBB)
#endif

static int check_software(uint64_t config, uint32_t period)
{
	switch (config) {
	case PERF_COUNT_SW_CPU_CLOCK:
	case PERF_COUNT_SW_TASK_CLOCK:
		return period >= CLOCK_PERIOD_MIN ? 0 : -EINVAL;
	case PERF_COUNT_SW_PAGE_FAULTS:
	case PERF_COUNT_SW_PAGE_FAULTS_MIN:
	case PERF_COUNT_SW_PAGE_FAULTS_MAJ:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int check_source(uint32_t type, uint64_t config, uint32_t period)
{
	switch (type) {
	case PERF_TYPE_HARDWARE:
	case PERF_TYPE_HW_CACHE:
		return period >= PMU_PERIOD_MIN ? 0 : -EINVAL;
	case PERF_TYPE_RAW:
		return config & ~RAW_BITS || period < PMU_PERIOD_MIN ? -EINVAL : 0;
#if defined __x86_64__ || defined __i386__
	/* Elsewhere the signal comes before the store, which so would never be made. */
	case PERF_TYPE_BREAKPOINT:
		return 0;
#endif
	case PERF_TYPE_SOFTWARE:
		return check_software(config, period);
	default:
		/* Some take an address of perfmond's own memory (kprobe), or see the kernel. */
		return -EOPNOTSUPP;
	}
}

/* On POWER the hardware branches, and bit 63 asks it to; elsewhere a signal does. */
static void choose_way(const struct perfmon_ebb *request, struct perf_event_attr *attr)
{
#ifdef __powerpc64__
	attr->config = request->peb_config;
#else
	attr->config = request->peb_config & ~EBB;
	attr->sample_period = request->peb_period;
	attr->sigtrap = 1;
#endif
	/* The connection, by which perfmond has the event open, ends with exec as well, but later.
	 */
	attr->remove_on_exec = 1;
}

int branch_attributes(const struct perfmon_ebb *request, struct perf_event_attr *ret_attr)
{
	bool leads = request->peb_leader == 0;
	bool breaks = request->peb_type == PERF_TYPE_BREAKPOINT;
	struct perf_event_attr attr = {
		.size = sizeof attr,
		.type = request->peb_type,
		.disabled = leads,
		.pinned = leads,
		.exclusive = leads,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int result;

	if (!(request->peb_config & EBB) || request->peb_period < 1 ||
	    request->peb_period > PERIOD_MAX ||
	    (!breaks && (request->peb_address || request->peb_length)))
		return -EINVAL;
	result = check_source(request->peb_type, request->peb_config & ~EBB, request->peb_period);
	if (result < 0)
		return result;
	if (breaks) {
		attr.bp_type = HW_BREAKPOINT_W;
		attr.bp_addr = request->peb_address;
		attr.bp_len = request->peb_length;
	}
	choose_way(request, &attr);
	*ret_attr = attr;
	return 0;
}

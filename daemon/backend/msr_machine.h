/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MSR_MACHINE_H
#define PERFMOND_BACKEND_MSR_MACHINE_H

#include <stdbool.h>

#include "backend/backend.h"
#include "backend/cpulist.h"
#include "backend/pmu.h"
#include "backend/registers.h"

/* This machine, as the backend msr finds it: what msr_files.c and msr_check.c share. */

#define MSR_DIRECTORY    "/dev/cpu"
#define MSR_LOCK         "/dev/cpu/0/msr"
#define MSR_NMI_WATCHDOG "/proc/sys/kernel/nmi_watchdog"

struct msr_machine {
	struct cpulist cpus;
	struct pmu pmu;
	struct registers *registers;
};

/*
 * Finds the CPUs that are online, and by CPUID how their counters are programmed; opens nothing for
 * good. The caller frees cpus.cpu, unless it opens the machine. Errors: -ENODEV with *ret_reason
 * why there is no PMU, a literal; else *ret_reason is NULL and the error is logged, as
 * cpulist_online() has it.
 */
int msr_machine_find(struct msr_machine *ret_machine, const char **ret_reason);

/*
 * Opens the registers of a machine that was found, and finds out what IA32_PERF_CAPABILITIES adds.
 * The caller closes them, which frees cpus.cpu too. lock and errors: as register_files_open(); on
 * failure cpus.cpu has been freed.
 */
int msr_machine_open(struct msr_machine *machine, int lock);

/* Why the kernel would refuse every write of a register, and what to do about it. */
struct msr_ban {
	char reason[128];
	const char *remedy;
};

/* Whether there is such a ban: a lockdown, or msr.allow_writes=off. */
bool msr_machine_is_banned(struct msr_ban *ret_ban);

/*
 * The path of the journal: one for all nodes of a state directory, as there is one lock of the
 * registers. NULL without memory; the caller frees it.
 */
char *msr_machine_journal(const struct backend_options *options);

/* struct backend_operations' check, of the backend msr. */
int msr_check(const struct backend_options *options, struct report *report);

#endif

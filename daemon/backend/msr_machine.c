/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/msr_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

#define ALLOW_WRITES "/sys/module/msr/parameters/allow_writes"

int msr_machine_find(struct msr_machine *ret_machine, const char **ret_reason)
{
	struct msr_machine machine = { 0 };
	struct cpuid_file cpuid;
	int result = cpulist_online(&machine.cpus);

	*ret_reason = NULL;
	if (result < 0)
		return result;
	cpuid_open(MSR_DIRECTORY, machine.cpus.cpu[0], &cpuid);
	result = pmu_identify(&cpuid.source, 0, &machine.pmu, ret_reason);
	cpuid_close(&cpuid);
	if (result < 0)
		free(machine.cpus.cpu);
	else
		*ret_machine = machine;
	return result;
}

/* One model for all CPUs: on a hybrid machine both kinds have Intel's architectural counters. */
static void refine(struct msr_machine *machine)
{
	struct registers *registers = machine->registers;
	uint64_t capabilities = 0;
	const char *reason;
	struct cpuid_file cpuid;

	cpuid_open(MSR_DIRECTORY, machine->cpus.cpu[0], &cpuid);
	if (pmu_has_capabilities(&cpuid.source)) {
		(void)registers->operations->read(registers, 0, PMU_CAPABILITIES, &capabilities);
		(void)pmu_identify(&cpuid.source, capabilities, &machine->pmu, &reason);
	}
	cpuid_close(&cpuid);
}

int msr_machine_open(struct msr_machine *machine, int lock)
{
	int result = register_files_open(MSR_DIRECTORY, &machine->cpus, lock, &machine->registers);

	if (result < 0)
		free(machine->cpus.cpu);
	else
		refine(machine);
	return result;
}

bool msr_machine_is_banned(struct msr_ban *ret_ban)
{
	const char *lockdown = probe_lockdown();
	char writes[16];

	probe_setting(ALLOW_WRITES, writes, sizeof writes);
	if (strcmp(lockdown, "none") != 0) {
		snprintf(ret_ban->reason, sizeof ret_ban->reason,
			 "the kernel is locked down (%s) and forbids writes", lockdown);
		ret_ban->remedy = "boot without lockdown";
		return true;
	}
	if (strcmp(writes, "off") != 0)
		return false;
	snprintf(ret_ban->reason, sizeof ret_ban->reason,
		 "the module forbids writes (msr.allow_writes=off)");
	ret_ban->remedy = "echo on >" ALLOW_WRITES;
	return true;
}

char *msr_machine_journal(const struct backend_options *options)
{
	char *path;

	return asprintf(&path, "%s/msr/journal", options->state_directory) < 0 ? NULL : path;
}

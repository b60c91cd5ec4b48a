/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/msr.h"
#include "log.h"
#include "probe.h"
#include "report.h"

#define DIRECTORY    "/dev/cpu"
#define NMI_WATCHDOG "/proc/sys/kernel/nmi_watchdog"

static const char *describe(const struct pmu *pmu)
{
	static const char *const descriptions[][2] = {
		{ "p5", "msr (Pentium counters)" },
		{ "p6", "msr (P6 counters)" },
		{ "arch", "msr (Intel architectural counters)" },
		{ "amd", "msr (AMD counters)" },
	};

	for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++)
		if (strcmp(descriptions[i][0], pmu->name) == 0)
			return descriptions[i][1];
	return "msr";
}

/*
 * One model for all CPUs: on a hybrid machine both kinds have Intel's architectural counters. What
 * the capabilities add can be read once the registers are open; whether there is a PMU is told
 * before.
 */
static int identify(const struct cpuid_source *source, const struct cpulist *cpus,
		    struct registers **ret_registers, struct pmu *ret_pmu, const char **ret_reason)
{
	uint64_t capabilities = 0;
	int result = pmu_identify(source, 0, ret_pmu, ret_reason);

	if (result < 0)
		return result;
	result = register_files_open(DIRECTORY, cpus, ret_registers);
	if (result < 0 || !pmu_has_capabilities(source))
		return result;
	(void)(*ret_registers)
		->operations->read(*ret_registers, 0, PMU_CAPABILITIES, &capabilities);
	return pmu_identify(source, capabilities, ret_pmu, ret_reason);
}

/* *ret_reason stays NULL where the files cannot be opened, which has been logged. */
static int open_machine(struct registers **ret_registers, struct pmu *ret_pmu,
			const char **ret_reason)
{
	struct cpuid_file cpuid;
	struct cpulist cpus;
	int result = cpulist_online(&cpus);

	*ret_reason = NULL;
	if (result < 0)
		return result;
	cpuid_open(DIRECTORY, cpus.cpu[0], &cpuid);
	result = identify(&cpuid.source, &cpus, ret_registers, ret_pmu, ret_reason);
	cpuid_close(&cpuid);
	if (result < 0)
		free(cpus.cpu);
	return result;
}

static int msr_files_open(const struct backend_options *options, struct backend **ret_backend)
{
	struct msr_options msr_options = { .nmi_watchdog = NMI_WATCHDOG, .taints = true };
	struct registers *registers;
	const char *reason;
	char *journal = NULL;
	struct pmu pmu;
	int result = open_machine(&registers, &pmu, &reason);

	if (result < 0) {
		if (reason)
			log_error("backend msr: %s", reason);
		return result;
	}
	if (asprintf(&journal, "%s/%s.journal", options->state_directory, options->node) < 0) {
		journal = NULL;
		result = -ENOMEM;
		goto cleanup;
	}
	msr_options.journal = journal;
	msr_options.description = describe(&pmu);
	result = msr_open(registers, &pmu, &msr_options, &msr_backend, ret_backend);
cleanup:
	free(journal);
	if (result < 0)
		registers->operations->close(registers);
	return result;
}

/* Whoever has counter 0 of the first CPU, by reading alone: a guess that SETUP checks. */
static bool has_counter_enabled(struct registers *registers, const struct pmu *pmu)
{
	uint64_t select = 0;

	(void)registers->operations->read(registers, 0, pmu->counter[0].select, &select);
	return select & pmu->counter[0].enable;
}

static const char *find_remedy(void)
{
	if (!probe_capability(CAP_SYS_RAWIO))
		return "start perfmond as root, with CAP_SYS_RAWIO";
	return probe_module("msr") ? "modprobe msr" : "a kernel with CONFIG_X86_MSR";
}

static void report_usable(struct report *report, struct registers *registers, const struct pmu *pmu)
{
	char writes[16];
	char watchdog[16];

	probe_setting("/sys/module/msr/parameters/allow_writes", writes, sizeof writes);
	probe_setting(NMI_WATCHDOG, watchdog, sizeof watchdog);
	if (strcmp(probe_lockdown(), "none") != 0)
		report_add(report, "backend", "msr", false, "boot without lockdown",
			   "the kernel is locked down (%s) and forbids writes", probe_lockdown());
	else if (strcmp(writes, "off") == 0)
		report_add(report, "backend", "msr", false,
			   "echo on >/sys/module/msr/parameters/allow_writes",
			   "the module forbids writes (msr.allow_writes=off)");
	else if (strcmp(watchdog, "1") == 0)
		report_add(report, "backend", "msr", true, "sysctl kernel.nmi_watchdog=0",
			   "%s counters; the NMI watchdog may hold one", pmu->name);
	else
		report_add(report, "backend", "msr", true,
			   has_counter_enabled(registers, pmu)
				   ? "end the program that uses counter 0 (perf?)"
				   : NULL,
			   "%s counters%s; the first write taints the kernel", pmu->name,
			   has_counter_enabled(registers, pmu) ? "; counter 0 is in use" : "");
}

static int msr_files_check(const struct backend_options *options, struct report *report)
{
	struct registers *registers;
	const char *reason;
	struct pmu pmu;
	int result = open_machine(&registers, &pmu, &reason);

	(void)options;
	if (result < 0) {
		if (reason)
			report_add(report, "backend", "msr", false,
				   probe_hypervisor() ? "a host that lends its guests a PMU" : NULL,
				   "%s", reason);
		else
			report_add(report, "backend", "msr", false, find_remedy(),
				   DIRECTORY "/N/msr cannot be opened: %s", strerror(-result));
		return result;
	}
	report_usable(report, registers, &pmu);
	report->native = true;
	report->legacy = false;
	report->cpu = pmu.cpu;
	registers->operations->close(registers);
	return 0;
}

const struct backend_operations msr_backend = {
	.name = "msr",
	.check = msr_files_check,
	.open = msr_files_open,
	.close = msr_close,
	.setup = msr_setup,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read,
	.release = msr_release,
};

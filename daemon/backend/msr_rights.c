/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>

#include "backend/msr_state.h"
#include "rights.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The address of a register is the offset in its file, msr(4). */
static void add_register(struct rights *rights, const char *name, uint32_t address)
{
	const struct rights_call call = {
		.name = name, .argument = 3, .mask = UINT64_MAX, .value = address
	};

	if (address != 0)
		rights_add_calls(rights, &call, 1);
}

static void add_counters(const struct pmu *pmu, struct rights *rights)
{
	for (unsigned i = 0; i < NPMC; i++) {
		const struct pmu_counter *counter = &pmu->counter[i];

		/* A P5 has one select for both. */
		if (i == 0 || counter->select != pmu->counter[0].select) {
			add_register(rights, "pread64", counter->select);
			add_register(rights, "pwrite64", counter->select);
		}
		add_register(rights, "pread64", counter->value);
		add_register(rights, "pwrite64", counter->restore);
	}
}

/*
 * The files of the registers take a write of any register, by which who has one has the kernel: the
 * counters' own alone are left. The journal is written and removed in its directory.
 */
void msr_add_rights(const struct backend *backend, struct rights *rights)
{
	static const struct rights_call calls[] = {
		{ .name = "fsync" },
		{ .name = "openat",
		  .argument = 2,
		  .mask = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW,
		  .value = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW },
		{ .name = "rename" },
		{ .name = "unlink" },
	};
	const struct msr_backend *self = (const struct msr_backend *)backend;
	const struct pmu *pmu = &self->pmu;
	char journal[PATH_MAX];

	add_counters(pmu, rights);
	add_register(rights, "pread64", pmu->global_control);
	add_register(rights, "pwrite64", pmu->global_control);
	add_register(rights, "pread64", pmu->global_status);
	add_register(rights, "pwrite64", pmu->status_reset);
	add_register(rights, "pread64", pmu->in_use);
	rights_add_calls(rights, calls, COUNT(calls));
	rights_add_path(rights, "/proc", false);
	rights_add_path(rights, "/sys/devices/system/cpu", false);
	snprintf(journal, sizeof journal, "%s", self->journal);
	rights_add_path(rights, dirname(journal), true);
}

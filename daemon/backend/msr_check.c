/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/journal.h"
#include "backend/msr_machine.h"
#include "probe.h"
#include "report.h"

/* What is left of a perfmond that was killed. */
struct left {
	enum {
		LEFT_NOTHING,
		LEFT_OTHER_BOOT,
		LEFT_PENDING,
		LEFT_OTHER_MODEL,
		LEFT_BAD,
	} state;
	int error;      /* LEFT_BAD: of journal_read() */
	char model[16]; /* of whose registers the journal tells */
};

static struct left look_at_journal(const char *path)
{
	struct left left = { .state = LEFT_NOTHING };
	struct journal journal;

	left.error = journal_read(path, &journal);
	if (left.error == 0) {
		left.state = LEFT_PENDING;
		memcpy(left.model, journal.model, sizeof left.model);
		free(journal.entry);
	} else if (left.error == -ESTALE) {
		left.state = LEFT_OTHER_BOOT;
	} else if (left.error != -ENOENT) {
		left.state = LEFT_BAD;
	}
	return left;
}

/* can_open: a start could put the registers back. */
static void report_left(struct report *report, const char *path, const struct left *left,
			bool can_open)
{
	switch (left->state) {
	case LEFT_NOTHING:
		break;
	case LEFT_OTHER_BOOT:
		report_add(report, "journal", path, true, NULL,
			   "of another boot, which reset the registers: a start removes it");
		break;
	case LEFT_PENDING:
		report_add(report, "journal", path, can_open,
			   can_open ? NULL
				    : "do what is said of the backend msr, or reboot, which resets "
				      "the registers",
			   can_open
				   ? "registers that a killed perfmond changed: a start puts them "
				     "back"
				   : "registers that a killed perfmond changed cannot be put back");
		break;
	case LEFT_OTHER_MODEL:
		report_add(report, "journal", path, false, "remove it",
			   "of a CPU of the kind %s, which this one is not", left->model);
		break;
	case LEFT_BAD:
		report_add(report, "journal", path, false,
			   left->error == -EBADMSG
				   ? "reboot, which resets the registers, or put them back by hand "
				     "(wrmsr); then remove it"
				   : "cure that, or reboot, which resets the registers",
			   "it cannot be told from it which registers a killed perfmond changed: "
			   "%s",
			   left->error == -EBADMSG ? "torn, tampered with, or not root's own"
						   : strerror(-left->error));
		break;
	}
}

/* Whoever has counter 0 of the first CPU, by reading alone: a guess that SETUP checks. */
static bool has_counter_enabled(const struct msr_machine *machine)
{
	uint64_t select = 0;

	(void)machine->registers->operations->read(machine->registers, 0,
						   machine->pmu.counter[0].select, &select);
	return select & machine->pmu.counter[0].enable;
}

static void report_usable(struct report *report, const struct msr_machine *machine)
{
	bool in_use = has_counter_enabled(machine);
	char watchdog[16];

	probe_setting(MSR_NMI_WATCHDOG, watchdog, sizeof watchdog);
	if (strcmp(watchdog, "1") == 0)
		report_add(report, "backend", "msr", true, "sysctl kernel.nmi_watchdog=0",
			   "%s counters; the NMI watchdog may hold one", machine->pmu.name);
	else
		report_add(report, "backend", "msr", true,
			   in_use ? "end the program that uses counter 0 (perf?)" : NULL,
			   "%s counters%s; the first write taints the kernel", machine->pmu.name,
			   in_use ? "; counter 0 is in use" : "");
	report->source =
		(struct event_source){ .native = true, .pmu = true, .cpu.class = machine->pmu.cpu };
}

static int refuse_held(struct report *report, long holder)
{
	char remedy[64];

	snprintf(remedy, sizeof remedy, "stop it (kill %ld)", holder);
	report_add(report, "backend", "msr", false, remedy,
		   "another perfmond has the registers: process %ld has locked " MSR_LOCK, holder);
	return -EBUSY;
}

/* The files are there with the module, which the kernel may not have. */
static int refuse_files(struct report *report, int error)
{
	const char *remedy = register_files_remedy(error);

	if (error == -ENOENT && !probe_module("msr"))
		remedy = "a kernel with CONFIG_X86_MSR";
	report_add(report, "backend", "msr", false, remedy,
		   MSR_DIRECTORY "/N/msr cannot be opened: %s", strerror(-error));
	return error;
}

static int refuse_journal(struct report *report, const struct left *left)
{
	report_add(report, "backend", "msr", false, "see the journal below",
		   "a journal of changed registers that cannot be followed");
	return left->state == LEFT_BAD ? left->error : -EBADMSG;
}

/* Not the lock, which a start at the same moment would miss. */
static int check_found(struct report *report, struct msr_machine *machine, long holder,
		       struct left *left)
{
	struct msr_ban ban;
	int result;

	if (left->state == LEFT_PENDING && strcmp(left->model, machine->pmu.name) != 0)
		left->state = LEFT_OTHER_MODEL;
	if (holder > 0 || left->state == LEFT_OTHER_MODEL || left->state == LEFT_BAD) {
		free(machine->cpus.cpu);
		return holder > 0 ? refuse_held(report, holder) : refuse_journal(report, left);
	}
	if (msr_machine_is_banned(&ban)) {
		free(machine->cpus.cpu);
		report_add(report, "backend", "msr", false, ban.remedy, "%s", ban.reason);
		return -EPERM;
	}
	result = msr_machine_open(machine, -1);
	if (result < 0)
		return refuse_files(report, result);
	report_usable(report, machine);
	machine->registers->operations->close(machine->registers);
	return 0;
}

static int check_machine(struct report *report, long holder, struct left *left)
{
	struct msr_machine machine;
	const char *reason;
	int result = msr_machine_find(&machine, &reason);

	if (result == 0)
		return check_found(report, &machine, holder, left);
	if (reason)
		report_add(report, "backend", "msr", false,
			   probe_hypervisor() ? "a host that lends its guests a PMU" : NULL, "%s",
			   reason);
	else
		report_add(report, "backend", "msr", false, NULL,
			   "which CPUs are online cannot be told: %s", strerror(-result));
	return result;
}

int msr_check(const struct backend_options *options, struct report *report)
{
	long holder = probe_lock_holder(MSR_LOCK, 0);
	char *path = msr_machine_journal(options);
	struct left left = { .state = LEFT_NOTHING };
	int result;

	if (!path) {
		report_add(report, "backend", "msr", false, NULL, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	/* A running perfmond's journal is its own. */
	if (holder == 0)
		left = look_at_journal(path);
	result = check_machine(report, holder, &left);
	report_left(report, path, &left, result == 0);
	free(path);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/journal.h"
#include "backend/msr.h"
#include "backend/msr_machine.h"
#include "log.h"
#include "probe.h"

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

static void log_unlocked(int error)
{
	const char *remedy = register_files_remedy(error);
	long holder = probe_lock_holder(MSR_LOCK, 0);

	if (error == -EBUSY && holder > 0)
		log_error("backend msr: another perfmond has the registers: process %ld has "
			  "locked " MSR_LOCK "; stop it first (kill %ld)",
			  holder, holder);
	else if (error == -EBUSY)
		log_error("backend msr: another perfmond has the registers: a process of another "
			  "PID namespace has locked " MSR_LOCK "; stop it first");
	else
		log_error(MSR_LOCK ": %s%s%s", strerror(-error), remedy ? "; " : "",
			  remedy ? remedy : "");
}

/*
 * lock: of register_files_lock(), or its error, which counts where there is a PMU. On failure the
 * lock is the caller's still.
 */
static int open_machine(int lock, struct msr_machine *ret_machine)
{
	const char *reason;
	struct msr_ban ban;
	int result = msr_machine_find(ret_machine, &reason);

	if (result < 0) {
		if (reason)
			log_error("backend msr: %s", reason);
		return result;
	}
	if (lock < 0) {
		log_unlocked(lock);
		result = lock;
	} else if (msr_machine_is_banned(&ban)) {
		log_error("backend msr: %s; %s", ban.reason, ban.remedy);
		result = -EPERM;
	}
	if (result < 0) {
		free(ret_machine->cpus.cpu);
		return result;
	}
	return msr_machine_open(ret_machine, lock);
}

/* The journal's directory, made where it is missing, becomes the user's: he writes it from here on.
 */
static int lend_directory(const struct backend_options *options, char *journal)
{
	const char *directory = dirname(journal);
	int result = 0;

	if ((mkdir(directory, 0700) < 0 && errno != EEXIST) ||
	    chown(directory, options->user, options->group) < 0) {
		result = -errno;
		log_error("%s: %s: the journal of changed registers goes there (--state-dir)",
			  directory, strerror(-result));
	}
	return result;
}

/* Takes the lock over, or its error. */
static int open_locked(const struct backend_options *options, int lock,
		       struct backend **ret_backend)
{
	struct msr_options msr_options = { .nmi_watchdog = MSR_NMI_WATCHDOG, .taints = true };
	struct msr_machine machine;
	struct backend *backend;
	char *journal = NULL;
	int result = open_machine(lock, &machine);

	if (result < 0) {
		if (lock >= 0)
			close(lock);
		return result;
	}
	journal = msr_machine_journal(options);
	if (!journal) {
		result = -ENOMEM;
		goto cleanup;
	}
	msr_options.journal = journal;
	msr_options.description = describe(&machine.pmu);
	result = msr_open(machine.registers, &machine.pmu, &msr_options, &msr_backend, &backend);
	if (result < 0)
		goto cleanup;
	/* It has the registers from here on. */
	machine.registers = NULL;
	result = lend_directory(options, journal);
	if (result < 0)
		msr_close(backend);
	else
		*ret_backend = backend;
cleanup:
	free(journal);
	if (result < 0 && machine.registers)
		machine.registers->operations->close(machine.registers);
	return result;
}

static int msr_files_open(const struct backend_options *options, struct backend **ret_backend)
{
	return open_locked(options, register_files_lock(MSR_LOCK), ret_backend);
}

/*
 * Opening the backend puts the registers back. A journal of another boot, which is dropped, takes
 * no register: without the module there may be none. Takes the lock over, or its error.
 */
static int recover(const struct backend_options *options, const char *path, int lock)
{
	struct backend *backend;
	struct journal journal;
	int result = journal_take(path, &journal);

	if (result == 0) {
		free(journal.entry);
		result = open_locked(options, lock, &backend);
		if (result == 0)
			msr_close(backend);
		return result;
	}
	if (lock >= 0)
		close(lock);
	return result == -ENOENT ? 0 : result;
}

void msr_recover(const struct backend_options *options)
{
	char *path = msr_machine_journal(options);
	int lock;

	if (!path) {
		log_warning("%s/msr/journal: registers that a killed perfmond changed stay as they "
			    "are: %s; start perfmond again, or reboot, which resets them",
			    options->state_directory, strerror(ENOMEM));
		return;
	}
	/*
	 * Not what a symbolic link names: the link itself is refused. What cannot be looked at may
	 * be there, and reading it tells why.
	 */
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (errno == ENOENT || errno == ENOTDIR)) {
		free(path);
		return;
	}
	/* The lock first: whoever holds it may be writing this journal. */
	lock = register_files_lock(MSR_LOCK);
	if (lock == -EBUSY)
		log_info("%s: left to the perfmond that has the registers", path);
	else if (recover(options, path, lock) < 0)
		log_warning("%s: registers that a killed perfmond changed stay as they are: do "
			    "what the line before says and start perfmond again, or reboot, which "
			    "resets them",
			    path);
	free(path);
}

const struct backend_operations msr_backend = {
	.name = "msr",
	.check = msr_check,
	.open = msr_files_open,
	.add_rights = msr_add_rights,
	.close = msr_close,
	.setup = msr_setup,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read,
	.release = msr_release,
};

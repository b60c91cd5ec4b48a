/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_JOURNAL_H
#define PERFMOND_BACKEND_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the registers held before perfmond changed them, on disk before the first change, so that
 * the next start can put them back after a kill -9.
 *
 * A text file, one line per entry, with the boot id of the kernel (a reboot resets the registers)
 * and a CRC-32 over all that stands before the last line. Written to a new file, flushed, and
 * renamed over the old one; the directory is flushed as well. The CRC finds accidents; against
 * malice there are the file's owner and mode.
 *
 * One process at a time may write a journal: its caller holds the lock of the registers that it
 * tells of (register_files_lock()).
 */
#define JOURNAL_CPUS_MAX 8192 /* the greatest NR_CPUS of an x86 kernel, arch/x86/Kconfig */

struct journal_entry {
	unsigned cpu;          /* the kernel's number of the CPU: 0 to JOURNAL_CPUS_MAX - 1 */
	unsigned counter;      /* 0 to NPMC - 1 */
	uint64_t select_found; /* the counter's bits of its event select */
	uint64_t select_ours;  /* what perfmond writes there, stopped */
	uint64_t select_run;   /* and running */
	/* The same two of the SETUP before, which stand there until this one is done. */
	uint64_t select_ours_before;
	uint64_t select_run_before;
	uint64_t value_found;  /* the counter */
	uint64_t global_found; /* the counter's bit of the global control: 0 or 1 */
	uint64_t status_found; /* and of the global status, its overflow */
};

struct journal {
	char model[16]; /* struct pmu's name: lower-case letters, digits, '_' and '-' */
	struct journal_entry *entry; /* in any order, at most one for each counter of a CPU */
	size_t count;                /* 0 to JOURNAL_CPUS_MAX * NPMC */
};

/*
 * Writes the journal at `path`, readable by its owner alone, flushed when it returns. Errors,
 * logged: -EINVAL where it breaks a bound above; -EACCES, -EMFILE, -ENFILE, -ENOMEM, -ENOSPC,
 * -EROFS as open(2), write(2), fsync(2), rename(2) have them, and -EIO for their others; then the
 * journal that was there before still is, unless it was the directory that could not be flushed
 * after the rename. The same, as open(2) and read(2) have them, where the kernel tells no boot id.
 */
int journal_write(const char *path, const struct journal *journal);

/*
 * Reads it; the caller frees ret_journal->entry. Errors: -ENOENT where there is none; -ESTALE,
 * not logged, where it is of another boot, which reset the registers; -EBADMSG, logged with what to
 * do, where it is torn or tampered with: wrong checksum, not a line as written here, another
 * format's version, not a plain file of root's or of its directory's owner, or writable by others;
 * as journal_write(), logged, where the kernel tells no boot id; -ENOMEM; others, logged, as
 * open(2) and read(2).
 */
int journal_read(const char *path, struct journal *ret_journal);

/* The same; but one of another boot is removed, logged, and -ENOENT. */
int journal_take(const char *path, struct journal *ret_journal);

/* Nothing is left to put back. A journal that cannot be removed is logged. */
void journal_remove(const char *path);

#endif

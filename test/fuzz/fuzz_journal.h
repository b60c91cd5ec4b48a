/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_JOURNAL_H
#define PERFMOND_TEST_FUZZ_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/journal.h"

/* A second opinion on the CRC-32, by its table. */
uint32_t strict_crc(const char *text, size_t size);

/*
 * A second reader of a journal, which takes no byte but those of its format. Tells whether the text
 * is whole and of this boot; then the caller frees journal->entry. *ret_stale: its first lines and
 * its checksum are right, and the boot is another.
 */
bool strict_read(const char *text, size_t size, const char *boot_id, struct journal *journal,
		 bool *ret_stale);

/*
 * A start of the msr backend on registers of three CPUs, 0, 1 and 5, on the journal at `path`,
 * which is there. ways: which kind of CPU it is, what the registers hold and which CPU fails.
 * journal: what is in the file, or NULL where it is not whole.
 */
void watched_start(const char *path, uint8_t ways, const struct journal *journal, bool stale);

/* The kind of CPU of these ways, as a journal names it. */
const char *watched_model(uint8_t ways);

/* Figures that registers hold at first. */
uint64_t watched_figure(unsigned which);

#endif

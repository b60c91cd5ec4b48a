/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_TARGET_H
#define PERFMOND_TEST_FUZZ_TARGET_H

#include <stdbool.h>

#include "fuzz.h"
#include "pass/target.h"

/* What proc(5) says of a thread. */
struct process {
	bool there;
	char *text;
	size_t size;
	struct target figures;
	unsigned lines; /* a bit for each kind of `enum line` that is there */
	bool no_dump;
	int directory; /* as it was opened, or -1 */
};

enum line { TGID, UID, GID, EFFECTIVE, PERMITTED, NAMING, LONG, OTHER, KINDS };
#define NEEDED (1u << TGID | 1u << UID | 1u << GID | 1u << EFFECTIVE | 1u << PERMITTED)

/*
 * Makes the text; the caller frees it. raw: of bytes as they are, and what its figures are is not
 * known.
 */
void status_make(struct bytes *bytes, bool raw, struct process *process);

#endif

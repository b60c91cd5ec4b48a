/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_RIGHTS_H
#define PERFMOND_RIGHTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What perfmond needs once the node is up. Each part that was opened adds its own, and
 * privilege_confine() leaves the process the sum and nothing else.
 */
#define RIGHTS_CALLS_MAX 160
#define RIGHTS_PATHS_MAX 4

/* A system call; where mask is not 0, with an argument of which (argument & mask) == value. */
struct rights_call {
	const char *name;  /* as in syscalls(2); where the processor has none of it, it is passed
			      over */
	unsigned argument; /* 0 to 5 */
	uint64_t mask;
	uint64_t value;
};

struct rights_path {
	char name[PATH_MAX];
	bool write; /* files are made, written and removed there, and not read alone */
};

struct rights {
	uint64_t capabilities; /* 1 << CAP_..., linux/capability.h */
	struct rights_call call[RIGHTS_CALLS_MAX];
	size_t calls;
	struct rights_path path[RIGHTS_PATHS_MAX];
	size_t paths;
};

/* capability: CAP_..., 0 to 63. */
void rights_add_capability(struct rights *rights, unsigned capability);

/* Several of one name: each of them is allowed. The names are literals. */
void rights_add_calls(struct rights *rights, const struct rights_call *call, size_t count);

/* The directory and all below it. Several parts may name it. */
void rights_add_path(struct rights *rights, const char *name, bool write);

#endif

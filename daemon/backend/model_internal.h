/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MODEL_INTERNAL_H
#define PERFMOND_BACKEND_MODEL_INTERNAL_H

#include <errno.h>
#include <machine/perfmon.h>
#include <stddef.h>

#include "backend/model.h"

/* What model.c and its parts share: the rate of a counter, and the tables of the four kinds. */

#define MODEL_SELECTS  6
#define MODEL_COUNTERS 7 /* Intel's four and the three fixed ones */

/* PMCF_... at their place in an event select of the P6's layout. */
#define MODEL_SELECT_FLAG(flag) ((uint64_t)(flag) << 16)

struct model_cpu {
	bool online;
	uint64_t clock;
	uint64_t select[MODEL_SELECTS]; /* a P5 has one, CESR */
	uint64_t counter[MODEL_COUNTERS];
	uint64_t fixed_control;
	uint64_t global_control;
	uint64_t global_status;
	uint64_t in_use;
	uint64_t capabilities;
	uint64_t nothing; /* what a register reads that is only written */
};

/* What a write of a register does. */
enum model_write {
	WRITE_WHOLE,   /* keeps the bits that there are, drops others */
	WRITE_CHECKED, /* refuses other bits */
	WRITE_SIGNED,  /* takes 32 bits, and copies bit 31 to those above */
	WRITE_CESR,   /* clears a counter whose event changes while it counts, refuses other bits */
	WRITE_FULL,   /* the full-width alias: exists where PERF_CAPABILITIES says so */
	WRITE_CLEARS, /* clears bits of the global status */
	WRITE_NEVER,  /* read only */
};

struct model_register {
	uint32_t address; /* 0 ends a table */
	size_t offset;    /* of its uint64_t in struct model_cpu */
	uint64_t bits;    /* that there are */
	enum model_write write;
};

/* What a counter counts. */
struct model_rate {
	bool runs;
	unsigned bit;    /* of the global status, which a wrap sets */
	unsigned period; /* the event happens once in so many clocks of a mode */
	bool lasts;      /* and lasts so long (P5) */
	bool user;
	bool kernel;
	bool edge;
	bool inverted;
	uint8_t mask;
};

/* How often a counter would have counted in the first `clock` clocks of a CPU. */
uint64_t model_rate_count(const struct model_rate *rate, uint64_t clock);

/* An event select of the P6's layout, with AMD's bits 35:32. clocks: the code of unhalted clocks.
 */
struct model_rate model_rate_of_select(uint64_t select, unsigned clocks);

struct model_rules {
	const char *name;
	const struct model_register *registers;
	unsigned counters;
	unsigned width;                       /* bits of each */
	void (*reset)(struct model_cpu *cpu); /* what is not 0 after a reset */
	struct model_rate (*rate)(const struct model_cpu *cpu, unsigned counter);
	void (*take)(struct model_cpu *cpu, unsigned counter);
	void (*release)(struct model_cpu *cpu, unsigned counter);
	uint64_t (*in_use)(const struct model_cpu *cpu); /* NULL: there is no such register */
};

extern const struct model_rules model_p5;
extern const struct model_rules model_p6;
extern const struct model_rules model_arch;
extern const struct model_rules model_amd;

/* By the rule of the register. Errors: -EIO where it refuses. */
int model_write_register(struct model_cpu *cpu, const struct model_register *at, uint64_t value);

/* Where a CPU keeps a register. */
static inline uint64_t *model_place(struct model_cpu *cpu, const struct model_register *at)
{
	return (uint64_t *)(void *)((char *)cpu + at->offset);
}

#define MODEL_MASK(width)       ((UINT64_C(1) << (width)) - 1)
#define MODEL_OFFSET(member)    offsetof(struct model_cpu, member)
#define MODEL_SELECT_OFFSET(n)  (MODEL_OFFSET(select) + (n) * sizeof(uint64_t))
#define MODEL_COUNTER_OFFSET(n) (MODEL_OFFSET(counter) + (n) * sizeof(uint64_t))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PMU_H
#define PERFMOND_BACKEND_PMU_H

#include <machine/perfmon.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/cpuid.h"
#include "event/event.h"

/* IA32_PERF_CAPABILITIES, where pmu_has_capabilities() says so. */
#define PMU_CAPABILITIES 0x345

/* How one counter is programmed. */
struct pmu_counter {
	uint32_t select; /* the address of its event select */
	uint64_t field; /* the bits of that register that are this counter's (a P5 has one for both)
			 */
	uint64_t enable; /* of those, the ones of which any set lets it count; 0: it has none of its
			    own */
	uint32_t value;  /* the address at which the counter is read */
	uint32_t restore; /* and written: the same, or the full-width alias */
};

/* A programming model: how the counters of one kind of CPU are programmed. */
struct pmu {
	const char *name;
	enum cpu_class cpu;
	unsigned width; /* bits of a counter */
	struct pmu_counter counter[NPMC];
	bool sign_extends; /* a write of a counter takes 32 bits, and copies bit 31 to those above
			    */
	uint32_t global_control; /* bit n of it enables counter n; 0: there is none */
	uint32_t global_status;  /* bit n of it: counter n overflowed; 0: there is none */
	uint32_t status_reset; /* a 1 written to bit n clears counter n's overflow; 0: there is none
				*/
	uint32_t in_use;       /* IA32_PERF_GLOBAL_INUSE; 0: there is none */
	uint32_t absent;       /* bit n: the CPU lacks architectural event n (CPUID.0AH) */
	uint32_t gate; /* the select whose PMCF_EN gates the counters without one; 0: none */
	uint32_t bits; /* the bits of pmc_val that its selects have, PMCF_SYS_FLAGS apart */

	/* The bits of `field` for a request: pmc_val without PMCF_SYS_FLAGS; run: with `enable`. */
	uint64_t (*encode)(unsigned counter, uint32_t select, bool run);
};

/* CESR 0x11, CTR0 0x12, CTR1 0x13 (SDM volume 3B, 18.26). */
extern const struct pmu pmu_p5;

/* EVNTSEL 0x186, PERFCTR 0xc1 (SDM volume 3B, 18.22). */
extern const struct pmu pmu_p6;

/*
 * Intel's architectural counters (SDM volume 3B, 18.2).
 * version: 1 to 5, CPUID.0AH:EAX 7:0; width: 40 to 63, EAX 23:16; absent: see above;
 * full_width: IA32_PERF_CAPABILITIES (0x345) bit 13.
 */
struct pmu pmu_arch(unsigned version, unsigned width, uint32_t absent, bool full_width);

enum amd_generation {
	AMD_K7,      /* 0xc0010000, 0xc0010004; K8 too */
	AMD_CORE,    /* the core extension: 0xc0010200 + 2n, 0xc0010201 + 2n */
	AMD_PERF_V2, /* that, with a global control at 0xc0000301 */
};

/* AMD's counters (APM volume 2, 13.2; Linux 6.1, amd/core.c). */
struct pmu pmu_amd(enum amd_generation generation);

/*
 * Finds the model of a CPU by CPUID. capabilities: IA32_PERF_CAPABILITIES, 0 where it has none.
 * Returns 0, or -ENODEV with *ret_reason why there is no PMU that perfmond knows; *ret_reason is a
 * literal.
 */
int pmu_identify(const struct cpuid_source *source, uint64_t capabilities, struct pmu *ret_pmu,
		 const char **ret_reason);

/* CPUID.1:ECX bit 15: the CPU has IA32_PERF_CAPABILITIES. */
bool pmu_has_capabilities(const struct cpuid_source *source);

/* The CPU lacks the architectural event that pmc_val names. */
bool pmu_lacks_event(const struct pmu *pmu, uint32_t select);

/* Every register that the backend may write on a CPU of this model, and no other. */
bool pmu_may_write(const struct pmu *pmu, uint32_t address);

#endif

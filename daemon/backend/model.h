/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MODEL_H
#define PERFMOND_BACKEND_MODEL_H

#include <stdbool.h>

#include "backend/cpuid.h"
#include "backend/registers.h"

/*
 * A modelled register file: CPUs that run a program of their own, by a clock of their own, so that
 * every count can be told beforehand.
 *
 * Clock: each access to a CPU's registers lets that CPU run MODEL_ACCESS_CLOCKS first, one that
 * fails too; a CPU that is offline does not run. model_step() lets it run further. Nothing else
 * moves it; real time does not.
 *
 * Mode: of every 4 clocks, 3 are in user mode and 1 is in kernel mode.
 *
 * Events: the event of code E happens, in each mode, once every E + 1 clocks of that mode, for one
 * clock. The CPU's code for unhalted clocks (P6 0x79, Intel 0x3c, AMD 0x76) happens in every clock.
 * Unit masks change nothing. Counter mask M: counts clocks in which at least M events happen (at
 * most one does); inverted, clocks in which fewer do. Edge: counts the clocks in which that begins
 * to hold. (SDM volume 3B, 18.22)
 *
 * What each kind of CPU has, its quirks included. Any other register, and a write to a read-only
 * one: -EIO.
 *
 * p5: CESR 0x11 (26 bits, of which 15:10 are reserved and refuse the write), CTR0 0x12, CTR1 0x13,
 * 40 bits, written whole. With the clocks bit a counter counts the clocks in which the event lasts,
 * and here it lasts until it happens again: every clock; without it, occurrences. A write of CESR
 * that changes the event of a counter that counts, even if it stops it at once, makes that counter
 * 0: what is not stopped first is not to be relied on. (SDM volume 3B, 18.26)
 *
 * p6: 0x186, 0x187, 0xc1, 0xc2, 40 bits. EN exists in select 0 alone and gates both counters; bit
 * 22 of select 1 reads 0. A select is 32 bits. A counter write takes 32 bits and copies bit 31 to
 * bits 32 to 39. (SDM volume 3B, 18.22)
 *
 * arch: Version 4, four counters of 48 bits: selects 0x186 to 0x189, counters 0xc1 to 0xc4 (writes
 * sign-extended from 32 bits), full-width aliases 0x4c1 to 0x4c4 (bits above 47 refuse the write),
 * fixed counters 0x309 to 0x30b (code 0xc0, and clocks twice) and their control 0x38d,
 * GLOBAL_STATUS 0x38e (read only), GLOBAL_CTRL 0x38f (resets to 0xf), STATUS_RESET 0x390 (reads 0),
 * INUSE 0x392 (read only), PERF_CAPABILITIES 0x345 (read only, bit 13; where it is poked to 0, the
 * aliases refuse writes). A counter counts while its EN and its bit of GLOBAL_CTRL are set; one
 * that wraps sets its bit of GLOBAL_STATUS. Reserved bits of a control (of a select: 34 to 63, and
 * 19) refuse the write. With IN_TX (32) a counter counts nothing, because no program here runs
 * transactions; IN_TXCP (33) changes nothing, for that. LLC references (0x4f2e, bit 3 of
 * CPUID.0AH:EBX) are absent: they count nothing. (SDM volume 3B, 18.2)
 *
 * amd: PerfMonV2, six counters of 48 bits: 0xc0010200 + 2n and 0xc0010201 + 2n, the first four at
 * 0xc0010000 + n and 0xc0010004 + n too; GLOBAL_STATUS 0xc0000300 (read only, set by a wrap),
 * GLOBAL_CTL 0xc0000301 (resets to 0x3f), STATUS_CLEAR 0xc0000302 (reads 0). Events of 12 bits,
 * select bits 7:0 and 35:32; GuestOnly (40) without HostOnly (41) counts nothing, because there is
 * no guest; a select's reserved bits are dropped, except that 19 and 42 hold, and none refuses the
 * write. (APM volume 2, 13.2; Linux 6.1, arch/x86/kvm/svm/pmu.c)
 */
#define MODEL_ACCESS_CLOCKS 1000

enum model_kind {
	MODEL_P5,
	MODEL_P6,
	MODEL_ARCH,
	MODEL_AMD,
};

/* The kind of an option word: "p5", "p6", "arch", "amd". Errors: -EINVAL. */
int model_kind_by_name(const char *name, enum model_kind *ret_kind);

/* cpus: 1 to 1024. Errors: -ENOMEM. */
int model_open(enum model_kind kind, unsigned cpus, struct registers **ret_registers);

/* Lets one CPU run for some clocks. */
void model_step(struct registers *registers, unsigned cpu, uint64_t clocks);

/*
 * What CPUID says on such a CPU: leaves 0 (highest leaf, vendor), 1 (family, model; PDCM), 0AH,
 * 80000000H, 80000001H and 80000022H. Zeros for any other leaf.
 */
struct cpuid model_cpuid(enum model_kind kind, uint32_t leaf);

/*
 * Reads or sets a register without an access: no clock runs, no rule but its width.
 * Errors: -EIO no such register, or to be set one that holds nothing of its own (INUSE,
 * STATUS_RESET, STATUS_CLEAR).
 */
int model_peek(struct registers *registers, unsigned cpu, uint32_t address, uint64_t *ret_value);
int model_poke(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value);

/* The addresses that a CPU of the kind has, ended by 0; of those, model_peek() knows all. */
const uint32_t *model_addresses(enum model_kind kind);

/* Accesses (reads and writes through the operations) so far, of all CPUs. */
unsigned long model_accesses(const struct registers *registers);

/*
 * Faults on demand. The access after the next `after` ones fails with `error` (-EIO, -EPERM), and
 * so do all that follow if `lasting`. after < 0 takes a fault back.
 */
void model_fail(struct registers *registers, long after, int error, bool lasting);

/*
 * A CPU goes offline, and its accesses are -ENXIO; it comes back with the registers, and the clock,
 * that it had: the INIT that a CPU comes back by leaves them unchanged (SDM volume 3A, 9.1).
 */
void model_set_online(struct registers *registers, unsigned cpu, bool online);

/*
 * Another owner takes a counter as perf would: it programs the counter's select with unhalted
 * clocks (P5: the clocks of event 0x28), user and kernel, interrupt at overflow (P5: none), enables
 * it, there and in the global control, and lets it run. release: clears EN alone, as perf does. On
 * a P6 both mean select 0's EN, whichever counter it is. counter: one that is programmed by a
 * select.
 */
void model_take(struct registers *registers, unsigned cpu, unsigned counter);
void model_release(struct registers *registers, unsigned cpu, unsigned counter);

/*
 * Lets writes vanish: every register reads 0 and takes any write in silence, as under QEMU's
 * software emulation.
 */
void model_hollow(struct registers *registers);

#endif

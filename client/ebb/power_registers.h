/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_EBB_POWER_REGISTERS_H
#define PERFMON_EBB_POWER_REGISTERS_H

/*
 * Special purpose registers by their user mode numbers, and their bits: Power ISA 2.07, book II
 * chapter 7 (event-based branches) and book III-S chapter 9 (performance monitor).
 */
#define SPR_EBBHR 804
#define SPR_EBBRR 805
#define SPR_BESCR 806
#define SPR_PMC1  771 /* the other five follow */
#define SPR_MMCR0 779

#define BESCR_GE   0x8000000000000000 /* branches are enabled */
#define BESCR_PME  0x0000000100000000 /* those of the PMU are */
#define BESCR_PMEO 0x0000000000000001 /* one has occurred */

#define MMCR0_FC   0x80000000 /* counters stand */
#define MMCR0_PMAE 0x04000000 /* alerts are enabled */
#define MMCR0_PMAO 0x00000080 /* one has occurred */

/* A PMC overflows here. */
#define PMC_OVERFLOW 0x80000000

#endif

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The loop that is interrupted, and a handler that saves nothing: the registers that it changes are
 * free in the loop. 64-bit ELF V2 ABI; for rfebb see Power ISA 2.07, book II, chapter 7.
 */

#include "power_registers.h"

	.abiversion 2
	.machine power8
	.section .note.GNU-stack,"",@progbits
	.text

/*
 * ebb_power_loop(rounds, handler, pmc1): runs the loop, 10 instructions a round, with EBBHR at handler
 * meanwhile, or as it is for 0. Gives how often ebb_power_bare ran, which counts in r8 and has pmc1 in r5.
 */
	.globl ebb_power_loop
	.type ebb_power_loop, @function
ebb_power_loop:
	li 8, 0
	mfspr 6, SPR_EBBHR
	cmpdi 4, 0
	beq 1f
	mtspr SPR_EBBHR, 4
1:	mtctr 3
2:	.rept 9
	nop
	.endr
	bdnz 2b
	mtspr SPR_EBBHR, 6
	mr 3, 8
	blr
	.size ebb_power_loop, . - ebb_power_loop

/* Reloads PMC1, lets it count and branch again, and returns: 12 instructions. */
	.globl ebb_power_bare
	.type ebb_power_bare, @function
ebb_power_bare:
	addi 8, 8, 1
	mtspr SPR_PMC1, 5
	li 9, 1
	sldi 9, 9, 32 /* PME, and no PMEO; rfebb sets GE */
	mtspr SPR_BESCR, 9
	mfspr 10, SPR_MMCR0
	clrldi 10, 10, 33 /* no FC */
	li 9, MMCR0_PMAO
	andc 10, 10, 9
	oris 10, 10, MMCR0_PMAE >> 16
	mtspr SPR_MMCR0, 10
	.long 0x4c000924 /* rfebb 1 */
	.size ebb_power_bare, . - ebb_power_bare

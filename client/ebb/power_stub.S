/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where POWER branches to (EBBHR): all registers are the interrupted code's. What a C function may
 * change is saved below the red zone; what it keeps (r14-r31, f14-f31, v20-v31) it keeps itself.
 * Source: 64-bit ELF V2 ABI, "Register Usage" and "The Stack Frame".
 */

#include "power_registers.h"

#define RED_ZONE 288

/* Offsets in the frame. r0, r2-r12: GPRS + 8 * number. */
#define GPRS  32
#define LR    (GPRS + 8 * 13)
#define CTR   (LR + 8)
#define XER   (CTR + 8)
#define CR    (XER + 8)
#define RETURN (CR + 8)
#define FPSCR (RETURN + 8)
#define FPRS  (FPSCR + 8)
#define VSCR  ((FPRS + 8 * 14 + 15) & ~15)
#define VRS   (VSCR + 16)
#define VSRS  (VRS + 16 * 20)
#define FRAME ((VSRS + 16 * 32 + RED_ZONE + 15) & ~15)

	.abiversion 2
	.machine power8
	.section .note.GNU-stack,"",@progbits
	.text

	.macro each instruction, offset, size, from, to
	.set number, \from
	.rept \to - \from + 1
	one \instruction, %number, (\offset + \size * number)
	.set number, number + 1
	.endr
	.endm

	.altmacro
	.macro one instruction, number, at
	\instruction \number, \at(1)
	.endm
	/* Those that have no offset in the instruction. */
	.macro indexed instruction, offset, from, to
	.set number, \from
	.rept \to - \from + 1
	li 3, (\offset + 16 * number)
	one_indexed \instruction, %number
	.set number, number + 1
	.endr
	.endm
	.macro one_indexed instruction, number
	\instruction \number, 1, 3
	.endm

	/* level: 0 general, 1 and floating point, 2 and vector, 3 and vector-scalar registers */
	.macro entry name, level
	.globl \name
	.hidden \name
	.type \name, @function
	.balign 16
\name:
	stdu 1, -FRAME(1)
	std 0, GPRS(1)
	each std, GPRS, 8, 2, 12
	mflr 0
	std 0, LR(1)
	mfctr 0
	std 0, CTR(1)
	mfxer 0
	std 0, XER(1)
	mfcr 0
	std 0, CR(1)
	/* Kept here, since a fork in the handler clears it for the child. */
	mfspr 0, SPR_EBBRR
	std 0, RETURN(1)
	/* Before FPSCR goes by way of f0, which is a half of vs0. */
	.if \level >= 3
	indexed stxvd2x, VSRS, 0, 31
	.endif
	.if \level >= 1
	each stfd, FPRS, 8, 0, 13
	mffs 0
	stfd 0, FPSCR(1)
	.endif
	.if \level >= 2
	indexed stvx, VRS, 0, 19
	mfvscr 0
	li 3, VSCR
	stvx 0, 1, 3
	.endif

	/* The TOC of this file's library: r2 may be another's. */
	mfspr 12, SPR_EBBHR
	addis 2, 12, (.TOC. - \name)@ha
	addi 2, 2, (.TOC. - \name)@l
	ld 3, RETURN(1)
	bl ebb_power_branch
	nop
	std 3, GPRS+8(1)

	.if \level >= 3
	indexed lxvd2x, VSRS, 0, 31
	.endif
	.if \level >= 2
	li 3, VSCR
	lvx 0, 1, 3
	mtvscr 0
	indexed lvx, VRS, 0, 19
	.endif
	.if \level >= 1
	lfd 0, FPSCR(1)
	mtfsf 255, 0, 1, 0
	each lfd, FPRS, 8, 0, 13
	.endif
	.if \level >= 3
	/* A load of an FPR leaves the other half of its VSR undefined. */
	indexed lxvd2x, VSRS, 0, 13
	.endif
	ld 0, RETURN(1)
	mtspr SPR_EBBRR, 0
	ld 0, LR(1)
	mtlr 0
	ld 0, CTR(1)
	mtctr 0
	ld 0, XER(1)
	mtxer 0
	each ld, GPRS, 8, 2, 11
	ld 12, GPRS+8(1)
	cmpdi 12, 0
	ld 0, CR(1)
	beq 1f
	mtcr 0
	ld 0, GPRS(1)
	ld 12, GPRS+96(1)
	addi 1, 1, FRAME
	.long 0x4c000924 /* rfebb 1: branches are enabled again */
1:
	mtcr 0
	ld 0, GPRS(1)
	ld 12, GPRS+96(1)
	addi 1, 1, FRAME
	.long 0x4c000124 /* rfebb 0: they are not */
	.size \name, . - \name
	.endm

	entry ebb_power_entry_gpr, 0
	entry ebb_power_entry_fpr, 1
	entry ebb_power_entry_vr, 2
	entry ebb_power_entry_vsr, 3

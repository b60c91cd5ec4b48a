/* SPDX-License-Identifier: BSD-2-Clause */

/* registers.h has the contracts. */

#include "registers.h"

/* Above the red zone that the loop fills below r1: what C keeps, and what the loop has no register
 * for. */
#define FOUND     32
#define TURNS     40
#define SWAP      48
#define SWAP_CTR  56
#define KEPT      64              /* r14-r31 */
#define KEPT_FPRS (KEPT + 8 * 18) /* f14-f31 */
#define KEPT_VRS  (KEPT_FPRS + 8 * 18)
#define KEPT_TOC  (KEPT_VRS + 16 * 12)
#define KEPT_SAVE (KEPT_TOC + 8)
#define KEPT_FPSCR (KEPT_SAVE + 8)
#define FRAME     ((KEPT_FPSCR + 8 + 15) & ~15)
/* In the caller's frame. */
#define CALLER_CR 8
#define CALLER_LR 16

#define SPR_VRSAVE 256

	.abiversion 2
	.machine power8
	.section .note.GNU-stack,"",@progbits
	.text
	.altmacro

	/* A register from or to base, each size bytes after the one before. */
	.macro each do, base, offset, size, from, to
	.set number, \from
	.rept \to - \from + 1
	one \do, %number, %(\offset + \size * (number - \from)), \base
	.set number, number + 1
	.endr
	.endm
	.macro one do, number, at, base
	\do \number, \at(\base)
	.endm
	/* The same, 16 bytes each, for those that take their offset in a register: r5. */
	.macro indexed do, base, offset, from, to
	.set number, \from
	.rept \to - \from + 1
	li 5, \offset + 16 * (number - \from)
	one_indexed \do, %number, \base
	.set number, number + 1
	.endr
	.endm
	.macro one_indexed do, number, base
	\do \number, \base, 5
	.endm

	/* The half that is no floating point register; the other one C keeps. */
	.macro destroy_low number
	xxmrghd \number, \number, 0
	.endm

	.macro kept do, float, vector
	each \do, 1, KEPT, 8, 14, 31
	each \float, 1, KEPT_FPRS, 8, 14, 31
	indexed \vector, 1, KEPT_VRS, 20, 31
	.endm

	.globl registers_run, registers_run_end
	.hidden registers_run, registers_run_end
	.type registers_run, @function
	.balign 16
registers_run:
	mflr 0
	std 0, CALLER_LR(1)
	mfcr 0
	std 0, CALLER_CR(1)
	stdu 1, -FRAME(1)
	std 4, FOUND(1)
	std 5, TURNS(1)
	std 2, KEPT_TOC(1)
	mfspr 0, SPR_VRSAVE
	std 0, KEPT_SAVE(1)
	kept std, stfd, stvx
	mffs 0
	stfd 0, KEPT_FPSCR(1)

	.set at, 0
	.rept RED_ZONE / 8
	ld 0, (FILE_RED_ZONE + at)(3)
	std 0, (at - RED_ZONE)(1)
	.set at, at + 8
	.endr
	li 5, FILE_VSCR
	lvx 0, 3, 5
	mtvscr 0
	lfd 0, FILE_FPSCR(3)
	mtfsf 255, 0, 1, 0
	indexed lxvd2x, 3, FILE_VS, 0, 63
	ld 0, FILE_VRSAVE(3)
	mtspr SPR_VRSAVE, 0
	ld 0, FILE_LR(3)
	mtlr 0
	ld 0, FILE_CTR(3)
	mtctr 0
	ld 0, FILE_XER(3)
	mtxer 0
	ld 0, FILE_CR(3)
	mtcr 0
	ld 0, FILE_GPRS(3)
	ld 2, FILE_GPRS+16(3)
	each ld, 3, FILE_GPRS+32, 8, 4, 12
	each ld, 3, FILE_GPRS+112, 8, 14, 31
	ld 3, FILE_GPRS+24(3)

	/* From here on no flag is changed, and CTR is only for the time of one branch. */
1:
	.rept REGISTERS_TURN
	nop
	.endr
	std 3, SWAP(1)
	mfctr 3
	std 3, SWAP_CTR(1)
	ld 3, TURNS(1)
	mtctr 3
	addi 3, 3, -1
	std 3, TURNS(1)
	bdz 2f
	ld 3, SWAP_CTR(1)
	mtctr 3
	ld 3, SWAP(1)
	b 1b
2:
	ld 3, FOUND(1)
	std 0, FILE_GPRS(3)
	ld 0, SWAP_CTR(1)
	std 0, FILE_CTR(3)
	ld 0, SWAP(1)
	std 0, FILE_GPRS+24(3)
	std 2, FILE_GPRS+16(3)
	each std, 3, FILE_GPRS+32, 8, 4, 12
	each std, 3, FILE_GPRS+112, 8, 14, 31
	mfcr 0
	std 0, FILE_CR(3)
	mfxer 0
	std 0, FILE_XER(3)
	mflr 0
	std 0, FILE_LR(3)
	mfspr 0, SPR_VRSAVE
	std 0, FILE_VRSAVE(3)
	indexed stxvd2x, 3, FILE_VS, 0, 63
	mffs 0
	stfd 0, FILE_FPSCR(3)
	mfvscr 0
	li 5, FILE_VSCR
	stvx 0, 3, 5
	.set at, 0
	.rept RED_ZONE / 8
	ld 0, (at - RED_ZONE)(1)
	std 0, (FILE_RED_ZONE + at)(3)
	.set at, at + 8
	.endr

	lfd 0, KEPT_FPSCR(1)
	mtfsf 255, 0, 1, 0
	kept ld, lfd, lvx
	ld 0, KEPT_SAVE(1)
	mtspr SPR_VRSAVE, 0
	ld 2, KEPT_TOC(1)
	addi 1, 1, FRAME
	ld 0, CALLER_CR(1)
	mtcr 0
	ld 0, CALLER_LR(1)
	mtlr 0
	blr
registers_run_end:
	.size registers_run, . - registers_run

	/* VRSAVE and the controls of FPSCR and VSCR are not a C function's to change. */
	.globl registers_destroy
	.hidden registers_destroy
	.type registers_destroy, @function
	.balign 16
registers_destroy:
	cmpdi 4, 1
	blt 3f
	lfd 0, FILE_FPSCR(3)
	/* Fields 0 to 4: exceptions and the kind of the result. */
	mtfsf 0xf8, 0
	each lfd, 3, FILE_VS, 16, 0, 13
	cmpdi 4, 2
	blt 3f
	mfvscr 0
	vspltisw 1, 1
	vor 0, 0, 1
	mtvscr 0
	indexed lvx, 3, FILE_VS+512, 0, 19
	cmpdi 4, 3
	blt 3f
	indexed lxvd2x, 3, FILE_VS, 0, 13
	.set number, 14
	.rept 18
	destroy_low %number
	.set number, number + 1
	.endr
3:
	mflr 0
	mtctr 0
	ld 0, FILE_LR(3)
	mtlr 0
	ld 0, FILE_XER(3)
	mtxer 0
	ld 0, FILE_CR(3)
	mtcrf 0xc7, 0
	ld 0, FILE_GPRS(3)
	each ld, 3, FILE_GPRS+32, 8, 4, 12
	ld 3, FILE_GPRS+24(3)
	bctr
	.size registers_destroy, . - registers_destroy

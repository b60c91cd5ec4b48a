/* SPDX-License-Identifier: BSD-2-Clause */

/* registers.h has the contracts. */

#include "registers.h"

/* The frame: what a C function keeps, and what the loop has no register for. */
#define FOUND 0
#define TURNS 8
#define SWAP  16
#define KEPT  32
#define FRAME (KEPT + 8 * 20)

	.arch armv8-a+sve
	.section .note.GNU-stack,"",@progbits

	.bss
	.balign 8
	.globl registers_extended
	.hidden registers_extended
registers_extended:
	.skip 8

	.text

	.macro kept do
	\do x19, x20, [sp, #KEPT]
	\do x21, x22, [sp, #KEPT + 16]
	\do x23, x24, [sp, #KEPT + 32]
	\do x25, x26, [sp, #KEPT + 48]
	\do x27, x28, [sp, #KEPT + 64]
	\do x29, x30, [sp, #KEPT + 80]
	\do d8, d9, [sp, #KEPT + 96]
	\do d10, d11, [sp, #KEPT + 112]
	\do d12, d13, [sp, #KEPT + 128]
	\do d14, d15, [sp, #KEPT + 144]
	.endm

	/* x2 to x30, by x0 */
	.macro general do
	.irp number, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
	pair \do, \number, %(\number + 1)
	.endr
	\do\()r x30, [x0, #FILE_X + 240]
	.endm
	.altmacro
	.macro pair do, first, second
	\do\()p x\first, x\second, [x0, #FILE_X + 8 * \first]
	.endm

	/* All floating point and vector registers, by x0: do is ld or st. Changes x1 and x2. */
	.macro vectors do
	adrp x1, registers_extended
	ldr x1, [x1, #:lo12:registers_extended]
	cbnz x1, 1f
	.irp number, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	quads \do, \number, %(\number + 1)
	.endr
	b 2f
1:
	add x1, x0, #FILE_Z
	add x2, x0, #FILE_P
	.ifc \do, ld
	/* FFR is written by way of a predicate, and so first. */
	ldr p0, [x2, #16, mul vl]
	wrffr p0.b
	.endif
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\do\()r p\number, [x2, #\number, mul vl]
	.endr
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\do\()r z\number, [x1, #\number, mul vl]
	.endr
	.irp number, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\do\()r z\number, [x1, #\number, mul vl]
	.endr
	.ifc \do, st
	rdffr p0.b
	str p0, [x2, #16, mul vl]
	.endif
2:
	.endm
	.macro quads do, first, second
	\do\()p q\first, q\second, [x0, #FILE_V + 16 * \first]
	.endm

	.globl registers_run, registers_run_end
	.hidden registers_run, registers_run_end
	.type registers_run, %function
registers_run:
	sub sp, sp, #FRAME
	kept stp
	stp x1, x2, [sp, #FOUND]
	vectors ld
	ldr x1, [x0, #FILE_FPCR]
	msr fpcr, x1
	ldr x1, [x0, #FILE_FPSR]
	msr fpsr, x1
	ldr x1, [x0, #FILE_NZCV]
	msr nzcv, x1
	general ld
	ldp x0, x1, [x0, #FILE_X]

	/* From here on nothing changes a flag. */
3:
	.rept REGISTERS_TURN
	nop
	.endr
	str x0, [sp, #SWAP]
	ldr x0, [sp, #TURNS]
	sub x0, x0, #1
	str x0, [sp, #TURNS]
	cbz x0, 4f
	ldr x0, [sp, #SWAP]
	b 3b
4:
	ldr x0, [sp, #FOUND]
	str x1, [x0, #FILE_X + 8]
	ldr x1, [sp, #SWAP]
	str x1, [x0, #FILE_X]
	general st
	mrs x1, nzcv
	str x1, [x0, #FILE_NZCV]
	mrs x1, fpcr
	str x1, [x0, #FILE_FPCR]
	mrs x1, fpsr
	str x1, [x0, #FILE_FPSR]
	vectors st
	msr fpcr, xzr
	kept ldp
	add sp, sp, #FRAME
	ret
registers_run_end:
	.size registers_run, . - registers_run

	.globl registers_destroy
	.hidden registers_destroy
	.type registers_destroy, %function
registers_destroy:
	stp d8, d9, [sp, #-64]!
	stp d10, d11, [sp, #16]
	stp d12, d13, [sp, #32]
	stp d14, d15, [sp, #48]
	vectors ld
	ldp d10, d11, [sp, #16]
	ldp d12, d13, [sp, #32]
	ldp d14, d15, [sp, #48]
	ldp d8, d9, [sp], #64
	ldr x1, [x0, #FILE_FPSR]
	msr fpsr, x1
	ldr x1, [x0, #FILE_NZCV]
	msr nzcv, x1
	.irp number, 2, 4, 6, 8, 10, 12, 14, 16
	pair ld, \number, %(\number + 1)
	.endr
	ldr x18, [x0, #FILE_X + 144]
	ldp x0, x1, [x0, #FILE_X]
	ret
	.size registers_destroy, . - registers_destroy

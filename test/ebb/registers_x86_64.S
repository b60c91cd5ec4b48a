/* SPDX-License-Identifier: BSD-2-Clause */

/* registers.h has the contracts. */

#include "registers.h"

	.section .note.GNU-stack,"",@progbits

	.bss
	.balign 8
	.globl registers_word, registers_extended
	.hidden registers_word, registers_extended
registers_word:
	.skip 8
registers_extended:
	.skip 8
/* The loop has no register for these. */
found:
	.skip 8
turns:
	.skip 8

	.text

	/* Every general register but the stack pointer and rdi. */
	.macro each_gpr do
	\do %rax, 0
	\do %rcx, 8
	\do %rdx, 16
	\do %rbx, 24
	\do %rbp, 32
	\do %rsi, 40
	.set at, 56
	.irp register, r8, r9, r10, r11, r12, r13, r14, r15
	\do %\register, at
	.set at, at + 8
	.endr
	.endm
	.macro load register, at
	movq (FILE_GPRS + \at)(%rdi), \register
	.endm
	.macro store register, at
	movq \register, (FILE_GPRS + \at)(%rdi)
	.endm

	/* do: xsave64 or xrstor64; changes rax and rdx. base: the file's register */
	.macro extended do, legacy, base
	movl registers_extended(%rip), %eax
	xorl %edx, %edx
	testl %eax, %eax
	jz 1f
	\do FILE_XSAVE(\base)
	jmp 2f
1:
	\legacy FILE_XSAVE(\base)
2:
	.endm

	.globl registers_run, registers_run_end
	.hidden registers_run, registers_run_end
	.type registers_run, @function
registers_run:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsi, found(%rip)
	movq %rdx, turns(%rip)

	/* From here to the end nothing changes a flag, and nothing is pushed into the red zone. */
	extended xrstor64, fxrstor64, %rdi
	leaq -RED_ZONE(%rsp), %rsp
	pushq FILE_FLAGS(%rdi)
	popfq
	leaq RED_ZONE(%rsp), %rsp
	.set at, 0
	.rept RED_ZONE / 8
	movq (FILE_RED_ZONE + at)(%rdi), %rax
	movq %rax, (at - RED_ZONE)(%rsp)
	.set at, at + 8
	.endr
	each_gpr load
	load %rdi, 48

3:
	.rept REGISTERS_TURN
	movq %rax, registers_word(%rip)
	.endr
	xchgq %rcx, turns(%rip)
	leaq -1(%rcx), %rcx
	jrcxz 4f
	xchgq %rcx, turns(%rip)
	jmp 3b
4:
	xchgq %rcx, turns(%rip)

	xchgq %rdi, found(%rip)
	each_gpr store
	movq found(%rip), %rax
	store %rax, 48
	.set at, 0
	.rept RED_ZONE / 8
	movq (at - RED_ZONE)(%rsp), %rax
	movq %rax, (FILE_RED_ZONE + at)(%rdi)
	.set at, at + 8
	.endr
	leaq -RED_ZONE(%rsp), %rsp
	pushfq
	popq FILE_FLAGS(%rdi)
	leaq RED_ZONE(%rsp), %rsp
	cld
	extended xsave64, fxsave64, %rdi

	fninit
	ldmxcsr plain_mxcsr(%rip)
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
registers_run_end:
	.size registers_run, . - registers_run

	.globl registers_destroy
	.hidden registers_destroy
	.type registers_destroy, @function
registers_destroy:
	extended xrstor64, fxrstor64, %rdi
	/* The control words are the caller's, and the x87 stack has to be empty. */
	fninit
	ldmxcsr flagged_mxcsr(%rip)
	.irp register, rax, rcx, rdx, rsi, r8, r9, r10, r11
	movq FILE_GPRS(%rdi), %\register
	.endr
	movq FILE_GPRS(%rdi), %rdi
	/* Overflow, and no carry; then a carry as well. */
	movb $0x7f, %al
	addb $1, %al
	stc
	ret
	.size registers_destroy, . - registers_destroy

	.section .rodata
	.balign 4
plain_mxcsr:
	.long 0x1f80
/* Every exception has been, and all are masked. */
flagged_mxcsr:
	.long 0x1fbf

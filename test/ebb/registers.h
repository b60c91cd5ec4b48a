/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_REGISTERS_H
#define PERFMOND_TEST_EBB_REGISTERS_H

/*
 * A register file in memory: the offsets, in bytes, that registers.c and the assembly of each
 * processor share. What user code can write is in it, but for the stack and thread pointers.
 */

/* Stores, or instructions that do nothing, in each turn of the loop. */
#define REGISTERS_TURN 100

#if defined(__x86_64__)

#define FILE_SIZE     4096
#define FILE_GPRS     0   /* rax rcx rdx rbx rbp rsi rdi r8-r15 */
#define FILE_FLAGS    120 /* rflags */
#define FILE_RED_ZONE 128 /* System V ABI, AMD64 supplement, 3.2.2: 128 bytes below rsp */
#define RED_ZONE      128
/* As XSAVE lays it out, standard format: Intel SDM, volume 1, 13.4. The bits of XCR0: */
#define FILE_XSAVE 256
#define XSAVE_BV   (FILE_XSAVE + 512)
#define XSAVE_X87  0
#define XSAVE_SSE  1
#define XSAVE_AVX  2
#define XSAVE_K    5
#define XSAVE_ZMM  6 /* the upper halves of zmm0-15 */
#define XSAVE_ZMM2 7 /* zmm16-31 */

#elif defined(__aarch64__)

#define FILE_SIZE 16384
#define FILE_X    0 /* x0-x30 */
#define FILE_NZCV 248
#define FILE_FPCR 256
#define FILE_FPSR 264
#define FILE_V    272 /* v0-v31, where there is no SVE */
#define FILE_P    784 /* p0-p15 and FFR: 17 of up to 32 bytes */
#define FILE_Z    2048

#elif defined(__powerpc64__)

#define FILE_SIZE     4096
#define FILE_GPRS     0 /* r0-r31; r1 is the stack, r13 the thread: neither is touched */
#define FILE_LR       256
#define FILE_CTR      264
#define FILE_XER      272
#define FILE_CR       280
#define FILE_VRSAVE   288
#define FILE_FPSCR    296
#define FILE_VSCR     304
#define FILE_VS       320  /* vs0-vs63: f0-f31 are halves of the first 32, v0-v31 the others */
#define FILE_RED_ZONE 1344 /* 64-bit ELF V2 ABI, 2.2.2.4: 288 bytes below r1 */
#define RED_ZONE      288

#endif

#ifndef __ASSEMBLER__

#include <stdint.h>

#pragma GCC visibility push(hidden)

/*
 * Loads all registers from expected, makes the turns of the loop, and stores all to found. Both
 * have FILE_SIZE bytes, aligned to 64. turns: 1 or more.
 */
void registers_run(const void *expected, void *found, uint64_t turns);

/* The end of its instructions. */
extern const char registers_run_end[];

/*
 * Loads from image what a C function may change, and leaves the rest as it was. level: EBB_SAVE_GPR
 * to EBB_SAVE_VSR on POWER, and only what this level saves is changed; 0 elsewhere.
 */
void registers_destroy(const void *image, int level);

/* x86-64: what XSAVE takes, as in XCR0; 0 where there is only FXSAVE. arm64: whether SVE is there.
 */
extern uint64_t registers_extended;

#ifdef __x86_64__
/* What the loop stores to. */
extern volatile uint64_t registers_word;
#endif

#pragma GCC visibility pop

#endif
#endif

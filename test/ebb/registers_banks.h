/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_REGISTERS_BANKS_H
#define PERFMOND_TEST_EBB_REGISTERS_BANKS_H

/* What registers.c fills and compares in a register file, for each processor. */

#include <perfmon/ebb.h>
#include <stdint.h>
#include <string.h>

#include "registers.h"

struct bank {
	const char *name; /* of one register; with a number behind it where count is more */
	unsigned first;
	unsigned count;
	int offset; /* of the first in the file; -1: not on this machine */
	unsigned size;
	unsigned stride;
	uint64_t mask; /* the bits that are varied and compared; 0: all */
	uint64_t base; /* bits that are set besides */
	const char *part;
	unsigned lost; /* a bit for each EBB_SAVE_* that does not promise it */
};

#if defined(__x86_64__)

#include <cpuid.h>

#define GPR(name, number)                                                 \
	{                                                                 \
		name, 0, 1, FILE_GPRS + 8 * (number), 8, 8, 0, 0, NULL, 0 \
	}

enum { BANK_YMM = 15, BANK_K, BANK_ZMM, BANK_ZMM2 };

/* clang-format off */
static struct bank banks[] = {
	GPR("rax", 0), GPR("rcx", 1), GPR("rdx", 2), GPR("rbx", 3), GPR("rbp", 4), GPR("rsi", 5),
	GPR("rdi", 6),
	{ "r", 8, 8, FILE_GPRS + 8 * 7, 8, 8, 0, 0, NULL, 0 },
	/* ID OF DF SF ZF AF PF CF. AC and TF would trap, and NT the kernel clears. */
	{ "rflags", 0, 1, FILE_FLAGS, 8, 8, 0x200cd5, 2, NULL, 0 },
	{ "red zone word ", 0, RED_ZONE / 8, FILE_RED_ZONE, 8, 8, 0, 0, NULL, 0 },
	/* Rounding and precision; all exceptions stay masked. */
	{ "fcw", 0, 1, FILE_XSAVE, 2, 2, 0x0e00, 0x7f, NULL, 0 },
	/* Not ES and B, which follow from the others. */
	{ "fsw", 0, 1, FILE_XSAVE + 2, 2, 2, 0x7f7f, 0, NULL, 0 },
	{ "mxcsr", 0, 1, FILE_XSAVE + 24, 4, 4, 0xe07f, 0x1f80, NULL, 0 },
	{ "st", 0, 8, FILE_XSAVE + 32, 10, 16, 0, 0, NULL, 0 },
	{ "xmm", 0, 16, FILE_XSAVE + 160, 16, 16, 0, 0, NULL, 0 },
	[BANK_YMM] = { "ymm", 0, 16, -1, 16, 16, 0, 0, ", upper half", 0 },
	[BANK_K] = { "k", 0, 8, -1, 8, 8, 0, 0, NULL, 0 },
	[BANK_ZMM] = { "zmm", 0, 16, -1, 32, 32, 0, 0, ", upper half", 0 },
	[BANK_ZMM2] = { "zmm", 16, 16, -1, 64, 64, 0, 0, NULL, 0 },
	{ "ftw", 0, 1, FILE_XSAVE + 4, 1, 1, 0xff, 0, NULL, 0 },
};
/* clang-format on */

static uint64_t enabled_states(void)
{
	unsigned eax = 0;
	unsigned ebx = 0;
	unsigned ecx = 0;
	unsigned edx = 0;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
		return 0;
	__asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax & (1U << XSAVE_X87 | 1U << XSAVE_SSE | 1U << XSAVE_AVX | 1U << XSAVE_K |
		      1U << XSAVE_ZMM | 1U << XSAVE_ZMM2);
}

static void place(unsigned bank, unsigned state)
{
	unsigned size;
	unsigned offset;
	unsigned ecx;
	unsigned edx;

	if (!(registers_extended & 1U << state))
		return;
	__cpuid_count(0xd, state, size, offset, ecx, edx);
	if (size && FILE_XSAVE + offset + size <= FILE_SIZE)
		banks[bank].offset = (int)(FILE_XSAVE + offset);
}

static inline void banks_prepare(void)
{
	registers_extended = enabled_states();
	place(BANK_YMM, XSAVE_AVX);
	place(BANK_K, XSAVE_K);
	place(BANK_ZMM, XSAVE_ZMM);
	place(BANK_ZMM2, XSAVE_ZMM2);
}

static inline void banks_complete(unsigned char *file)
{
	memcpy(file + XSAVE_BV, &registers_extended, sizeof registers_extended);
}

#elif defined(__aarch64__)

#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

enum { BANK_V, BANK_Z, BANK_P, BANK_FFR };

/* clang-format off */
static struct bank banks[] = {
	[BANK_V] = { "v", 0, 32, FILE_V, 16, 16, 0, 0, NULL, 0 },
	[BANK_Z] = { "z", 0, 32, -1, 0, 0, 0, 0, NULL, 0 },
	[BANK_P] = { "p", 0, 16, -1, 0, 0, 0, 0, NULL, 0 },
	/* Only ones with zeros above may be in it. */
	[BANK_FFR] = { "ffr", 0, 1, -1, 0, 0, 1, 0, NULL, 0 },
	{ "x", 0, 31, FILE_X, 8, 8, 0, 0, NULL, 0 },
	{ "nzcv", 0, 1, FILE_NZCV, 8, 8, 0xf0000000, 0, NULL, 0 },
	/* AHP DN FZ RMode; traps are not on every processor. */
	{ "fpcr", 0, 1, FILE_FPCR, 8, 8, 0x07c00000, 0, NULL, 0 },
	/* QC IDC IXC UFC OFC DZC IOC */
	{ "fpsr", 0, 1, FILE_FPSR, 8, 8, 0x0800009f, 0, NULL, 0 },
};
/* clang-format on */

static void place(unsigned bank, int offset, unsigned size)
{
	banks[bank].offset = offset;
	banks[bank].size = size;
	banks[bank].stride = size;
}

static inline void banks_prepare(void)
{
	unsigned length;

	if (!(getauxval(AT_HWCAP) & HWCAP_SVE))
		return;
	length = (unsigned)prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK;
	registers_extended = 1;
	banks[BANK_V].offset = -1;
	place(BANK_Z, FILE_Z, length);
	place(BANK_P, FILE_P, length / 8);
	place(BANK_FFR, FILE_P + (int)length * 2, length / 8);
}

static inline void banks_complete(unsigned char *file)
{
	(void)file;
}

#elif defined(__powerpc64__)

/* clang-format off */
static const struct bank banks[] = {
	{ "r0", 0, 1, FILE_GPRS, 8, 8, 0, 0, NULL, 0 },
	{ "r", 2, 11, FILE_GPRS + 8 * 2, 8, 8, 0, 0, NULL, 0 },
	{ "r", 14, 18, FILE_GPRS + 8 * 14, 8, 8, 0, 0, NULL, 0 },
	{ "lr", 0, 1, FILE_LR, 8, 8, 0, 0, NULL, 0 },
	{ "ctr", 0, 1, FILE_CTR, 8, 8, 0, 0, NULL, 0 },
	/* SO OV CA OV32 CA32, and the length of a string */
	{ "xer", 0, 1, FILE_XER, 8, 8, 0xe00c007f, 0, NULL, 0 },
	{ "cr", 0, 1, FILE_CR, 8, 8, 0xffffffff, 0, NULL, 0 },
	{ "vrsave", 0, 1, FILE_VRSAVE, 8, 8, 0xffffffff, 0, NULL, 0 },
	/* FX OX UX ZX XX, FR, FI, FPRF, RN and DRN; the exceptions stay disabled. */
	{ "fpscr", 0, 1, FILE_FPSCR, 8, 8, 0x79e07f003, 0, NULL, 0 },
	/* NJ SAT */
	{ "vscr", 0, 1, FILE_VSCR, 16, 16, 0x10001, 0, NULL, 0 },
	{ "f", 0, 32, FILE_VS, 8, 16, 0, 0, NULL, 0 },
	/* A load of an FPR leaves it undefined (Power ISA 2.07, book I, 7.2.1.1): of those
	 * that C may change, levels with FPRs and without VSRs lose it. */
	{ "vs", 0, 14, FILE_VS + 8, 8, 16, 0, 0, ", low half",
	  1U << EBB_SAVE_FPR | 1U << EBB_SAVE_VR },
	{ "vs", 14, 18, FILE_VS + 16 * 14 + 8, 8, 16, 0, 0, ", low half", 0 },
	{ "v", 0, 32, FILE_VS + 16 * 32, 16, 16, 0, 0, NULL, 0 },
	{ "red zone word ", 0, RED_ZONE / 8, FILE_RED_ZONE, 8, 8, 0, 0, NULL, 0 },
};
/* clang-format on */

static inline void banks_prepare(void)
{
}

static inline void banks_complete(unsigned char *file)
{
	(void)file;
}

#endif

static const unsigned bank_count = sizeof banks / sizeof *banks;

#endif

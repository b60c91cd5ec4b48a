/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_CPUID_H
#define PERFMOND_BACKEND_CPUID_H

#include <stdint.h>

/* What the CPUID instruction says. */
struct cpuid {
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

/* Where the leaves come from: a function, so that those of any processor can be read anywhere. */
struct cpuid_source {
	/* The leaf, subleaf 0. It is asked for no basic leaf above leaf 0's EAX. */
	struct cpuid (*read)(const struct cpuid_source *source, uint32_t leaf);
};

/* The kernel's cpuid(4) file of one CPU, or the instruction on whichever CPU runs this. */
struct cpuid_file {
	struct cpuid_source source;
	int fd; /* -1: the instruction, which gives zeros where there is none */
};

/* DIRECTORY/CPU/cpuid, which takes the kernel's module cpuid. */
void cpuid_open(const char *directory, unsigned cpu, struct cpuid_file *ret_file);
void cpuid_close(struct cpuid_file *file);

#endif

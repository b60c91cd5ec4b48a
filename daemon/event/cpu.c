/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/event.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

/*
 * Family and model of CPUID leaf 1, SDM volume 2A. Family 5 is the P5; family 6 is the P6 up to the
 * Pentium M (models 0x01 to 0x0d), and later CPUs above. Makers other than Intel counted otherwise.
 */
enum cpu_class event_cpu_class(void)
{
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx;
	unsigned family;
	unsigned model;

	if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != signature_INTEL_ebx)
		return CPU_X86;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return CPU_X86;
	family = (eax >> 8) & 0xf;
	model = ((eax >> 4) & 0xf) | ((eax >> 12) & 0xf0);
	if (family == 5)
		return CPU_P5;
	return family == 6 && model <= 0x0d ? CPU_P6 : CPU_X86;
}

#else

enum cpu_class event_cpu_class(void)
{
	return CPU_OTHER;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/event.h"
#include "event/model.h"

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

static unsigned cpu_maker(void)
{
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx;

	if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx))
		return MAKER_OTHER;
	if (ebx == signature_INTEL_ebx)
		return MAKER_INTEL;
	return ebx == signature_AMD_ebx ? MAKER_AMD : MAKER_OTHER;
}

#else

enum cpu_class event_cpu_class(void)
{
	return CPU_OTHER;
}

static unsigned cpu_maker(void)
{
#if defined(__aarch64__)
	return MAKER_ARM;
#elif defined(__powerpc64__)
	return MAKER_POWER;
#else
	return MAKER_OTHER;
#endif
}

#endif

void event_cpu_detect(struct event_cpu *ret_cpu)
{
	ret_cpu->class = event_cpu_class();
	ret_cpu->maker = cpu_maker();
	model_detect(ret_cpu);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/event.h"
#include "event/model.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

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

/* Makers other than Intel counted otherwise. */
enum cpu_class event_cpu_class(void)
{
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx;

	if (cpu_maker() != MAKER_INTEL || !__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return CPU_X86;
	return event_class_of(eax);
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

/*
 * Family and model, SDM volume 2A, CPUID leaf 1. Family 5 is the P5; family 6 is the P6 up to the
 * Pentium M (models 0x01 to 0x0d), and later CPUs above.
 */
enum cpu_class event_class_of(uint32_t signature)
{
	unsigned family = (signature >> 8) & 0xf;
	unsigned model = ((signature >> 4) & 0xf) | ((signature >> 12) & 0xf0);

	if (family == 5)
		return CPU_P5;
	return family == 6 && model <= 0x0d ? CPU_P6 : CPU_X86;
}

void event_cpu_detect(struct event_cpu *ret_cpu)
{
	ret_cpu->class = event_cpu_class();
	ret_cpu->maker = cpu_maker();
	model_detect(ret_cpu);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/pmu.h"

#include <errno.h>
#include <string.h>

#define LEAF_FEATURES   0x1
#define LEAF_PERFMON    0xa
#define LEAF_HYPERVISOR 0x40000000
#define LEAF_EXTENDED   0x80000000
#define LEAF_EXTENDED_1 0x80000001
#define LEAF_PERF_V2    0x80000022

#define FEATURE_ECX_PDCM       (1u << 15)
#define FEATURE_ECX_HYPERVISOR (1u << 31)
#define SIGNATURE_TCG          0x54474354 /* "TCGT" */
#define EXTENDED_ECX_PERFCTR   (1u << 23)
#define PERF_V2_EAX            (1u << 0)
#define CAPABILITY_FULL_WIDTH  (1u << 13)

/* What a client gets of a count; a narrower counter would wrap unseen between two readings. */
#define VALUE_BITS 40

/* A count is computed modulo 2 to the power of the width, in 64 bits. */
#define WIDTH_MAX 63

/* Pentium 4, Pentium D and the Xeons of their kind. */
#define NETBURST_FAMILY 15

static bool is_vendor(const struct cpuid_source *source, const char *name)
{
	struct cpuid leaf = source->read(source, 0);

	return memcmp(&leaf.ebx, name, 4) == 0 && memcmp(&leaf.edx, name + 4, 4) == 0 &&
	       memcmp(&leaf.ecx, name + 8, 4) == 0;
}

static unsigned family_of(uint32_t signature)
{
	unsigned family = (signature >> 8) & 0xf;

	return family == 0xf ? family + ((signature >> 20) & 0xff) : family;
}

/* Of the architectural events, those that CPUID.0AH:EBX calls absent, and those beyond its length,
 * EAX 31:24, of which it says nothing (SDM volume 3B, 18.2.1). */
static uint32_t absent_events(const struct cpuid *leaf)
{
	unsigned length = leaf->eax >> 24;

	return leaf->ebx | (length < 32 ? UINT32_MAX << length : 0);
}

/* What CPUID.0AH says that a count could not be had of; NULL: nothing. */
static const char *find_lack(const struct cpuid *leaf)
{
	unsigned width = (leaf->eax >> 16) & 0xff;

	if ((leaf->eax & 0xff) == 0)
		return "no PMU: CPUID.0AH says version 0; a hypervisor or emulator hides it";
	if (((leaf->eax >> 8) & 0xff) < NPMC)
		return "CPUID.0AH says that there are fewer than two counters";
	if (width < VALUE_BITS)
		return "CPUID.0AH says that the counters have fewer than 40 bits";
	if (width > WIDTH_MAX)
		return "CPUID.0AH says that the counters have more than 63 bits, which no CPU's "
		       "have: a hypervisor's fault";
	return NULL;
}

/* SDM volume 3B, 18.2.1. */
static int identify_arch(const struct cpuid_source *source, uint64_t capabilities,
			 struct pmu *ret_pmu, const char **ret_reason)
{
	struct cpuid leaf = { 0 };
	const char *lack;

	if (source->read(source, 0).eax >= LEAF_PERFMON)
		leaf = source->read(source, LEAF_PERFMON);
	lack = find_lack(&leaf);
	if (lack) {
		*ret_reason = lack;
		return -ENODEV;
	}
	*ret_pmu = pmu_arch(leaf.eax & 0xff, (leaf.eax >> 16) & 0xff, absent_events(&leaf),
			    capabilities & CAPABILITY_FULL_WIDTH);
	return 0;
}

static int identify_intel(const struct cpuid_source *source, uint64_t capabilities,
			  struct pmu *ret_pmu, const char **ret_reason)
{
	uint32_t signature = source->read(source, LEAF_FEATURES).eax;

	enum cpu_class class = event_class_of(signature);

	if (class == CPU_P5 || class == CPU_P6) {
		*ret_pmu = class == CPU_P5 ? pmu_p5 : pmu_p6;
		return 0;
	}
	if (family_of(signature) == NETBURST_FAMILY) {
		*ret_reason = "a Pentium 4's counters are of a kind that perfmond does not program";
		return -ENODEV;
	}
	return identify_arch(source, capabilities, ret_pmu, ret_reason);
}

static int identify_amd(const struct cpuid_source *source, struct pmu *ret_pmu,
			const char **ret_reason)
{
	uint32_t last = source->read(source, LEAF_EXTENDED).eax;

	if (family_of(source->read(source, LEAF_FEATURES).eax) < 6) {
		*ret_reason = "an AMD CPU older than the K7 has no counters";
		return -ENODEV;
	}
	if (last >= LEAF_PERF_V2 && (source->read(source, LEAF_PERF_V2).eax & PERF_V2_EAX))
		*ret_pmu = pmu_amd(AMD_PERF_V2);
	else if (last >= LEAF_EXTENDED_1 &&
		 (source->read(source, LEAF_EXTENDED_1).ecx & EXTENDED_ECX_PERFCTR))
		*ret_pmu = pmu_amd(AMD_CORE);
	else
		*ret_pmu = pmu_amd(AMD_K7);
	return 0;
}

/* The hypervisor's signature, in EBX of leaf 40000000H where leaf 1 says that there is one. */
static bool is_emulated(const struct cpuid_source *source)
{
	return (source->read(source, LEAF_FEATURES).ecx & FEATURE_ECX_HYPERVISOR) &&
	       source->read(source, LEAF_HYPERVISOR).ebx == SIGNATURE_TCG;
}

int pmu_identify(const struct cpuid_source *source, uint64_t capabilities, struct pmu *ret_pmu,
		 const char **ret_reason)
{
	if (is_emulated(source)) {
		*ret_reason = "no PMU: this CPU is QEMU's software emulation, whose counters read "
			      "0 and take "
			      "any write in silence";
		return -ENODEV;
	}
	if (is_vendor(source, "GenuineIntel"))
		return identify_intel(source, capabilities, ret_pmu, ret_reason);
	if (is_vendor(source, "AuthenticAMD") || is_vendor(source, "HygonGenuine"))
		return identify_amd(source, ret_pmu, ret_reason);
	*ret_reason = "the CPU is of another maker than Intel, AMD and Hygon";
	return -ENODEV;
}

bool pmu_has_capabilities(const struct cpuid_source *source)
{
	return is_vendor(source, "GenuineIntel") &&
	       (source->read(source, LEAF_FEATURES).ecx & FEATURE_ECX_PDCM);
}

bool pmu_may_write(const struct pmu *pmu, uint32_t address)
{
	for (unsigned i = 0; i < NPMC; i++)
		if (address == pmu->counter[i].select || address == pmu->counter[i].restore)
			return true;
	return address != 0 && (address == pmu->global_control || address == pmu->status_reset);
}

/* The codes and unit masks of CPUID.0AH:EBX, by its bits (SDM volume 3B, table 18-1). */
bool pmu_lacks_event(const struct pmu *pmu, uint32_t select)
{
	static const uint16_t architectural[] = { 0x003c, 0x00c0, 0x013c, 0x4f2e,
						  0x412e, 0x00c4, 0x00c5, 0x01a4 };

	for (unsigned i = 0; i < sizeof architectural / sizeof *architectural; i++)
		if ((select & 0xffff) == architectural[i])
			return pmu->absent & (1u << i);
	return false;
}

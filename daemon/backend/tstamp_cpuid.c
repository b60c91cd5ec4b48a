/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/tstamp_cpuid.h"

#include <stddef.h>
#include <string.h>

#define LEAF_TSC               0x15
#define LEAF_FREQUENCY         0x16
#define LEAF_HYPERVISOR        0x40000000
#define LEAF_HYPERVISOR_TIMING 0x40000010

#define FEATURE_EDX_TSC        (1U << 4)
#define FEATURE_ECX_HYPERVISOR (1U << 31)

/* Family 6, model 5FH; the stepping is masked out. */
#define SIGNATURE_MASK       0x0fff0ff0U
#define SIGNATURE_DENVERTON  0x000506f0U
#define DENVERTON_CRYSTAL_HZ 25000000U

/* In EBX, ECX, EDX of leaf 40000000H. */
static const char timing_hypervisors[][13] = {
	"KVMKVMKVM\0\0\0",
	"VMwareVMware",
	"ACRNACRNACRN",
};

static bool has_leaf(const struct cpuid_source *source, uint32_t leaf)
{
	return source->read(source, 0).eax >= leaf;
}

static bool is_intel(const struct cpuid_source *source)
{
	struct cpuid vendor = source->read(source, 0);

	return vendor.ebx == 0x756e6547 && vendor.edx == 0x49656e69 && vendor.ecx == 0x6c65746e;
}

static bool is_denverton(const struct cpuid_source *source)
{
	return (source->read(source, 1).eax & SIGNATURE_MASK) == SIGNATURE_DENVERTON;
}

bool cpuid_has_tsc(const struct cpuid_source *source)
{
	return has_leaf(source, 1) && (source->read(source, 1).edx & FEATURE_EDX_TSC);
}

/* Whether EBX / EAX of leaf 15H is the counter's ratio to the crystal. */
static bool read_ratio(const struct cpuid_source *source, struct cpuid *ret_leaf)
{
	struct cpuid leaf;

	if (!is_intel(source) || !has_leaf(source, LEAF_TSC))
		return false;
	leaf = source->read(source, LEAF_TSC);
	if (leaf.eax == 0 || leaf.ebx == 0)
		return false;
	*ret_leaf = leaf;
	return true;
}

uint64_t cpuid_crystal_hz(const struct cpuid_source *source)
{
	struct cpuid leaf;
	uint64_t crystal_hz;

	if (!read_ratio(source, &leaf))
		return 0;
	crystal_hz = leaf.ecx;
	if (crystal_hz == 0 && is_denverton(source))
		crystal_hz = DENVERTON_CRYSTAL_HZ;
	return crystal_hz * leaf.ebx / leaf.eax;
}

uint64_t cpuid_base_hz(const struct cpuid_source *source)
{
	struct cpuid leaf;

	if (!read_ratio(source, &leaf) || leaf.ecx != 0 || !has_leaf(source, LEAF_FREQUENCY))
		return 0;
	return UINT64_C(1000000) * (source->read(source, LEAF_FREQUENCY).eax & 0xffff);
}

static bool has_timing(const struct cpuid *hypervisor)
{
	char name[12];

	memcpy(name, &hypervisor->ebx, 4);
	memcpy(name + 4, &hypervisor->ecx, 4);
	memcpy(name + 8, &hypervisor->edx, 4);
	for (size_t i = 0; i < sizeof timing_hypervisors / sizeof timing_hypervisors[0]; i++)
		if (memcmp(name, timing_hypervisors[i], sizeof name) == 0)
			return hypervisor->eax >= LEAF_HYPERVISOR_TIMING;
	return false;
}

uint64_t cpuid_hypervisor_hz(const struct cpuid_source *source)
{
	struct cpuid hypervisor;

	if (!has_leaf(source, 1) || !(source->read(source, 1).ecx & FEATURE_ECX_HYPERVISOR))
		return 0;
	hypervisor = source->read(source, LEAF_HYPERVISOR);
	if (!has_timing(&hypervisor))
		return 0;
	return UINT64_C(1000) * source->read(source, LEAF_HYPERVISOR_TIMING).eax;
}

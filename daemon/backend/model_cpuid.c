/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"

#define INTEL 0x756e6547, 0x6c65746e, 0x49656e69
#define AMD   0x68747541, 0x444d4163, 0x69746e65

#define EDX_TSC_MSR 0x30u
#define ECX_PDCM    (1u << 15)

struct leaf {
	uint32_t number;
	struct cpuid value;
};

static const struct leaf p5[] = {
	{ 0, { 1, INTEL } },
	{ 1, { 0x00525, 0, 0, EDX_TSC_MSR } },
};

static const struct leaf p6[] = {
	{ 0, { 2, INTEL } },
	{ 1, { 0x00619, 0, 0, EDX_TSC_MSR } },
};

/* 0AH: version 4, 4 counters of 48 bits, 7 events with bit 3 absent, 3 fixed counters of 48 bits.
 */
static const struct leaf arch[] = {
	{ 0, { 0xa, INTEL } },
	{ 1, { 0x50654, 0, ECX_PDCM, EDX_TSC_MSR } },
	{ 0xa, { 0x07300404, 1u << 3, 0, 0x603 } },
};

static const struct leaf amd[] = {
	{ 0, { 1, AMD } },
	{ 1, { 0xa10f11, 0, 0, EDX_TSC_MSR } },
	{ 0x80000000, { 0x80000022, AMD } },
	{ 0x80000001, { 0xa10f11, 0, 1u << 23, 0 } },
	{ 0x80000022, { 1, 6, 0, 0 } },
};

#define ROW(leaves)                                       \
	{                                                 \
		leaves, sizeof(leaves) / sizeof *(leaves) \
	}

struct cpuid model_cpuid(enum model_kind kind, uint32_t leaf)
{
	static const struct {
		const struct leaf *leaf;
		size_t count;
	} kinds[] = {
		[MODEL_P5] = ROW(p5),
		[MODEL_P6] = ROW(p6),
		[MODEL_ARCH] = ROW(arch),
		[MODEL_AMD] = ROW(amd),
	};

	for (size_t i = 0; i < kinds[kind].count; i++)
		if (kinds[kind].leaf[i].number == leaf)
			return kinds[kind].leaf[i].value;
	return (struct cpuid){ 0 };
}

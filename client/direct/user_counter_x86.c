/* SPDX-License-Identifier: BSD-2-Clause */
#include "userpage.h"

uint64_t user_counter(uint32_t number)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(number));
	return (uint64_t)high << 32 | low;
}

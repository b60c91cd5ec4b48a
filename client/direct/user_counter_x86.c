/* SPDX-License-Identifier: BSD-2-Clause */
#include "userpage.h"

bool user_counter(uint32_t number, uint64_t *ret_value)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(number));
	*ret_value = (uint64_t)high << 32 | low;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "userpage.h"

/* The number of a system register is part of the instruction. */
#define READ(n)                                                               \
	case n:                                                               \
		__asm__ volatile("mrs %0, pmevcntr" #n "_el0" : "=r"(value)); \
		break

bool user_counter(uint32_t number, uint64_t *ret_value)
{
	uint64_t value = 0;

	switch (number) {
		READ(0);
		READ(1);
		READ(2);
		READ(3);
		READ(4);
		READ(5);
		READ(6);
		READ(7);
		READ(8);
		READ(9);
		READ(10);
		READ(11);
		READ(12);
		READ(13);
		READ(14);
		READ(15);
		READ(16);
		READ(17);
		READ(18);
		READ(19);
		READ(20);
		READ(21);
		READ(22);
		READ(23);
		READ(24);
		READ(25);
		READ(26);
		READ(27);
		READ(28);
		READ(29);
		READ(30);
	default:
		__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
	}
	*ret_value = value;
	return true;
}

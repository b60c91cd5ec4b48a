/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_TAP_H
#define PERFMOND_TEST_EBB_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count;
static int tap_failed;

static inline void result(bool good, const char *name)
{
	tap_failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, name);
	fflush(stdout);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif

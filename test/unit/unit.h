/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_UNIT_H
#define PERFMOND_TEST_UNIT_UNIT_H

/* What <cmocka.h> wants before it, and what every test here uses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A value that nobody gives, to see that an output was left alone. */
#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

/* Ends the test as skipped. */
#define SKIP(reason)                             \
	do {                                     \
		print_message("# " reason "\n"); \
		skip();                          \
	} while (0)

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_H
#define PERFMOND_TEST_FUZZ_H

/* What the fuzzers of parsers share. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program, as a finding, where what has to hold does not. */
#define MUST(condition)                                                                   \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
				#condition);                                              \
			abort();                                                          \
		}                                                                         \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The bytes that a fuzzer was given and has not taken yet. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

/* The next byte, or 0 where there is none. */
uint8_t bytes_one(struct bytes *bytes);

/* The next eight bytes, or fewer, as a number. */
uint64_t bytes_number(struct bytes *bytes);

/* Those up to the next `end`, which is taken too, or all; a copy with a zero byte behind, to be
 * freed. size: how many, or NULL. */
char *bytes_text(struct bytes *bytes, char end, size_t *ret_size);

/* What the log was told last; "" where that is nothing since log_forget(). */
const char *log_said(void);
void log_forget(void);

/* How many descriptors this process has open. */
unsigned open_files(void);

/* libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * In place of libFuzzer, where a harness is built without it: gives the harness each file of the
 * command line, for a debugger.
 */

#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* More than a fuzzer makes. */
#define INPUT_MAX (1 << 20)

static int replay(const char *path)
{
	static uint8_t buffer[INPUT_MAX];
	FILE *file = fopen(path, "re");
	uint8_t *input;
	size_t size;

	if (!file) {
		perror(path);
		return 1;
	}
	size = fread(buffer, 1, sizeof buffer, file);
	fclose(file);
	/* Of its own size, so that what reads beyond it is seen. */
	input = malloc(size ? size : 1);
	MUST(input);
	for (size_t i = 0; i < size; i++)
		input[i] = buffer[i];
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: rights-outside JOURNAL ELSEWHERE
 *
 * Tries the same as rights-inside, tries.h, with the rights that it is started with.
 */

#include <stdio.h>

#include "tries.h"

int main(int argc, char *argv[])
{
	if (argc != 3) {
		fputs("usage: rights-outside JOURNAL ELSEWHERE\n", stderr);
		return 2;
	}
	tries_run(argv[1], argv[2]);
	return 0;
}

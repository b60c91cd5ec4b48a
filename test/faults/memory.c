/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "inject.h"

#define CALLER __builtin_return_address(0)

/* glibc's own names: dlsym(3), which finds the next function, allocates itself. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return inject(__func__, CALLER, -1) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return inject(__func__, CALLER, -1) ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return inject(__func__, CALLER, -1) ? no_memory() : __libc_realloc(memory, size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "readdir_wrap.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>

int readdir_wrap_left = -1;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct dirent *__real_readdir64(DIR *stream);
struct dirent *__wrap_readdir64(DIR *stream);

struct dirent *__wrap_readdir64(DIR *stream)
{
	if (readdir_wrap_left < 0 || readdir_wrap_left-- > 0)
		return __real_readdir64(stream);
	errno = EIO;
	return NULL;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

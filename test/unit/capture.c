/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int captured = -1;
static int original;
static int memory;
static char text[65536];

static void must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		abort();
	}
}

void capture_start(int fd)
{
	if (captured >= 0)
		capture_end();
	fflush(NULL);
	original = dup(fd);
	must(original, "dup");
	memory = memfd_create("capture", MFD_CLOEXEC);
	must(memory, "memfd_create");
	must(dup2(memory, fd), "dup2");
	captured = fd;
}

const char *capture_end(void)
{
	ssize_t size;

	fflush(NULL);
	must(dup2(original, captured), "dup2");
	size = pread(memory, text, sizeof text - 1, 0);
	must((int)size, "pread");
	text[size] = '\0';
	close(memory);
	close(original);
	captured = -1;
	return text;
}

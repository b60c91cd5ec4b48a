/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/interrupts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define STAT "/proc/stat"
#define LINE "\nintr "

static bool find_total(const char *text, uint64_t *ret_total)
{
	const char *line = strstr(text, LINE);
	const char *figure = line ? line + strlen(LINE) : "";
	size_t digits = strspn(figure, "0123456789");

	if (digits == 0 || figure[digits] != ' ')
		return false;
	*ret_total = strtoull(figure, NULL, 10);
	return true;
}

/*
 * One line per CPU stands before the one that is wanted, so the file is read in pieces; the tail of
 * a piece goes before the next, in case the line is cut there.
 */
int interrupts_read(int fd, uint64_t *ret_total)
{
	char text[4096];
	size_t kept = 0;
	off_t offset = 0;

	for (;;) {
		ssize_t size = pread(fd, text + kept, sizeof text - 1 - kept, offset);

		if (size < 0)
			return -errno;
		if (size == 0)
			return -EIO;
		offset += size;
		kept += (size_t)size;
		text[kept] = '\0';
		if (find_total(text, ret_total))
			return 0;
		if (kept > 64) {
			memmove(text, text + kept - 64, 64);
			kept = 64;
		}
	}
}

int interrupts_open(void)
{
	uint64_t total;
	int fd = open(STAT, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		result = -errno;
		log_error(STAT ": %s%s", strerror(errno),
			  errno == ENOENT ? "; mount proc on /proc" : "");
		return result;
	}
	result = interrupts_read(fd, &total);
	if (result < 0) {
		log_error(STAT ": no total of interrupts (%s)", strerror(-result));
		close(fd);
		return result;
	}
	return fd;
}

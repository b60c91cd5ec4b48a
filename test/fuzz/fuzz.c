/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

#include <dirent.h>
#include <stdarg.h>
#include <string.h>

#include "log.h"

uint8_t bytes_one(struct bytes *bytes)
{
	if (bytes->size == 0)
		return 0;
	bytes->size--;
	return *bytes->data++;
}

uint64_t bytes_number(struct bytes *bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < sizeof number; i++)
		number |= (uint64_t)bytes_one(bytes) << 8 * i;
	return number;
}

char *bytes_text(struct bytes *bytes, char end, size_t *ret_size)
{
	const uint8_t *at = bytes->size ? memchr(bytes->data, end, bytes->size) : NULL;
	size_t size = at ? (size_t)(at - bytes->data) : bytes->size;
	char *text = malloc(size + 1);

	MUST(text);
	if (size)
		memcpy(text, bytes->data, size);
	text[size] = '\0';
	if (ret_size)
		*ret_size = size;
	bytes->data += at ? size + 1 : size;
	bytes->size -= at ? size + 1 : size;
	return text;
}

unsigned open_files(void)
{
	unsigned count = 0;
	DIR *directory = opendir("/proc/self/fd");

	MUST(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/*
 * In place of the daemon's log: what it says would bury the finding, but its formats and arguments
 * are under test.
 */
static char said[1024];

static void say(const char *format, va_list arguments)
{
	MUST(vsnprintf(said, sizeof said, format, arguments) > 0);
}

#define SAY(format)                          \
	do {                                 \
		va_list arguments;           \
                                             \
		va_start(arguments, format); \
		say(format, arguments);      \
		va_end(arguments);           \
	} while (0)

void log_error(const char *format, ...)
{
	SAY(format);
}

void log_warning(const char *format, ...)
{
	SAY(format);
}

void log_info(const char *format, ...)
{
	SAY(format);
}

void log_line_of_worker(int priority, const char *line)
{
	(void)priority;
	log_info("%s", line);
}

void log_to_perfmond(int socket)
{
	(void)socket;
}

const char *log_said(void)
{
	return said;
}

void log_forget(void)
{
	said[0] = '\0';
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the UTF-8 sequence that text begins with, RFC 3629; 0: it is none. */
static size_t sequence(const unsigned char *text)
{
	size_t length = *text < 0x80 ? 1 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;

	if (*text >= 0x80 && (*text < 0xc2 || *text > 0xf4))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, a surrogate, beyond the last. */
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

void json_string(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', file);
	while (*at) {
		size_t length = sequence(at);

		if (length == 0)
			fputs("\\ufffd", file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at < 0x20)
			fprintf(file, "\\u%04x", *at);
		else
			fwrite(at, 1, length, file);
		at += length ? length : 1;
	}
	fputc('"', file);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <stdint.h>
#include <string.h>

/* The bytes of the character that begins here, or 0 where they are no UTF-8 (RFC 3629, section 4).
 */
static size_t character_length(const unsigned char *text)
{
	uint32_t code;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	code = text[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	/* Overlong forms, surrogates, and what lies beyond Unicode. */
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

void json_string(FILE *stream, const char *text)
{
	if (!text) {
		fputs("null", stream);
		return;
	}
	fputc('"', stream);
	while (*text) {
		size_t length = character_length((const unsigned char *)text);

		if (length == 0) {
			fputs("\\ufffd", stream);
			length = 1;
		} else if (*text == '"' || *text == '\\') {
			fprintf(stream, "\\%c", *text);
		} else if ((unsigned char)*text < 0x20) {
			fprintf(stream, "\\u%04x", (unsigned)*text);
		} else {
			fwrite(text, 1, length, stream);
		}
		text += length;
	}
	fputc('"', stream);
}

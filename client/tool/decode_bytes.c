/* SPDX-License-Identifier: BSD-2-Clause */

/* Arguments that are shown as bytes: by gdb, or by hand. No option of strace 6.1 shows them. */

#include <string.h>

#include "decode.h"

struct bytes {
	unsigned char *at;
	size_t length;
	size_t size;
};

static bool add(struct bytes *bytes, uint64_t value)
{
	if (bytes->length == bytes->size || value > 0xff)
		return false;
	bytes->at[bytes->length++] = (unsigned char)value;
	return true;
}

static bool octal(struct span *rest, uint64_t *ret_value)
{
	uint64_t value = 0;
	int digits = 0;

	while (digits < 3 && rest->at < rest->end && *rest->at >= '0' && *rest->at <= '7') {
		value = value * 8 + (uint64_t)(*rest->at++ - '0');
		digits++;
	}
	*ret_value = value;
	return digits > 0;
}

/* \x and two digits: more would belong to what follows. */
static bool hexadecimal(struct span *rest, uint64_t *ret_value)
{
	char text[] = "0x00";
	struct span number = { text, text + 4 };

	if (rest->end - rest->at < 3 || *rest->at != 'x')
		return false;
	memcpy(text + 2, rest->at + 1, 2);
	if (!span_number(&number, ret_value) || number.at != number.end)
		return false;
	rest->at += 3;
	return true;
}

/* Behind the backslash. */
static bool escaped(struct span *rest, uint64_t *ret_value)
{
	static const char letters[] = "abefnrtv\"\\'";
	static const char values[] = "\a\b\033\f\n\r\t\v\"\\'";
	const char *letter;

	if (octal(rest, ret_value) || hexadecimal(rest, ret_value))
		return true;
	if (rest->at == rest->end || *rest->at == '\0')
		return false;
	letter = strchr(letters, *rest->at++);
	if (!letter)
		return false;
	*ret_value = (unsigned char)values[letter - letters];
	return true;
}

/* Behind the opening quotation mark. strace puts ... behind what it cut off. */
static bool string(struct span *rest, struct bytes *bytes)
{
	while (rest->at < rest->end && *rest->at != '"') {
		uint64_t value = (unsigned char)*rest->at++;

		if (value == '\\' && !escaped(rest, &value))
			return false;
		if (!add(bytes, value))
			return false;
	}
	return span_take(rest, "\"") && !span_take(rest, "...");
}

/* As gdb writes what is the same: 0x0 <repeats 12 times>. */
static bool repeated(struct span *rest, struct bytes *bytes, uint64_t value)
{
	uint64_t times = 1;

	if (span_take(rest, " <repeats ") &&
	    (!span_number(rest, &times) || times == 0 || !span_take(rest, " times>")))
		return false;
	if (times > bytes->size)
		return false;
	while (times--)
		if (!add(bytes, value))
			return false;
	return true;
}

/* Behind the opening brace. */
static bool list(struct span *rest, struct bytes *bytes)
{
	uint64_t value;

	do {
		if (!span_number(rest, &value) || !repeated(rest, bytes, value))
			return false;
	} while (span_take(rest, ", "));
	return span_take(rest, "}");
}

ssize_t decode_bytes(struct span *rest, unsigned char *bytes, size_t size)
{
	struct bytes taken = { bytes, 0, size };
	struct span at = *rest;

	if (span_take(&at, "\"") ? !string(&at, &taken)
				 : !span_take(&at, "{") || !list(&at, &taken))
		return -1;
	*rest = at;
	return (ssize_t)taken.length;
}

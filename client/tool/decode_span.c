/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "decode.h"

bool span_take(struct span *rest, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, text, length) != 0)
		return false;
	rest->at += length;
	return true;
}

bool span_past(struct span *rest, const char *text)
{
	const char *found = memmem(rest->at, (size_t)(rest->end - rest->at), text, strlen(text));

	if (!found)
		return false;
	rest->at = found + strlen(text);
	return true;
}

bool span_is(struct span span, const char *text)
{
	return span_take(&span, text) && span.at == span.end;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

bool span_number(struct span *rest, uint64_t *ret_value)
{
	struct span at = *rest;
	bool negative = span_take(&at, "-");
	uint64_t base = span_take(&at, "0x") ? 16 : 10;
	const char *first = at.at;
	uint64_t value = 0;

	for (; at.at < at.end && (uint64_t)digit(*at.at) < base; at.at++) {
		uint64_t next = (uint64_t)digit(*at.at);

		if (value > (UINT64_MAX - next) / base)
			return false;
		value = value * base + next;
	}
	if (at.at == first)
		return false;
	*rest = at;
	*ret_value = negative ? -value : value;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_JSON_H
#define PERFMOND_JSON_H

#include <stdio.h>

/*
 * Prints a JSON string, or null for NULL. RFC 8259 takes UTF-8 only: a byte that is none, as a
 * file's name may have it, becomes U+FFFD.
 */
void json_string(FILE *stream, const char *text);

#endif

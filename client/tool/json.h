/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_JSON_H
#define PERFMON_JSON_H

#include <stdio.h>

/* Writes text as a JSON string, RFC 8259; bytes that are no UTF-8 as U+FFFD. */
void json_string(FILE *file, const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void report_add(struct report *report, const char *kind, const char *name, bool usable,
		const char *remedy, const char *reason, ...)
{
	char text[512];
	struct finding finding = { kind, name, usable, text, remedy };
	va_list arguments;

	va_start(arguments, reason);
	vsnprintf(text, sizeof text, reason, arguments);
	va_end(arguments);
	report->add(report, &finding);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "output.h"

static struct output standard_error = { .fd = STDERR_FILENO };
static bool use_syslog;

static void log_line(int priority, const char *prefix, const char *format, va_list arguments)
{
	char line[1024];
	int length = snprintf(line, sizeof line, "perfmond: %s", prefix);
	size_t room = sizeof line - (size_t)length - 1;
	int message = vsnprintf(line + length, room, format, arguments);

	if (message < 0)
		return;
	length += (size_t)message < room ? message : (int)room - 1;
	if (use_syslog) {
		syslog(priority, "%s", line + strlen("perfmond: "));
		return;
	}
	line[length++] = '\n';
	output_line(&standard_error, line, (size_t)length);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_ERR, "", format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_WARNING, "warning: ", format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(LOG_INFO, "", format, arguments);
	va_end(arguments);
}

void log_to_syslog(void)
{
	openlog("perfmond", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	use_syslog = true;
}

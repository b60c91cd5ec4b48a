/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

static struct output standard_error = { .fd = STDERR_FILENO };
static int syslog_fd = -1; /* -1: standard error is in use */
static uint64_t syslog_lost;
static int perfmond = -1; /* -1: this is no worker */

/*
 * syslog(3) waits for a log daemon that is slow, and a request would wait with it. The protocol is
 * one datagram to /dev/log, with the priority in front (RFC 3164).
 */
static void send_to_syslog(int priority, const char *message)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
	char line[1200];
	int length = snprintf(line, sizeof line, "<%d>perfmond[%ld]: %s", LOG_DAEMON | priority,
			      (long)getpid(), message);

	if (syslog_lost)
		length += snprintf(line + length, sizeof line - (size_t)length,
				   " (%llu lines lost)", (unsigned long long)syslog_lost);
	/* Addressed anew each time: a log daemon that was restarted has another socket there. */
	if (sendto(syslog_fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&address, sizeof address) < 0)
		syslog_lost++;
	else
		syslog_lost = 0;
}

/* Whoever hears it may be gone. */
static void send_to_perfmond(int priority, const char *message)
{
	struct iovec part[] = { { &priority, sizeof priority },
				{ (void *)message, strlen(message) } };
	const struct msghdr line = { .msg_iov = part, .msg_iovlen = 2 };

	sendmsg(perfmond, &line, MSG_NOSIGNAL);
}

/* Lines that may be written at once, and a second from then on: clients have a part in many. */
#define BURST 1000
#define RATE  20

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool limited;
static double tokens = BURST;
static double refilled; /* when, s */
static uint64_t dropped;

static bool is_admitted(void)
{
	struct timespec time;
	double now;

	if (!limited || perfmond >= 0)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	tokens += (now - refilled) * RATE;
	refilled = now;
	if (tokens > BURST)
		tokens = BURST;
	if (tokens < 1) {
		dropped++;
		return false;
	}
	tokens--;
	return true;
}

static void write_line(int priority, const char *prefix, const char *message)
{
	char line[1024];
	int length;

	if (perfmond >= 0) {
		send_to_perfmond(priority, message);
		return;
	}
	length = snprintf(line, sizeof line - 1, "perfmond: %s%s", prefix, message);
	if (length > (int)sizeof line - 2)
		length = (int)sizeof line - 2;
	if (syslog_fd >= 0) {
		send_to_syslog(priority, line + strlen("perfmond: "));
		return;
	}
	line[length++] = '\n';
	output_line(&standard_error, line, (size_t)length);
}

static void say_dropped(void)
{
	char message[80];

	snprintf(message, sizeof message, "%llu lines dropped: more than %d in a second",
		 (unsigned long long)dropped, RATE);
	if (dropped)
		write_line(LOG_WARNING, "warning: ", message);
	dropped = 0;
}

static void log_line(int priority, const char *prefix, const char *format, va_list arguments)
{
	char message[1024];

	if (vsnprintf(message, sizeof message, format, arguments) < 0)
		return;
	pthread_mutex_lock(&mutex);
	if (is_admitted()) {
		say_dropped();
		write_line(priority, prefix, message);
	}
	pthread_mutex_unlock(&mutex);
}

static void lock(void)
{
	pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

/* A worker begins while the other thread may be at a line. */
void log_limit(void)
{
	pthread_atfork(lock, unlock, unlock);
	limited = true;
}

void log_finish(void)
{
	pthread_mutex_lock(&mutex);
	limited = false;
	say_dropped();
	pthread_mutex_unlock(&mutex);
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

void log_line_of_worker(int priority, const char *line)
{
	switch (priority) {
	case LOG_ERR:
		log_error("%s", line);
		break;
	case LOG_WARNING:
		log_warning("%s", line);
		break;
	default:
		log_info("%s", line);
	}
}

void log_to_perfmond(int socket)
{
	perfmond = socket;
}

int log_detach(int null)
{
	int result;
	int last;

	syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	result = syslog_fd < 0 ? -errno : 0;
	last = result < 0 ? STDOUT_FILENO : STDERR_FILENO;
	for (int standard = 0; null >= 0 && standard <= last; standard++)
		dup2(null, standard);
	if (null > STDERR_FILENO)
		close(null);
	return result;
}

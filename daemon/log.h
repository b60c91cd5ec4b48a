/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_LOG_H
#define PERFMOND_LOG_H

/*
 * What perfmond tells its administrator. Lines go to standard error while the daemon has one, and
 * to syslog(3), facility LOG_DAEMON, after log_detach().
 *
 * A line never blocks: when standard error is a pipe or terminal that nobody reads, the line is
 * dropped and counted, because a request is waiting behind it.
 */

/* A failure that ends the daemon or a request. Printed as "perfmond: MESSAGE". */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something that works otherwise than asked for. Printed as "perfmond: warning: MESSAGE". */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* News of normal operation. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From here on clients have a part in what is logged. A line that comes too soon after many others
 * is dropped, and the next one that is written, or log_finish(), tells how many were: who asks for
 * errors all the time fills no disk.
 */
void log_limit(void);

/*
 * Clients have no part in what comes from here on, and no line is dropped. Tells of those that
 * were, since the last one.
 */
void log_finish(void);

/*
 * In a worker, see worker.h: sends all later lines to perfmond, by the socket between the two, each
 * with its priority, an int, before it.
 */
void log_to_perfmond(int socket);

/* In perfmond: logs such a line. */
void log_line_of_worker(int priority, const char *line);

/*
 * Sends all later lines to /dev/log, and has `null`, an open /dev/null that it closes, or -1, take
 * the place of the standard descriptors. Errors: as socket(2); then standard error stays as it is,
 * with the lines.
 */
int log_detach(int null);

#endif

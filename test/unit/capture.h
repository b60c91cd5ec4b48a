/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_CAPTURE_H
#define PERFMOND_TEST_UNIT_CAPTURE_H

/* For code under test that prints: one descriptor at a time goes to memory instead. */

/* fd: STDOUT_FILENO or STDERR_FILENO. A capture that a failed test left open ends first. */
void capture_start(int fd);

/* Puts the descriptor back. The text is valid until the next capture ends. */
const char *capture_end(void);

#endif

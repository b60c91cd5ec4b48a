/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_REQUEST_H
#define PERFMOND_TEST_EBB_REQUEST_H

/* What the library asks of perfmond, by hand. */

#include <perfmon/ext.h>
#include <stdint.h>
#include <sys/types.h>

/* The path of the node; the caller sets it. */
extern const char *request_node;

/* An event that each machine under test has, on a thread; 0: the caller. */
struct perfmon_ebb request_plain(pid_t thread);

/* PMIOEBB for that. Gives 0 or an errno. */
int request_attach(pid_t thread, uint64_t *ret_token);

/* The socket beside the node, connected; -1 with errno. */
int request_connect(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PRIVILEGE_FILTER_H
#define PERFMOND_PRIVILEGE_FILTER_H

#include "rights.h"

/*
 * The system calls of the rights and no others, seccomp(2): any other answers EPERM, as does one of
 * another architecture. Takes no_new_privs or CAP_SYS_ADMIN, and a process of one thread; for good.
 * Errors, logged: -ENOMEM, -EINVAL for a name that libseccomp does not know, -ENOSYS where the
 * kernel has no filters, and as seccomp(2).
 */
int filter_load(const struct rights *rights);

#endif

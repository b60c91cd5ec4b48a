/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PRIVILEGE_LANDLOCK_H
#define PERFMOND_PRIVILEGE_LANDLOCK_H

#include "rights.h"

/*
 * The paths of the rights and no others, landlock(7). Takes no_new_privs; for good. What is open
 * stays so. Returns 1, or 0 where the kernel has no Landlock or has it switched off. Errors,
 * logged: as the system calls.
 */
int landlock_confine(const struct rights *rights);

#endif

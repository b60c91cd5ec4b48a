/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_RIGHTS_H
#define PERFMOND_BACKEND_PERF_RIGHTS_H

#include "backend/backend.h"
#include "rights.h"

/*
 * struct backend_operations' add_rights, of the backend perf: the least capabilities with which
 * perf_event_open(2) lets a system-wide counter be, by trying them. Takes a process of one thread.
 */
void perf_add_rights(const struct backend *backend, struct rights *rights);

#endif

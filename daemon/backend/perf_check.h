/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_PERF_CHECK_H
#define PERFMOND_BACKEND_PERF_CHECK_H

#include "backend/backend.h"

/* The PMUs of this machine. */
#define PERF_PMUS "/sys/bus/event_source/devices"

/*
 * 0 where there is a hardware PMU that counts in this scope, if for want of rights in user mode
 * alone; else the negative errno of perf_event_open(2).
 */
int perf_try_pmu(enum event_scope scope);

/* Whether an error of perf_try_pmu() says that there is no PMU, and not that it cannot be had. */
bool perf_is_no_pmu(int error);

/*
 * The findings of --check. backend: as it was opened with the options, with what perf_try_pmu()
 * said in result; or NULL where that failed with the negative errno in result: -ENODEV where the
 * scope's CPU, or /proc, is not there.
 */
void perf_report(const struct backend *backend, const struct backend_options *options, int result,
		 struct report *report);

#endif

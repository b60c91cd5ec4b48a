/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_RATIO_H
#define PERFMON_RATIO_H

#include "spec.h"

/*
 * What two events make together, for those of the same flags: prints "0.93 instructions per clock"
 * into text and returns true, or false where the two make no known ratio.
 */
bool ratio_text(const struct spec *over, double over_count, const struct spec *under,
		double under_count, char *text, size_t size);

#endif

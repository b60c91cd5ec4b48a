/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_EVENT_MODEL_H
#define PERFMOND_EVENT_MODEL_H

#include <stdint.h>

#include "event/event.h"

/*
 * The events of one CPU model, by their names in libpfm4, pfm_get_os_event_encoding(3).
 */

/*
 * The core PMU that libpfm4 finds on this machine, and its family. "" and FAMILIES where it knows
 * the CPU not, where several kinds of core are there, or where libpfm4 fails; the log says which.
 */
void model_detect(struct event_cpu *cpu);

/*
 * Encodes an event of a PMU of this machine. Returns attr.config in *ret_config. Errors:
 * -EOPNOTSUPP where libpfm4 has no such event or the PMU is not here, -ENOMEM.
 */
int model_encode(const char *pmu, const char *name, uint64_t *ret_config);

#endif

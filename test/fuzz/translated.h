/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FUZZ_TRANSLATED_H
#define PERFMOND_TEST_FUZZ_TRANSLATED_H

/*
 * What holds of every answer of event_translate(). They end the program where it does not.
 * result: 0 or a negative errno; event: what was found, if it is 0.
 */

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "event/legacy.h"

/* The table's row for a request, or NULL. */
const struct legacy_event *translated_row(const struct event_rules *rules, uint32_t select);

/* With EVENT_SET_NATIVE. */
void translated_native(const struct event_rules *rules, uint32_t select, int result,
		       const struct event *event);

/* With the others. model_answers: libpfm4 has the model's events as the table has them. */
void translated_legacy(const struct event_rules *rules, uint32_t select, bool model_answers,
		       int result, const struct event *event);

#endif

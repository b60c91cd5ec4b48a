/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_SIGNALS_H
#define PERFMOND_TRANSPORT_SIGNALS_H

#include <stdbool.h>

/* The signals that transport_catch_signals() catches. */

/* One came. */
bool signals_came(void);

/* From here on one makes read(2) of this descriptor return at once: O_NONBLOCK is set. -1: of none.
 */
void signals_watch(int fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_ASIDE_H
#define PERFMOND_BACKEND_ASIDE_H

#include "backend/backend.h"

/*
 * A backend whose counters live in a process of their own, see worker.h: for SCOPE_OPENER, where
 * the events are on threads of a client that can make calls for them last.
 *
 * A count that cannot be had from there is lost, -EIO, until PMIOSETUP; and for ASIDE_REST no
 * counter is set up, -EAGAIN, so that a client has a small part of perfmond's time at the most.
 */
#define ASIDE_REST 2 /* s */

/* Takes inner over, which the workers run. Errors: -ENOMEM. */
int aside_open(struct backend *inner, struct backend **ret_backend);

#endif

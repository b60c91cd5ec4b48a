/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_DIRECT_H
#define PERFMOND_PASS_DIRECT_H

#include "device/device.h"
#include "pass/passing.h"

/* What answers PMIODIRECT: a counter's events, and a page in memory that both sides map. */
struct direct {
	struct passer passer; /* first: what the device sees of it */
	struct passing *passing;
	/* Of each counter the page, and the token of its offer; one more while it is replaced. */
	struct {
		struct perfmon_page *page;
		uint64_t token;
	} offered[NPMC + 1];
};

void direct_open(struct direct *direct, struct passing *passing);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model_internal.h"
#include "event/event.h"

enum mode {
	USER,
	KERNEL,
};

/* The clocks that a CPU has spent in a mode once its clock shows `clock`. */
static uint64_t mode_clocks(uint64_t clock, enum mode mode)
{
	uint64_t user = clock / 4 * 3 + (clock % 4 < 3 ? clock % 4 : 3);

	return mode == USER ? user : clock - user;
}

/* How often a counter would have counted in a mode's first `clocks`. */
static uint64_t mode_count(const struct model_rate *rate, uint64_t clocks)
{
	uint64_t happened = clocks / rate->period;
	bool inverted = rate->inverted && rate->mask > 0;

	if (rate->lasts)
		return clocks;
	/* A condition that holds always, or never, has no edge. */
	if (rate->mask > 1)
		return inverted && !rate->edge ? clocks : 0;
	if (rate->period == 1)
		return inverted || rate->edge ? 0 : clocks;
	/* Between two events lies one stretch without; the first stretch begins with the clock. */
	if (inverted && rate->edge)
		return happened + (clocks % rate->period ? 1 : 0);
	return inverted ? clocks - happened : happened;
}

uint64_t model_rate_count(const struct model_rate *rate, uint64_t clock)
{
	uint64_t count = 0;

	if (rate->user)
		count += mode_count(rate, mode_clocks(clock, USER));
	if (rate->kernel)
		count += mode_count(rate, mode_clocks(clock, KERNEL));
	return count;
}

struct model_rate model_rate_of_select(uint64_t select, unsigned clocks)
{
	unsigned event = SELECT_EVENT(select) | (unsigned)(select >> 32 & 0xf) << 8;
	uint8_t flags = SELECT_FLAGS(select);

	return (struct model_rate){
		.runs = flags & PMCF_EN,
		.period = event == clocks ? 1 : event + 1,
		.user = flags & PMCF_USR,
		.kernel = flags & PMCF_OS,
		.edge = flags & PMCF_E,
		.inverted = flags & PMCF_INV,
		.mask = SELECT_MASK(select),
	};
}

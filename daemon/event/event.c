/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <stdio.h>

#include "event/legacy.h"
#include "log.h"

/* Bits of an x86 event select, SDM volume 3B, figure 19-1; perf takes them as they are. */
#define X86_EDGE   (1u << 18)
#define X86_INVERT (1u << 23)

/* The one bit of pmc_flags that the original header gives no name: a P6 reserves it. */
#define FLAG_RESERVED 0x20

const char *event_set_name(enum event_set set)
{
	static const char *const names[] = {
		[EVENT_SET_AUTO] = "auto",
		[EVENT_SET_P5] = "p5",
		[EVENT_SET_P6] = "p6",
		[EVENT_SET_NATIVE] = "native",
	};

	return names[set];
}

/* Whether the set is that of the CPU itself. */
static bool is_own(enum event_set asked, enum cpu_class cpu, bool legacy)
{
	if (asked == EVENT_SET_AUTO)
		return !legacy || cpu == CPU_P5 || cpu == CPU_P6;
	return asked == EVENT_SET_NATIVE || (asked == EVENT_SET_P5 && cpu == CPU_P5) ||
	       (asked == EVENT_SET_P6 && cpu == CPU_P6);
}

bool event_set_fits(enum event_set asked, enum cpu_class cpu, bool legacy)
{
	return legacy || is_own(asked, cpu, legacy);
}

int event_set_choose(enum event_set asked, enum cpu_class cpu, bool legacy, enum event_set *ret_set)
{
	if (!event_set_fits(asked, cpu, legacy)) {
		log_error("--events %s: a backend that programs registers takes the codes of its "
			  "own CPU "
			  "only; use --events native",
			  event_set_name(asked));
		return -EOPNOTSUPP;
	}
	if (is_own(asked, cpu, legacy))
		*ret_set = EVENT_SET_NATIVE;
	else
		*ret_set = asked == EVENT_SET_AUTO ? EVENT_SET_P6 : asked;
	return 0;
}

static const struct legacy_event *legacy_table(enum event_set set, enum cpu_class cpu)
{
	if (set == EVENT_SET_P5 || (set == EVENT_SET_NATIVE && cpu == CPU_P5))
		return legacy_p5;
	if (set == EVENT_SET_P6 || (set == EVENT_SET_NATIVE && cpu == CPU_P6))
		return legacy_p6;
	return NULL;
}

const char *event_name(enum event_set set, enum cpu_class cpu, uint8_t code)
{
	const struct legacy_event *table = legacy_table(set, cpu);

	return table ? table[code].name : NULL;
}

/* Why a legacy event cannot be counted as the flags and masks of the request ask, or NULL. */
static const char *legacy_refusal(enum event_set set, const struct legacy_event *legacy,
				  uint32_t select)
{
	uint8_t flags = SELECT_FLAGS(select);

	if (!legacy->name)
		return "the original header has no event of this code";
	if (legacy->kind == EVENT_NONE)
		return "no event of today's machines counts exactly this";
	/* A P5 counts clocks unless told to count edges; a P6 the other way round. */
	if (set == EVENT_SET_P5 && !(flags & PMCF_E))
		return "its duration in clocks cannot be counted (PMCF_E counts how often it "
		       "happens)";
	if (set == EVENT_SET_P6 && (flags & PMCF_E))
		return "PMCF_E cannot be carried to the event that counts it";
	/* The inverted comparison means something with a counter mask only, SDM 18.22. */
	if (SELECT_MASK(select))
		return "a counter mask cannot be carried to the event that counts it";
	if (legacy->kind == EVENT_INTERRUPTS && !(flags & PMCF_USR) != !(flags & PMCF_OS))
		return "the kernel's total cannot tell user from kernel: set both PMCF_USR and "
		       "PMCF_OS";
	return NULL;
}

static int resolve_legacy(enum event_set set, const struct legacy_event *legacy, uint32_t select,
			  struct event *event)
{
	const char *refusal = legacy_refusal(set, legacy, select);

	if (refusal) {
		log_info("PMIOSETUP: event 0x%02x%s%s: %s", SELECT_EVENT(select),
			 legacy->name ? " " : "", legacy->name ? legacy->name : "", refusal);
		return -EOPNOTSUPP;
	}
	event->name = legacy->name;
	event->kind = legacy->kind;
	event->perf_type = legacy->perf_type;
	event->perf_config = legacy->perf_config;
	return 0;
}

static void resolve_native(enum cpu_class cpu, uint32_t select, struct event *event)
{
	uint8_t flags = SELECT_FLAGS(select);

	event->name = event_name(EVENT_SET_NATIVE, cpu, SELECT_EVENT(select));
	event->kind = EVENT_NATIVE;
	event->perf_type = PERF_TYPE_RAW;
	/* USR and OS go by the attributes. PC drives a pin that counts nothing, and perf refuses
	 * it. */
	event->perf_config = (select & 0xff00ffffu) | (flags & PMCF_E ? X86_EDGE : 0) |
			     (flags & PMCF_INV ? X86_INVERT : 0);
}

int event_resolve(enum event_set set, enum cpu_class cpu, uint32_t select, struct event *ret_event)
{
	struct event event = {
		.user = SELECT_FLAGS(select) & PMCF_USR,
		.kernel = SELECT_FLAGS(select) & PMCF_OS,
		.select = select,
	};

	if (SELECT_FLAGS(select) & FLAG_RESERVED) {
		log_info("PMIOSETUP: event 0x%02x: flag 0x%02x is reserved", SELECT_EVENT(select),
			 FLAG_RESERVED);
		return -EOPNOTSUPP;
	}
	if (set == EVENT_SET_NATIVE) {
		resolve_native(cpu, select, &event);
	} else {
		int result = resolve_legacy(set, &legacy_table(set, cpu)[SELECT_EVENT(select)],
					    select, &event);

		if (result < 0)
			return result;
	}
	*ret_event = event;
	return 0;
}

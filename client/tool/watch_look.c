/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "watch.h"

#define NANOSECONDS 1000000000
#define COUNT_BITS  40
#define COUNT_MASK  ((UINT64_C(1) << COUNT_BITS) - 1)

double watch_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / NANOSECONDS;
}

double series_rate(const struct series *series, size_t ago)
{
	if (ago >= series->looks || ago >= WATCH_HISTORY)
		return -1;
	return series->history[(series->looks - 1 - ago) % WATCH_HISTORY];
}

const char *watch_holder(const struct watch *watch, char *text, size_t size)
{
	const struct perfmon_writer *writer = &watch->writer;

	if (!watch->held)
		snprintf(text, size, "nobody");
	else if (writer->process == getpid())
		snprintf(text, size, "this program");
	else if (writer->process)
		snprintf(text, size, "process %d (%s) of user %u", writer->process, writer->command,
			 writer->user);
	else
		snprintf(text, size,
			 "user %u, by a process that has ended or is not seen from here",
			 writer->user);
	return text;
}

/* The event of a value where its code is no code of the CPU's own, or NULL. */
static const struct event *named(const struct series *series)
{
	if (!*series->event.pme_name || series->event.pme_class == PME_NATIVE)
		return NULL;
	return events_by_name(series->event.pme_name, strlen(series->event.pme_name), false);
}

/* As -e takes it: a unit mask and edges that the event has by itself are left out. */
static void set_label(struct series *series)
{
	const struct event *event = named(series);
	uint32_t flags = series->value >> 16 & 0xff;
	unsigned unit = series->value >> 8 & 0xff;
	unsigned mask = series->value >> 24;
	bool edges = flags & PMCF_E && !(event && event->p5 && !event->clocks);
	char code[8];
	char masks[24] = "";
	size_t length = 0;

	snprintf(code, sizeof code, "0x%02x", series->value & 0xff);
	if (mask)
		length = (size_t)snprintf(masks, sizeof masks, ":c=%u", mask);
	if (unit != (event ? event->unit : 0))
		snprintf(masks + length, sizeof masks - length, ":m=%u", unit);
	snprintf(series->label, sizeof series->label, "%s%s%s%s%s%s", event ? event->name : code,
		 flags & PMCF_USR && !(flags & PMCF_OS) ? ":u" : "",
		 flags & PMCF_OS && !(flags & PMCF_USR) ? ":k" : "", edges ? ":e" : "",
		 flags & PMCF_INV ? ":i" : "", masks);
}

/* Another event, or a counter that was set up anew: another series. -EBUSY: it has been freed. */
static int begin_series(struct watch *watch, int counter, uint32_t value, uint64_t count)
{
	struct series *series = &watch->series[counter];
	struct perfmon_event event;
	int result = perfmon_event(watch->device, counter, &event);

	if (result < 0)
		return result;
	*series = (struct series){ .value = value, .event = event, .count = count };
	set_label(series);
	return 0;
}

/* What it counted since the latest look: it may have gone round, or begun again. */
static uint64_t counted(const struct series *series, uint64_t count)
{
	uint64_t half = UINT64_C(1) << (COUNT_BITS - 1);

	if (count >= series->count || (series->count >= half && count < half))
		return (count - series->count) & COUNT_MASK;
	return count;
}

static void add(struct series *series, const struct perfmon_snap_counter *counter, double seconds)
{
	uint64_t more;

	series->error = counter->pmsc_error;
	series->running = counter->pmsc_val >> 16 & PMCF_EN;
	if (series->error)
		return;
	more = counted(series, counter->pmsc_value);
	series->count = counter->pmsc_value;
	if (seconds <= 0)
		return;
	series->total += more;
	series->rate = (double)more / seconds;
	series->history[series->looks++ % WATCH_HISTORY] = series->rate;
}

/* Adds what a counter has counted since the look before, seconds ago; 0: there was none. */
static int look_at(struct watch *watch, int i, struct perfmon_snap_counter counter, double seconds)
{
	struct series *series = &watch->series[i];
	uint32_t value = counter.pmsc_val & ~((uint32_t)PMCF_EN << 16);
	bool mended = series->error && !counter.pmsc_error;
	bool other = seconds <= 0 || value != series->value || mended;
	int result = 0;

	if (counter.pmsc_error != EBUSY && other)
		result = begin_series(watch, i, value, counter.pmsc_value);
	/* Freed since the snap: it is as if that had shown it. */
	if (result == -EBUSY)
		counter.pmsc_error = EBUSY;
	else if (result < 0)
		return result;
	add(series, &counter, other ? 0 : seconds);
	return 0;
}

static int look_for_writer(struct watch *watch)
{
	int result = perfmon_writer(watch->device, &watch->writer);

	watch->held = result == 0;
	return result == -ESRCH ? 0 : result;
}

int watch_look(struct watch *watch, bool first)
{
	struct perfmon_snap snap;
	double before = watch->at;
	int result = perfmon_snap(watch->device, &snap);

	if (result < 0)
		return result;
	watch->at = watch_now();
	watch->stamp = snap.pms_stamp;
	watch->mhz = snap.pms_rate;
	for (int i = 0; i < NPMC && result == 0; i++)
		result = look_at(watch, i, snap.pms_counter[i], first ? 0 : watch->at - before);
	return result < 0 ? result : look_for_writer(watch);
}

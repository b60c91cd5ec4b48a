/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/trace.h"

#include <machine/perfmon.h>
#include <stdio.h>
#include <string.h>

#include "device/device.h"
#include "device/request.h"

uint64_t trace_begin(struct trace *trace)
{
	return trace ? trace->nanoseconds() : 0;
}

/* more: what follows the time, with a blank before it, or "". */
static void finish(struct trace *trace, const struct caller *caller, const char *what, int result,
		   uint64_t begin, const char *more)
{
	unsigned long long microseconds = (trace->nanoseconds() - begin) / 1000;
	char line[1280];
	char name[32];
	int length;
	int pid;

	trace->process(caller->thread, &pid, name, sizeof name);
	if (result < 0)
		length = snprintf(line, sizeof line, "%d %s %s = -1 %s <%llu us>\n", pid, name,
				  what, strerrorname_np(-result), microseconds);
	else
		length = snprintf(line, sizeof line, "%d %s %s = %d <%llu us>%s\n", pid, name, what,
				  result, microseconds, more);
	trace->write(trace, line, (size_t)length);
}

void trace_open(struct trace *trace, const struct caller *caller, bool write, int result,
		uint64_t begin)
{
	if (trace)
		finish(trace, caller, write ? "open for writing" : "open", result, begin, "");
}

void trace_release(struct trace *trace, const struct caller *caller, bool write, uint64_t begin)
{
	if (trace)
		finish(trace, caller, write ? "close of the writer" : "close", 0, begin, "");
}

static const char *flags_text(uint8_t flags, char *text, size_t size)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {
		{ PMCF_USR, "USR" }, { PMCF_OS, "OS" }, { PMCF_E, "E" },   { PMCF_PC, "PC" },
		{ PMCF_INT, "INT" }, { 0x20, "0x20" },  { PMCF_EN, "EN" }, { PMCF_INV, "INV" },
	};
	size_t length = 0;

	snprintf(text, size, "0");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (flags & names[i].flag)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? "|" : "", names[i].name);
	return text;
}

static void pmc_text(const struct device *device, const struct argument *argument, char *text,
		     size_t size)
{
	uint32_t select = argument->select;
	const char *name =
		event_name(device->rules.set, device->rules.source.cpu.class, SELECT_EVENT(select));
	char flags[48];

	snprintf(text, size, "{num=%d, event=0x%02x%s%s, unit=0x%02x, flags=%s, mask=%u}",
		 argument->number, SELECT_EVENT(select), name ? " " : "", name ? name : "",
		 SELECT_UNIT(select), flags_text(SELECT_FLAGS(select), flags, sizeof flags),
		 SELECT_MASK(select));
}

/* Without the token, which is for the event's process alone. */
static void ebb_text(const struct perfmon_ebb *ebb, char *text, size_t size)
{
	snprintf(text, size, "{thread=%d, type=%u, config=0x%llx, period=%u}", ebb->peb_thread,
		 ebb->peb_type, (unsigned long long)ebb->peb_config, ebb->peb_period);
}

static void snap_text(const struct perfmon_snap *snap, char *text, size_t size)
{
	int length =
		snprintf(text, size, "{rate=%u MHz, stamp=%llu, lasted=%llu", snap->pms_rate,
			 (unsigned long long)snap->pms_stamp, (unsigned long long)snap->pms_lasted);

	for (int i = 0; i < NPMC; i++) {
		const struct perfmon_snap_counter *counter = &snap->pms_counter[i];
		size_t room = size - (size_t)length;

		if (counter->pmsc_error)
			length += snprintf(text + length, room, ", %s",
					   strerrorname_np(counter->pmsc_error));
		else
			length += snprintf(text + length, room, ", value=%llu",
					   (unsigned long long)counter->pmsc_value);
	}
	snprintf(text + length, size - (size_t)length, "}");
}

/* Of a reply too long for a line, or not for every reader: PMIODIRECT's token. */
static void event_text(const struct request *request, const struct argument *argument, int result,
		       char *text, size_t size)
{
	const char *more = result < 0 ? "" : ", ...";

	if (request->number == PMIOTRANSLATE)
		snprintf(text, size, "{val=0x%08x%s}", argument->select, more);
	else
		snprintf(text, size, "{num=%d%s}", argument->number, more);
}

static void argument_text(const struct device *device, const struct request *request,
			  const struct argument *argument, int result, char *text, size_t size)
{
	unsigned long long value = argument->value;

	if (request->layout == LAYOUT_EBB)
		ebb_text(&argument->ebb, text, size);
	else if (request->layout == LAYOUT_SNAP)
		snap_text(&argument->snap, text, size);
	else if (request->layout == LAYOUT_INT)
		snprintf(text, size, "[%d]", argument->number);
	else if (request->layout == LAYOUT_PMC && (!request->gives || result == 0))
		pmc_text(device, argument, text, size);
	else if (request->layout == LAYOUT_EVENT || request->layout == LAYOUT_DIRECT)
		event_text(request, argument, result, text, size);
	else if (request->layout == LAYOUT_HOLDER && result == 0)
		snprintf(text, size, "{thread=%d, user=%u}", argument->number, argument->select);
	else if (result < 0)
		snprintf(text, size, request->takes ? "{num=%d}" : "{}", argument->number);
	else if (request->takes)
		snprintf(text, size, "{num=%d, value=%llu}", argument->number, value);
	else
		snprintf(text, size, "{rate=%d MHz, value=%llu}", argument->number, value);
}

/*
 * What else is to be said: what a counter was set up to count; how far apart the first and the last
 * CPU were started or stopped; or "".
 */
static const char *more_text(const struct device *device, const struct request *request,
			     const struct argument *argument, int result, char *text, size_t size)
{
	uint64_t skew = device->backend->pass.skew;
	char what[768];

	*text = '\0';
	if (result == 0 && request->number == PMIOSETUP)
		snprintf(text, size, " counted by %s",
			 event_describe(&device->counter[argument->number].event, what,
					sizeof what));
	else if (result == 0 && skew && request->layout == LAYOUT_INT)
		snprintf(text, size, " skew %.1f us", (double)skew / 1000);
	return text;
}

void trace_request(struct trace *trace, const struct caller *caller, const struct device *device,
		   const struct request *request, const struct argument *argument, int result,
		   uint64_t begin)
{
	char what[224];
	char more[800];
	int length;

	if (!trace)
		return;
	length = snprintf(what, sizeof what, "%s ", request->name);
	argument_text(device, request, argument, result, what + length,
		      sizeof what - (size_t)length);
	finish(trace, caller, what, result, begin,
	       more_text(device, request, argument, result, more, sizeof more));
}

void trace_unknown(struct trace *trace, const struct caller *caller, uint32_t number, int result,
		   uint64_t begin)
{
	char what[32];

	if (!trace)
		return;
	snprintf(what, sizeof what, "ioctl 0x%08x", number);
	finish(trace, caller, what, result, begin, "");
}

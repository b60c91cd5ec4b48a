/* SPDX-License-Identifier: BSD-2-Clause */

/* What an argument holds, in the words of perfmond's --trace. */

#include <inttypes.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <string.h>

#include "decode.h"
#include "events.h"

size_t decode_argument_size(const struct decode_request *request)
{
	/* 13 bits of size in BSD's numbers, 13 or 14 in Linux's: no argument is so large. */
	return request->number >> 16 & 0x1fff;
}

static void print_flags(FILE *out, unsigned flags)
{
	static const char *const names[] = { "USR", "OS", "E", "PC", "INT", "0x20", "EN", "INV" };
	const char *between = "";

	if (flags == 0)
		fputc('0', out);
	for (unsigned bit = 0; bit < 8; bit++)
		if (flags & 1U << bit) {
			fprintf(out, "%s%s", between, names[bit]);
			between = "|";
		}
}

static void print_pmc(FILE *out, enum decode_events events, const unsigned char *bytes)
{
	const struct event *event = NULL;
	struct pmc pmc;

	memcpy(&pmc, bytes, sizeof pmc);
	if (events != DECODE_NATIVE)
		event = events_by_code(events == DECODE_P5, pmc.pmc_event);
	fprintf(out, "{num=%d, event=0x%02x%s%s, unit=0x%02x, flags=", pmc.pmc_num, pmc.pmc_event,
		event ? " " : "", event ? event->name : "", pmc.pmc_unit);
	print_flags(out, pmc.pmc_flags);
	fprintf(out, ", mask=%u}", pmc.pmc_mask);
}

static int32_t first_int(const unsigned char *bytes)
{
	int32_t number;

	memcpy(&number, bytes, sizeof number);
	return number;
}

/* Of struct pmc_data and pmc_tstamp: it is last, and what lies before it is the layout's. */
static int64_t last_quad(const struct decode_request *request, const unsigned char *bytes)
{
	int64_t value;

	memcpy(&value, bytes + decode_argument_size(request) - sizeof value, sizeof value);
	return value;
}

static void print_event(FILE *out, const unsigned char *bytes)
{
	struct perfmon_event event;

	memcpy(&event, bytes, sizeof event);
	fprintf(out, "{num=%d, val=0x%08x, ...}", event.pme_num, event.pme_val);
}

static void print_ebb(FILE *out, const unsigned char *bytes)
{
	struct perfmon_ebb ebb;

	memcpy(&ebb, bytes, sizeof ebb);
	fprintf(out, "{thread=%d, type=%u, config=0x%" PRIx64 ", period=%u, ...}", ebb.peb_thread,
		ebb.peb_type, ebb.peb_config, ebb.peb_period);
}

static void print_snap(FILE *out, const unsigned char *bytes)
{
	struct perfmon_snap snap;

	memcpy(&snap, bytes, sizeof snap);
	fprintf(out, "{rate=%u MHz, stamp=%" PRIu64 ", lasted=%" PRIu64, snap.pms_rate,
		snap.pms_stamp, snap.pms_lasted);
	for (int i = 0; i < NPMC; i++) {
		const struct perfmon_snap_counter *counter = &snap.pms_counter[i];
		const char *error = strerrorname_np(counter->pmsc_error);

		if (counter->pmsc_error == 0)
			fprintf(out, ", value=%" PRIu64, counter->pmsc_value);
		else if (error)
			fprintf(out, ", %s", error);
		else
			fprintf(out, ", error=%d", counter->pmsc_error);
	}
	fputc('}', out);
}

static void print_holder(FILE *out, const unsigned char *bytes)
{
	struct perfmon_holder holder;

	memcpy(&holder, bytes, sizeof holder);
	fprintf(out, "{thread=%d, user=%u}", holder.pmh_thread, holder.pmh_user);
}

void decode_argument_print(FILE *out, const struct decode_request *request,
			   enum decode_events events, const unsigned char *bytes)
{
	switch (request->layout) {
	case DECODE_PMC:
		print_pmc(out, events, bytes);
		break;
	case DECODE_INT:
		fprintf(out, "[%d]", first_int(bytes));
		break;
	case DECODE_DATA:
		fprintf(out, "{num=%d, value=%" PRId64 "}", first_int(bytes),
			last_quad(request, bytes));
		break;
	case DECODE_TSTAMP:
		fprintf(out, "{rate=%d MHz, value=%" PRId64 "}", first_int(bytes),
			last_quad(request, bytes));
		break;
	case DECODE_EVENT:
		print_event(out, bytes);
		break;
	case DECODE_EBB:
		print_ebb(out, bytes);
		break;
	case DECODE_SNAP:
		print_snap(out, bytes);
		break;
	case DECODE_DIRECT:
		fprintf(out, "{num=%d, ...}", first_int(bytes));
		break;
	case DECODE_HOLDER:
		print_holder(out, bytes);
		break;
	}
}

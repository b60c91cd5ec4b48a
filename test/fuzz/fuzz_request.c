/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Request numbers, and arguments in their layouts, native and i386's. Compared with a second
 * opinion: which numbers there are; what each field is decoded to; and every byte of what is
 * encoded, padding included.
 *
 * The input is a number, as number_choose() has it; the argument; and what the fields hold that
 * are encoded.
 */

#include <stdbool.h>
#include <string.h>

#include "device/request.h"
#include "event/event.h"
#include "fuzz.h"
#include "requests.h"

static void check_found(const struct number *wanted, const struct request *request)
{
	MUST(request->number == wanted->number && request->writes == wanted->writes);
	MUST(request->takes == number_takes(wanted) && request->gives == number_gives(wanted));
	MUST(request_size(request) == wanted->size && request->handle && request->name);
	/* Both layouts have the one name. */
	MUST(strncmp(request->name, wanted->name, strlen(request->name)) == 0);
}

/* A copy of the next bytes, with zeros after the last one, of its own size, to be freed. */
static uint8_t *take(struct bytes *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	MUST(copy);
	for (size_t i = 0; i < size; i++)
		copy[i] = bytes_one(bytes);
	return copy;
}

static uint32_t word_at(const uint8_t *byte)
{
	uint32_t word;

	memcpy(&word, byte, sizeof word);
	return word;
}

static uint32_t little_at(const uint8_t *byte)
{
	return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

/* taken: NULL where the request takes none. */
static void check_decoded(const struct number *number, const uint8_t *taken,
			  const struct argument *argument)
{
	uint32_t at = taken && number->what != EBB ? word_at(taken) : 0;
	uint32_t select = 0;

	if (taken && (number->what == SETUP || number->what == GET))
		select = little_at(taken + 4);
	if (taken && (number->what == EVENT || number->what == TRANSLATE))
		select = word_at(taken + 4);
	MUST((uint32_t)argument->number == at && argument->select == select);
	MUST(argument->value == 0 && !argument->event);
	if (taken && number->what == EBB)
		MUST(memcmp(&argument->ebb, taken, number->size) == 0);
}

/* From no text to one longer than there is room for. */
static void fill_event(struct bytes *bytes, struct event *event)
{
	static char name[EVENT_COUNTED];
	static char note[EVENT_COUNTED];

	*event = (struct event){ .class = bytes_one(bytes) % (EVENT_CLASS_NATIVE + 1),
				 .fidelity = bytes_one(bytes) % (FIDELITY_HIGH + 1),
				 .counter = bytes_one(bytes) % 3 - 1,
				 .select = (uint32_t)bytes_number(bytes),
				 .terms = bytes_one(bytes) % (EVENT_TERMS + 1) };
	for (unsigned i = 0; i < event->terms; i++) {
		event->term[i].type = bytes_one(bytes);
		event->term[i].config = bytes_number(bytes);
	}
	memset(name, 'n', sizeof name);
	name[bytes_one(bytes) % 96] = '\0';
	memset(note, 'o', sizeof note);
	note[bytes_one(bytes)] = '\0';
	memset(event->counted, 'c', sizeof event->counted);
	event->counted[bytes_number(bytes) % EVENT_COUNTED] = '\0';
	event->name = *name ? name : NULL;
	event->note = note;
}

/* What a handler would have put there. */
static void fill(struct bytes *bytes, const struct number *number, struct argument *argument,
		 struct event *event)
{
	uint8_t *snap;

	argument->value = bytes_number(bytes);
	fill_event(bytes, event);
	argument->event = event;
	if (number->what == HOLDER)
		argument->select = (uint32_t)bytes_number(bytes);
	if (number->what != SNAP)
		return;
	snap = take(bytes, sizeof argument->snap);
	memcpy(&argument->snap, snap, sizeof argument->snap);
	free(snap);
}

/* Every byte of the reply; reply has zeros. */
static void expect(const struct number *number, const uint8_t *taken,
		   const struct argument *argument, uint8_t *reply)
{
	switch (number->what) {
	case SNAP:
		memcpy(reply, &argument->snap, number->size);
		break;
	case EBB:
	case GET:
		MUST(taken);
		memcpy(reply, taken, number->size);
		break;
	case EVENT:
	case TRANSLATE:
		reply_event(reply, argument->number, argument->event);
		break;
	case HOLDER:
		memcpy(reply, &argument->number, 4);
		memcpy(reply + number->quad, &argument->select, 4);
		break;
	default:
		memcpy(reply, &argument->number, 4);
		memcpy(reply + number->quad, &argument->value, 8);
	}
}

static void check_encoded(struct bytes *bytes, const struct number *number,
			  const struct request *request, const uint8_t *taken,
			  struct argument *argument)
{
	uint8_t *wanted = calloc(1, number->size);
	uint8_t *reply = malloc(number->size);
	struct event event;

	MUST(wanted && reply);
	fill(bytes, number, argument, &event);
	expect(number, taken, argument, wanted);
	memset(reply, 0xa5, number->size);
	request_encode(request, argument, reply);
	MUST(memcmp(reply, wanted, number->size) == 0);
	free(wanted);
	free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	uint32_t number = number_choose(&bytes);
	const struct number *wanted = number_find(number);
	const struct request *request = request_find(number);
	struct argument argument;
	uint8_t *taken;

	MUST(!wanted == !request);
	if (!request)
		return 0;
	check_found(wanted, request);
	taken = request->takes ? take(&bytes, wanted->size) : NULL;
	/* So that a field that is left out is seen. */
	memset(&argument, 0xa5, sizeof argument);
	request_decode(request, taken, &argument);
	check_decoded(wanted, taken, &argument);
	if (request->gives)
		check_encoded(&bytes, wanted, request, taken, &argument);
	free(taken);
	return 0;
}

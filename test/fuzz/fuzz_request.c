/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Request numbers, and arguments in their layouts, native and i386's. Compared with a second
 * opinion, written from perfmon(4) by sizes and offsets: which numbers there are; what each field
 * is decoded to; and every byte of what is encoded, padding included.
 *
 * Of the first byte, two bits choose between any number, one with a wrong bit, and a right one, and
 * the rest says which; the second byte says which bit. Then come any number, eight bytes; the
 * argument; and what the fields hold that are encoded.
 */

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "device/request.h"
#include "event/event.h"
#include "fuzz.h"

#define WRITE _IOC_WRITE
#define READ  _IOC_READ
#define BOTH  (_IOC_READ | _IOC_WRITE)

static const struct number {
	uint32_t number;
	size_t size;
	enum layout layout;
	bool writes; /* for the writer alone */
} numbers[] = {
	{ _IOC(WRITE, '5', 1, 8), 8, LAYOUT_PMC, true },       /* PMIOSETUP */
	{ _IOC(WRITE, '5', 2, 4), 4, LAYOUT_INT, true },       /* PMIOSTART */
	{ _IOC(WRITE, '5', 3, 4), 4, LAYOUT_INT, true },       /* PMIOSTOP */
	{ _IOC(BOTH, '5', 4, 12), 12, LAYOUT_QUAD_4, false },  /* PMIOREAD of i386 */
	{ _IOC(BOTH, '5', 4, 16), 16, LAYOUT_QUAD_8, false },  /* PMIOREAD */
	{ _IOC(WRITE, '5', 5, 4), 4, LAYOUT_INT, true },       /* PMIORESET */
	{ _IOC(READ, '5', 6, 12), 12, LAYOUT_QUAD_4, false },  /* PMIOTSTAMP of i386 */
	{ _IOC(READ, '5', 6, 16), 16, LAYOUT_QUAD_8, false },  /* PMIOTSTAMP */
	{ _IOC(BOTH, '5', 7, 8), 8, LAYOUT_PMC, false },       /* PMIOGET */
	{ _IOC(BOTH, 'P', 1, 696), 696, LAYOUT_EVENT, false }, /* PMIOEVENT */
	{ _IOC(BOTH, 'P', 2, 48), 48, LAYOUT_EBB, false },     /* PMIOEBB */
	{ _IOC(BOTH, 'P', 3, 696), 696, LAYOUT_EVENT, false }, /* PMIOTRANSLATE */
	{ _IOC(READ, 'P', 4, 56), 56, LAYOUT_SNAP, false },    /* PMIOSNAP */
	{ _IOC(BOTH, 'P', 5, 16), 16, LAYOUT_DIRECT, true },   /* PMIODIRECT */
};

static uint32_t choose(struct bytes *bytes)
{
	uint8_t way = bytes_one(bytes);
	uint8_t bit = bytes_one(bytes);
	uint32_t number = numbers[(way >> 2) % COUNT(numbers)].number;

	switch (way & 3) {
	case 0:
		return (uint32_t)bytes_number(bytes);
	case 1:
		return number ^ UINT32_C(1) << bit % 32;
	default:
		return number;
	}
}

static const struct number *look_up(uint32_t number)
{
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (numbers[i].number == number)
			return &numbers[i];
	return NULL;
}

static void check_found(const struct number *wanted, const struct request *request)
{
	MUST(request->number == wanted->number && request->layout == wanted->layout);
	MUST(request->takes == ((_IOC_DIR(wanted->number) & WRITE) != 0));
	MUST(request->gives == ((_IOC_DIR(wanted->number) & READ) != 0));
	MUST(request->writes == wanted->writes);
	MUST(request_size(request) == wanted->size && request->handle && *request->name);
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

static void check_decoded(const struct number *number, const uint8_t *taken,
			  const struct argument *argument)
{
	bool counter = taken && number->layout != LAYOUT_EBB;
	uint32_t select = 0;

	if (number->layout == LAYOUT_PMC)
		select = little_at(taken + 4);
	if (number->layout == LAYOUT_EVENT)
		select = word_at(taken + 4);
	MUST((uint32_t)argument->number == (counter ? word_at(taken) : 0));
	MUST(argument->select == select && argument->value == 0 && !argument->event);
	if (number->layout == LAYOUT_EBB)
		MUST(memcmp(&argument->ebb, taken, number->size) == 0);
}

/* What a handler would have put there. */
static void fill(struct bytes *bytes, const struct number *number, struct argument *argument,
		 struct event *event)
{
	static char name[EVENT_COUNTED];
	static char note[EVENT_COUNTED];
	uint8_t *snap;

	argument->value = bytes_number(bytes);
	if (number->layout == LAYOUT_SNAP) {
		snap = take(bytes, sizeof argument->snap);
		memcpy(&argument->snap, snap, sizeof argument->snap);
		free(snap);
	}
	*event = (struct event){ .class = bytes_one(bytes) % (EVENT_CLASS_NATIVE + 1),
				 .fidelity = bytes_one(bytes) % (FIDELITY_HIGH + 1),
				 .counter = bytes_one(bytes) % 3 - 1,
				 .select = (uint32_t)bytes_number(bytes),
				 .terms = bytes_one(bytes) % (EVENT_TERMS + 1) };
	for (unsigned i = 0; i < event->terms; i++) {
		event->term[i].type = bytes_one(bytes);
		event->term[i].config = bytes_number(bytes);
	}
	/* From none to longer than there is room for. */
	memset(name, 'n', sizeof name);
	name[bytes_one(bytes) % 96] = '\0';
	memset(note, 'o', sizeof note);
	note[bytes_one(bytes) + 64] = '\0';
	memset(event->counted, 'c', sizeof event->counted);
	event->counted[bytes_number(bytes) % EVENT_COUNTED] = '\0';
	event->name = *name == '\0' ? NULL : name;
	event->note = note;
	argument->event = event;
}

/* A field at its offset, as the layouts have them. */
static void put(uint8_t *reply, size_t offset, const void *field, size_t size)
{
	memcpy(reply + offset, field, size);
}

static void put_text(uint8_t *reply, size_t offset, const char *text, size_t room)
{
	size_t length = strlen(text);

	put(reply, offset, text, length < room ? length : room - 1);
}

static void put_event(uint8_t *reply, const struct event *event)
{
	uint32_t class = event->class;
	uint32_t fidelity = event->fidelity;

	put(reply, 4, &event->select, 4);
	put(reply, 8, &class, 4);
	put(reply, 12, &fidelity, 4);
	put(reply, 16, &event->counter, 4);
	put(reply, 20, &event->terms, 4);
	for (unsigned i = 0; i < event->terms; i++) {
		put(reply, 24 + 16 * i, &event->term[i].type, 4);
		put(reply, 32 + 16 * i, &event->term[i].config, 8);
	}
	put_text(reply, 88, event->name ? event->name : "", 48);
	put_text(reply, 136, event->counted, 400);
	put_text(reply, 536, event->note, 160);
}

/* Every byte of the reply; reply has zeros. */
static void expect(const struct number *number, const struct argument *argument, uint8_t *reply)
{
	if (number->layout == LAYOUT_SNAP) {
		put(reply, 0, &argument->snap, 56);
		return;
	}
	if (number->layout == LAYOUT_EBB) {
		put(reply, 0, &argument->ebb, 48);
		return;
	}
	put(reply, 0, &argument->number, 4);
	if (number->layout == LAYOUT_EVENT)
		put_event(reply, argument->event);
	for (unsigned i = 0; i < 4 && number->layout == LAYOUT_PMC; i++)
		reply[4 + i] = (uint8_t)(argument->select >> 8 * i);
	if (number->layout == LAYOUT_QUAD_4)
		put(reply, 4, &argument->value, 8);
	if (number->layout == LAYOUT_QUAD_8 || number->layout == LAYOUT_DIRECT)
		put(reply, 8, &argument->value, 8);
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
	expect(number, argument, wanted);
	memset(reply, 0xa5, number->size);
	request_encode(request, argument, reply);
	MUST(memcmp(reply, wanted, number->size) == 0);
	if (number->layout == LAYOUT_PMC || number->layout == LAYOUT_EBB)
		MUST(memcmp(reply, taken, number->size) == 0);
	free(wanted);
	free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	uint32_t number = choose(&bytes);
	const struct number *wanted = look_up(number);
	const struct request *request = request_find(number);
	struct argument argument;
	uint8_t *taken;

	MUST(!wanted == !request);
	if (!request)
		return 0;
	check_found(wanted, request);
	taken = request->takes ? take(&bytes, wanted->size) : NULL;
	/* What a decoder leaves out, it is not to be found in. */
	memset(&argument, 0xa5, sizeof argument);
	request_decode(request, taken, &argument);
	check_decoded(wanted, taken, &argument);
	if (request->gives)
		check_encoded(&bytes, wanted, request, taken, &argument);
	free(taken);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "requests.h"

#include <string.h>

#include "event/event.h"

#define W  _IOC_WRITE
#define R  _IOC_READ
#define WR (_IOC_READ | _IOC_WRITE)

static const struct number numbers[] = {
	{ "PMIOSETUP", _IOC(W, '5', 1, 8), SETUP, 8, 0, true },
	{ "PMIOSTART", _IOC(W, '5', 2, 4), START, 4, 0, true },
	{ "PMIOSTOP", _IOC(W, '5', 3, 4), STOP, 4, 0, true },
	{ "PMIOREAD of i386", _IOC(WR, '5', 4, 12), READ, 12, 4, false },
	{ "PMIOREAD", _IOC(WR, '5', 4, 16), READ, 16, 8, false },
	{ "PMIORESET", _IOC(W, '5', 5, 4), RESET, 4, 0, true },
	{ "PMIOTSTAMP of i386", _IOC(R, '5', 6, 12), TSTAMP, 12, 4, false },
	{ "PMIOTSTAMP", _IOC(R, '5', 6, 16), TSTAMP, 16, 8, false },
	{ "PMIOGET", _IOC(WR, '5', 7, 8), GET, 8, 0, false },
	{ "PMIOEVENT", _IOC(WR, 'P', 1, 696), EVENT, 696, 0, false },
	{ "PMIOEBB", _IOC(WR, 'P', 2, 48), EBB, 48, 0, false },
	{ "PMIOTRANSLATE", _IOC(WR, 'P', 3, 696), TRANSLATE, 696, 0, false },
	{ "PMIOSNAP", _IOC(R, 'P', 4, 56), SNAP, 56, 0, false },
	{ "PMIODIRECT", _IOC(WR, 'P', 5, 16), DIRECT, 16, 8, true },
	{ "PMIOHOLDER", _IOC(R, 'P', 6, 8), HOLDER, 8, 4, false },
};

const struct number *number_find(uint32_t number)
{
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (numbers[i].number == number)
			return &numbers[i];
	return NULL;
}

uint32_t number_choose(struct bytes *bytes)
{
	uint8_t way = bytes_one(bytes);
	uint32_t number = numbers[(way >> 2) % COUNT(numbers)].number;

	if ((way & 3) == 0) {
		number = 0;
		for (unsigned i = 0; i < 4; i++)
			number |= (uint32_t)bytes_one(bytes) << 8 * i;
	} else if ((way & 3) == 1) {
		number ^= UINT32_C(1) << bytes_one(bytes) % 32;
	}
	return number;
}

static void put_text(uint8_t *reply, const char *text, size_t room)
{
	size_t length = strlen(text);

	memcpy(reply, text, length < room ? length : room - 1);
}

void reply_event(uint8_t *reply, int32_t number, const struct event *event)
{
	uint32_t class = event->class;
	uint32_t fidelity = event->fidelity;

	memcpy(reply, &number, 4);
	memcpy(reply + 4, &event->select, 4);
	memcpy(reply + 8, &class, 4);
	memcpy(reply + 12, &fidelity, 4);
	memcpy(reply + 16, &event->counter, 4);
	memcpy(reply + 20, &event->terms, 4);
	for (size_t i = 0; i < event->terms; i++) {
		memcpy(reply + 24 + 16 * i, &event->term[i].type, 4);
		memcpy(reply + 32 + 16 * i, &event->term[i].config, 8);
	}
	put_text(reply + 88, event->name ? event->name : "", 48);
	put_text(reply + 136, event->counted, 400);
	put_text(reply + 536, event->note, 160);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <machine/perfmon.h>
#include <string.h>

#include "fuzz.h"
#include "fuzz_journal.h"

#define VERSION  "perfmond journal 2\n"
#define CRC_SIZE 13
#define MODEL    "abcdefghijklmnopqrstuvwxyz0123456789_-"

uint32_t strict_crc(const char *text, size_t size)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; !table[1] || (i > 0 && i < COUNT(table)); i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? 0xedb88320 ^ table[i] >> 1 : table[i] >> 1;
	}
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ (uint8_t)text[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

struct reader {
	const char *at;
	const char *end;
};

static bool take(struct reader *reader, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0)
		return false;
	reader->at += length;
	return true;
}

/* Without a zero in front. */
static bool take_decimal(struct reader *reader, unsigned limit, uint64_t *ret_number)
{
	const char *begin = reader->at;
	uint64_t number = 0;

	while (reader->at < reader->end && isdigit((unsigned char)*reader->at) && number < limit)
		number = number * 10 + (uint64_t)(*reader->at++ - '0');
	*ret_number = number;
	return reader->at > begin && number < limit && (*begin != '0' || reader->at == begin + 1);
}

static bool take_figure(struct reader *reader, uint64_t *ret_number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = 0;

	if (!take(reader, " "))
		return false;
	for (int i = 0; i < 16; i++) {
		const char *digit = reader->at < reader->end && *reader->at
					    ? strchr(digits, *reader->at)
					    : NULL;

		if (!digit)
			return false;
		number = number << 4 | (uint64_t)(digit - digits);
		reader->at++;
	}
	*ret_number = number;
	return true;
}

static bool take_entry(struct reader *reader, struct journal_entry *entry)
{
	uint64_t cpu;
	uint64_t counter;
	bool good = take_decimal(reader, JOURNAL_CPUS_MAX, &cpu) && take(reader, " ") &&
		    take_decimal(reader, NPMC, &counter) &&
		    take_figure(reader, &entry->select_found) &&
		    take_figure(reader, &entry->select_ours) &&
		    take_figure(reader, &entry->select_run) &&
		    take_figure(reader, &entry->select_ours_before) &&
		    take_figure(reader, &entry->select_run_before) &&
		    take_figure(reader, &entry->value_found) && take(reader, " ") &&
		    take_decimal(reader, 2, &entry->global_found) && take(reader, " ") &&
		    take_decimal(reader, 2, &entry->status_found) && take(reader, "\n");

	if (!good)
		return false;
	entry->cpu = (unsigned)cpu;
	entry->counter = (unsigned)counter;
	return true;
}

static bool is_new(const struct journal *journal, const struct journal_entry *entry)
{
	for (size_t i = 0; i < journal->count; i++)
		if (journal->entry[i].cpu == entry->cpu &&
		    journal->entry[i].counter == entry->counter)
			return false;
	return true;
}

static bool take_entries(struct reader *reader, struct journal *journal)
{
	/* A shorter line than any. */
	size_t room = (size_t)(reader->end - reader->at) / 64 + 1;

	journal->entry = calloc(room, sizeof *journal->entry);
	MUST(journal->entry);
	journal->count = 0;
	while (reader->at < reader->end) {
		struct journal_entry entry;

		if (!take_entry(reader, &entry) || !is_new(journal, &entry)) {
			free(journal->entry);
			journal->entry = NULL;
			return false;
		}
		journal->entry[journal->count++] = entry;
	}
	return true;
}

/* The line of the boot, of an id of 36 characters. */
static bool take_boot(struct reader *reader, const char *boot_id, bool *ret_other)
{
	struct reader line;

	if (!take(reader, "boot ") || reader->end - reader->at < 37)
		return false;
	line = (struct reader){ reader->at, reader->at + 36 };
	for (int i = 0; i < 36; i++)
		if (line.at[i] == '\0' || isspace((unsigned char)line.at[i]))
			return false;
	*ret_other = !take(&line, boot_id);
	reader->at += 36;
	return take(reader, "\n");
}

static bool take_model(struct reader *reader, char model[16])
{
	size_t length = 0;

	if (!take(reader, "model "))
		return false;
	while (reader->at < reader->end && *reader->at && strchr(MODEL, *reader->at) && length < 16)
		model[length++] = *reader->at++;
	if (length < 1 || length > 15)
		return false;
	model[length] = '\0';
	return take(reader, "\n");
}

bool strict_read(const char *text, size_t size, const char *boot_id, struct journal *journal,
		 bool *ret_stale)
{
	struct reader reader = { text, text + size };
	char wanted[CRC_SIZE + 1];
	bool other = false;

	*ret_stale = false;
	if (size < CRC_SIZE)
		return false;
	reader.end -= CRC_SIZE;
	snprintf(wanted, sizeof wanted, "crc %08x\n", (unsigned)strict_crc(text, size - CRC_SIZE));
	if (memcmp(reader.end, wanted, CRC_SIZE) != 0)
		return false;
	if (!take(&reader, VERSION) || !take_boot(&reader, boot_id, &other))
		return false;
	*ret_stale = other;
	return !other && take_model(&reader, journal->model) && take_entries(&reader, journal);
}

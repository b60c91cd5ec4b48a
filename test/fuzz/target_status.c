/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "fuzz_target.h"

/* A few of each, so that two are often equal. */
static uint32_t take_id(struct bytes *bytes)
{
	uint8_t way = bytes_one(bytes);

	return way < 64 ? way & 3 : (uint32_t)bytes_number(bytes) | 1u << 31;
}

static uint64_t take_capabilities(struct bytes *bytes)
{
	uint8_t way = bytes_one(bytes);

	return way < 64 ? way & 7 : bytes_number(bytes);
}

static void print_ids(struct bytes *bytes, const char *name, uint32_t ids[IDS], FILE *stream)
{
	uint8_t which = bytes_one(bytes);
	uint32_t common = take_id(bytes);

	for (unsigned i = 0; i < IDS; i++)
		ids[i] = which >> i & 1 ? take_id(bytes) : common;
	fprintf(stream, "%s:\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\n", name, ids[0],
		ids[1], ids[2], ids[3]);
}

/* A line of the groups is of any length, and what is in it is the user's choice. */
static void print_long(struct bytes *bytes, FILE *stream)
{
	static const char *const texts[] = { "0 ", "Uid:\t0\t0\t0\t0\t", "Tgid:\t100\t",
					     "CapPrm:\t0\t", "4294967295 " };
	unsigned length = bytes_one(bytes);

	fputs("Groups:\t", stream);
	while (length-- > 0)
		fputs(texts[bytes_one(bytes) % COUNT(texts)], stream);
	fputs("\n", stream);
}

static void print_line(struct bytes *bytes, unsigned kind, struct process *process, FILE *stream)
{
	struct target *figures = &process->figures;

	switch (kind) {
	case TGID:
		figures->process = bytes_one(bytes) & 3;
		fprintf(stream, "Tgid:\t%d\n", (int)figures->process);
		break;
	case UID:
		print_ids(bytes, "Uid", figures->user, stream);
		break;
	case GID:
		print_ids(bytes, "Gid", figures->group, stream);
		break;
	case EFFECTIVE:
		figures->effective = take_capabilities(bytes);
		fprintf(stream, "CapEff:\t%016" PRIx64 "\n", figures->effective);
		break;
	case PERMITTED:
		figures->permitted = take_capabilities(bytes);
		fprintf(stream, "CapPrm:\t%016" PRIx64 "\n", figures->permitted);
		break;
	case NAMING:
		figures->other_naming |= bytes_one(bytes) & 1;
		fprintf(stream, figures->other_naming ? "NSpid:\t100\t2\n" : "NSpid:\t100\n");
		break;
	case LONG:
		print_long(bytes, stream);
		break;
	default:
		fputs("VmPeak:\t    1234 kB\n", stream);
		return;
	}
	process->lines |= 1u << kind;
}

void status_make(struct bytes *bytes, bool raw, struct process *process)
{
	FILE *stream;
	uint8_t count = bytes_one(bytes);

	*process = (struct process){ .there = count != UINT8_MAX,
				     .no_dump = count & 1,
				     .directory = -1 };
	stream = open_memstream(&process->text, &process->size);
	MUST(stream);
	if (raw) {
		char *text = bytes_text(bytes, '\1', &process->size);

		fwrite(text, 1, process->size, stream);
		free(text);
		process->no_dump = false;
	} else {
		/* All in their order; then some lines again. */
		for (unsigned kind = TGID; kind <= PERMITTED; kind++)
			if (count >> 1 & 1 || bytes_one(bytes) & 7)
				print_line(bytes, kind, process, stream);
		for (unsigned i = 0; i < (count >> 2 & 7); i++)
			print_line(bytes, bytes_one(bytes) % KINDS, process, stream);
	}
	MUST(fclose(stream) == 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What is found as the journal after a crash. Read by journal_read() exactly where a second, strict
 * reader takes it; and at the start of the msr backend, on registers that are watched, no register
 * is written but for an entry of a journal that is whole.
 *
 * The first byte says how the file is made of the rest: as it is; with the first lines and the
 * checksum put right; entries in good form whose figures are the rest; or these, with a bit changed
 * and cut short.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <machine/perfmon.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_journal.h"

#define TEAR_SIZE 3 /* what tear() takes of the input */
#define VERSION   "perfmond journal 2\n"

enum { RAW, PUT_RIGHT, ENTRIES, TORN, WAYS };

static char directory[64];
static char path[80];
static char boot_id[40];

static void clean_up(void)
{
	unlink(path);
	rmdir(directory);
}

/* In memory, as the journal is flushed to disk each time it is written. */
static void prepare(void)
{
	FILE *file;

	if (directory[0])
		return;
	file = fopen("/proc/sys/kernel/random/boot_id", "re");
	MUST(file && fgets(boot_id, sizeof boot_id, file));
	fclose(file);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	snprintf(directory, sizeof directory, "%s/perfmond-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/journal", directory);
	atexit(clean_up);
}

static void store(const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
}

/* Figures that a journal may have, and some that it may not. */
static void print_entry(struct bytes *bytes, FILE *stream)
{
	unsigned place = bytes_one(bytes);
	unsigned cpu = place >> 1 & 7;

	if (place & 16)
		cpu = JOURNAL_CPUS_MAX - 4 + cpu;
	fprintf(stream, "%u %u", cpu, place >> 7 ? NPMC : place & 1);
	for (unsigned i = 0; i < 6; i++) {
		uint8_t form = bytes_one(bytes);
		/* Small ones, that meet what the registers hold. */
		uint64_t figure = form & 1 ? bytes_number(bytes) : watched_figure(form >> 1);

		fprintf(stream, " %016" PRIx64, figure);
	}
	fprintf(stream, " %u %u\n", place >> 5 & 1, place >> 6 & 1);
}

/* What a crash of the machine or a bad disk may leave. */
static size_t tear(struct bytes *bytes, char *text, size_t size)
{
	size_t place = (size_t)(bytes_one(bytes) << 8 | bytes_one(bytes)) % size;
	uint8_t how = bytes_one(bytes);

	text[place] = (char)(text[place] ^ 1 << (how & 7));
	return how & 8 ? size - place : size;
}

/* The whole text, to be freed. */
static char *make(struct bytes *bytes, int way, const char *model, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	MUST(stream);
	if (way != RAW)
		fprintf(stream, VERSION "boot %s\n", boot_id);
	if (way == ENTRIES || way == TORN) {
		fprintf(stream, "model %s\n", model);
		while (bytes->size > (way == TORN ? TEAR_SIZE : 0))
			print_entry(bytes, stream);
	} else {
		fwrite(bytes->data, 1, bytes->size, stream);
	}
	MUST(fflush(stream) == 0);
	if (way != RAW)
		fprintf(stream, "crc %08" PRIx32 "\n", strict_crc(text, size));
	MUST(fclose(stream) == 0);
	*ret_size = way == TORN ? tear(bytes, text, size) : size;
	return text;
}

static void check_read(const struct journal *wanted, bool whole, bool stale)
{
	struct journal journal = { .count = 12345 };
	int result = journal_read(path, &journal);

	MUST(result == (whole ? 0 : stale ? -ESTALE : -EBADMSG));
	if (result < 0) {
		MUST(journal.count == 12345 && !journal.entry);
		return;
	}
	MUST(strcmp(journal.model, wanted->model) == 0 && journal.count == wanted->count);
	for (size_t i = 0; i < journal.count; i++)
		MUST(memcmp(&journal.entry[i], &wanted->entry[i], sizeof *journal.entry) == 0);
	free(journal.entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct journal journal = { 0 };
	uint8_t first = bytes_one(&bytes);
	uint8_t second = bytes_one(&bytes);
	bool stale = false;
	size_t length;
	bool whole;
	char *text;
	unsigned files;

	prepare();
	files = open_files();
	text = make(&bytes, first % WAYS, watched_model(second), &length);
	store(text, length);
	whole = strict_read(text, length, boot_id, &journal, &stale);
	check_read(&journal, whole, stale);
	watched_start(path, second, whole ? &journal : NULL, stale);
	unlink(path);
	MUST(open_files() == files);
	free(journal.entry);
	free(text);
	return 0;
}

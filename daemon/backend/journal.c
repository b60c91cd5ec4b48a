/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <machine/perfmon.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define VERSION "perfmond journal 2\n"

#define BOOT_ID_SIZE  36
#define CRC_SIZE      13  /* "crc 01234567\n" */
#define ENTRY_SIZE    120 /* no line of an entry is longer */
#define COUNT_MAX     ((size_t)JOURNAL_CPUS_MAX * NPMC)
#define FILE_SIZE_MAX (COUNT_MAX * ENTRY_SIZE + 256)

/*
 * The CRC-32 of IEEE 802.3, bit by bit: a journal has a few lines per CPU and is written at SETUP,
 * so neither a table nor a library for it is worth having.
 */
static uint32_t crc32_of(const char *text, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool is_model(const char model[16])
{
	size_t length = strnlen(model, 16);

	return length > 0 && length < 16 &&
	       strspn(model, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* NULL, or what of it breaks a bound. */
static const char *find_fault(const struct journal *journal)
{
	bool seen[JOURNAL_CPUS_MAX][NPMC] = { 0 };

	if (!is_model(journal->model))
		return "the model's name";
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entry[i];

		if (entry->cpu >= JOURNAL_CPUS_MAX)
			return "the number of a CPU";
		if (entry->counter >= NPMC)
			return "the number of a counter";
		if (entry->global_found > 1)
			return "a bit of the global control";
		if (entry->status_found > 1)
			return "a bit of the global status";
		if (seen[entry->cpu][entry->counter])
			return "a counter that is named twice";
		seen[entry->cpu][entry->counter] = true;
	}
	return NULL;
}

/* The journal as it is on disk; the caller frees *ret_text. -ENOMEM, logged. */
static int format(const struct journal *journal, const char *boot_id, char **ret_text,
		  size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	bool failed = !stream;

	if (stream) {
		fprintf(stream, VERSION "boot %s\nmodel %s\n", boot_id, journal->model);
		for (size_t i = 0; i < journal->count; i++) {
			const struct journal_entry *entry = &journal->entry[i];

			fprintf(stream,
				"%u %u %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64
				" %016" PRIx64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
				entry->cpu, entry->counter, entry->select_found, entry->select_ours,
				entry->select_run, entry->select_ours_before,
				entry->select_run_before, entry->value_found, entry->global_found,
				entry->status_found);
		}
		failed = fflush(stream) != 0 || !text;
		if (!failed)
			fprintf(stream, "crc %08" PRIx32 "\n", crc32_of(text, size));
		failed |= ferror(stream) != 0;
		failed |= fclose(stream) != 0;
	}
	if (failed) {
		free(text);
		log_error("no memory for a journal of %zu entries", journal->count);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_size = size;
	return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

/* Makes the file anew: one of the name is what a killed perfmond left. */
static int write_new(const char *path, const char *text, size_t size)
{
	int result = 0;
	int fd;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	result = write_all(fd, text, size);
	/* The file system may find out only at the flush that it has no room. */
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result < 0)
		unlink(path);
	return result;
}

static int flush_directory(const char *path)
{
	char copy[PATH_MAX];
	int result;
	int fd;

	snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

/* Not a word of the log in here: the caller writes one for all that can go wrong. */
static int replace(const char *path, const char *text, size_t size)
{
	char new_path[PATH_MAX];
	int result;

	if ((size_t)snprintf(new_path, sizeof new_path, "%s.new", path) >= sizeof new_path)
		return -ENAMETOOLONG;
	result = write_new(new_path, text, size);
	if (result < 0)
		return result;
	if (rename(new_path, path) < 0) {
		result = -errno;
		unlink(new_path);
		return result;
	}
	return flush_directory(path);
}

/* What perfmon(4) has of it; the other causes are the log's to tell. */
static int answer_of(int result)
{
	switch (result) {
	case 0:
	case -EACCES:
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOSPC:
	case -EROFS:
		return result;
	default:
		return -EIO;
	}
}

/* Up to `size` bytes; how many, or a negative errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t part = read(fd, text + done, size - done);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -errno;
		if (part == 0)
			break;
		done += (size_t)part;
	}
	return (ssize_t)done;
}

static int load_boot_id(char boot_id[BOOT_ID_SIZE + 1])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return -errno;
	size = read_all(fd, boot_id, BOOT_ID_SIZE);
	close(fd);
	boot_id[BOOT_ID_SIZE] = '\0';
	if (size < 0)
		return (int)size;
	return size == BOOT_ID_SIZE ? 0 : -EIO;
}

/* Never -ENOENT, which would say that there is no journal. */
static int read_boot_id(char boot_id[BOOT_ID_SIZE + 1])
{
	int result = load_boot_id(boot_id);

	if (result < 0)
		log_error(BOOT_ID ": no boot id, without which a journal is of no use: %s%s",
			  strerror(-result), result == -ENOENT ? "; mount proc on /proc" : "");
	return answer_of(result);
}

int journal_write(const char *path, const struct journal *journal)
{
	char boot_id[BOOT_ID_SIZE + 1];
	const char *fault = find_fault(journal);
	char *text = NULL;
	size_t size = 0;
	int result;

	if (fault) {
		log_error("%s: not written: %s is out of bounds", path, fault);
		return -EINVAL;
	}
	result = read_boot_id(boot_id);
	if (result == 0)
		result = format(journal, boot_id, &text, &size);
	if (result < 0)
		return result;
	result = replace(path, text, size);
	free(text);
	if (result < 0)
		log_error("%s: the journal of changed registers cannot be written: %s; perfmond "
			  "changes none without it (--state-dir names another directory)",
			  path, strerror(-result));
	return answer_of(result);
}

static int refuse(const char *path, const char *fault)
{
	log_error("%s: %s; perfmond cannot tell from it which registers to put back: reboot, which "
		  "resets them, or put them back by hand (wrmsr), then remove the file",
		  path, fault);
	return -EBADMSG;
}

/* perfmond writes it as the user that it runs as, to whom root gave the directory. */
static bool is_of_directory(const char *path, uid_t user)
{
	char copy[PATH_MAX];
	struct stat status;

	snprintf(copy, sizeof copy, "%s", path);
	return stat(dirname(copy), &status) == 0 && status.st_uid == user;
}

/* NULL, or why the file is not to be believed. */
static const char *distrust(const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "not a plain file";
	if (status->st_uid != 0 && !is_of_directory(path, status->st_uid))
		return "not owned by root or by the owner of its directory";
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return "others than root may write it";
	if (status->st_size > (off_t)FILE_SIZE_MAX)
		return "longer than any journal";
	return NULL;
}

/* The file's text with a NUL behind it; the caller frees *ret_text. Errors: as journal_read(). */
static int load(const char *path, char **ret_text, size_t *ret_size)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its other end. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status = { 0 };
	const char *fault;
	char *text = NULL;
	ssize_t size;

	if (fd < 0 && errno == ELOOP)
		return refuse(path, "a symbolic link");
	if (fd < 0)
		return -errno;
	size = fstat(fd, &status) < 0 ? -EIO : 0;
	fault = distrust(path, &status);
	if (size == 0 && !fault) {
		text = calloc(1, (size_t)status.st_size + 1);
		size = text ? read_all(fd, text, (size_t)status.st_size) : -ENOMEM;
	}
	close(fd);
	if (size < 0) {
		free(text);
		return (int)size;
	}
	if (fault)
		return refuse(path, fault);
	*ret_text = text;
	*ret_size = (size_t)size;
	return 0;
}

/* NULL, or what is wrong with the first and the last line. */
static const char *find_damage(const char *text, size_t size)
{
	char wanted[CRC_SIZE + 1];

	if (size < CRC_SIZE)
		return "torn: too short";
	snprintf(wanted, sizeof wanted, "crc %08" PRIx32 "\n", crc32_of(text, size - CRC_SIZE));
	if (memcmp(wanted, text + size - CRC_SIZE, CRC_SIZE) != 0)
		return "torn or tampered with: wrong checksum";
	if (strncmp(text, VERSION, strlen(VERSION)) != 0)
		return "of another version of perfmond, or no journal at all";
	return NULL;
}

/* By its line alone, as sscanf(3) measures all of its text. No number can overflow, for the widths.
 */
static bool parse_entry(const char *text, size_t length, struct journal_entry *entry)
{
	char line[ENTRY_SIZE + 1];

	if (length > ENTRY_SIZE)
		return false;
	memcpy(line, text, length);
	line[length] = '\0';
	return sscanf(line,
		      "%5u %5u %16" SCNx64 " %16" SCNx64 " %16" SCNx64 " %16" SCNx64 " %16" SCNx64
		      " %16" SCNx64 " %1" SCNu64 " %1" SCNu64,
		      &entry->cpu, &entry->counter, &entry->select_found, &entry->select_ours,
		      &entry->select_run, &entry->select_ours_before, &entry->select_run_before,
		      &entry->value_found, &entry->global_found, &entry->status_found) == 10;
}

/* Lenient: what reads well but is not as format() writes it is found when it is written again. */
static size_t parse_entries(const char *text, struct journal_entry *entry)
{
	const char *end;
	size_t count = 0;

	while ((end = strchr(text, '\n')) != NULL &&
	       parse_entry(text, (size_t)(end - text), &entry[count])) {
		text = end + 1;
		count++;
	}
	return count;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		count++;
	}
	return count;
}

/* text: what stands behind the line of the boot id. */
static int parse(const char *text, struct journal *ret_journal)
{
	struct journal journal = { 0 };
	int length = 0;

	if (sscanf(text, "model %15s%n", journal.model, &length) != 1)
		return -EBADMSG;
	journal.entry = calloc(count_lines(text) + 1, sizeof *journal.entry);
	if (!journal.entry)
		return -ENOMEM;
	text += length;
	if (*text == '\n')
		text++;
	journal.count = parse_entries(text, journal.entry);
	*ret_journal = journal;
	return 0;
}

/* The one text that stands for a journal is what format() makes of it. */
static int check_text(const char *path, const struct journal *journal, const char *boot_id,
		      const char *text, size_t size)
{
	const char *fault = find_fault(journal);
	char *again = NULL;
	size_t again_size = 0;
	int result;

	if (fault) {
		char text_of_fault[128];

		snprintf(text_of_fault, sizeof text_of_fault, "tampered with: %s is out of bounds",
			 fault);
		return refuse(path, text_of_fault);
	}
	result = format(journal, boot_id, &again, &again_size);
	if (result < 0)
		return result;
	if (size != again_size || memcmp(text, again, size) != 0)
		result = refuse(path, "tampered with: a line is not as perfmond writes it");
	free(again);
	return result;
}

/* Errors: as journal_read(). */
static int understand(const char *path, const char *text, size_t size, struct journal *ret_journal)
{
	char boot_id[BOOT_ID_SIZE + 1];
	char boot[BOOT_ID_SIZE + 1];
	const char *damage = find_damage(text, size);
	struct journal journal = { 0 };
	int length = 0;
	int result;

	if (damage)
		return refuse(path, damage);
	if (sscanf(text + strlen(VERSION), "boot %36s%n", boot, &length) != 1 ||
	    strlen(boot) != BOOT_ID_SIZE)
		return refuse(path, "tampered with: there is no boot id in it");
	result = read_boot_id(boot_id);
	if (result < 0)
		return result;
	if (strcmp(boot, boot_id) != 0)
		return -ESTALE;
	result = parse(text + strlen(VERSION) + length + 1, &journal);
	if (result == -EBADMSG)
		return refuse(path, "tampered with: there is no model in it");
	if (result == 0)
		result = check_text(path, &journal, boot_id, text, size);
	if (result < 0) {
		free(journal.entry);
		return result;
	}
	*ret_journal = journal;
	return 0;
}

int journal_read(const char *path, struct journal *ret_journal)
{
	char *text = NULL;
	size_t size = 0;
	int result = load(path, &text, &size);

	if (result == 0)
		result = understand(path, text, size, ret_journal);
	else if (result != -ENOENT && result != -EBADMSG)
		log_error("%s: the journal of changed registers cannot be read: %s", path,
			  strerror(-result));
	free(text);
	return result;
}

int journal_take(const char *path, struct journal *ret_journal)
{
	int result = journal_read(path, ret_journal);

	if (result != -ESTALE)
		return result;
	log_info("%s: of another boot, which reset the registers: removed", path);
	journal_remove(path);
	return -ENOENT;
}

void journal_remove(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		log_error("%s: cannot be removed: %s; remove it, lest the next start put registers "
			  "back that are as they should be",
			  path, strerror(errno));
}

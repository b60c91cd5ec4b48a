/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which thread a caller means, from proc(5)'s files about both. The first byte says how the files
 * are made: of bytes as they are; or of lines with figures, some of them missing or twice, with
 * others between them, for which a second decision is made from the figures.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "pass/apart.h"
#include "pass/target.h"

#define CALLER 100
#define NAMED  200

/* What proc(5) says of a thread. */
struct process {
	bool there;
	char *text;
	size_t size;
	struct target figures;
	unsigned lines; /* a bit for each kind that is there */
	bool no_dump;
	int directory; /* as it was opened, or -1 */
};

enum { TGID, UID, GID, EFFECTIVE, PERMITTED, NAMING, LONG, OTHER, KINDS };
#define NEEDED (1u << TGID | 1u << UID | 1u << GID | 1u << EFFECTIVE | 1u << PERMITTED)

static struct process caller;
static struct process named;
static bool is_own;

static struct process *find(int directory)
{
	MUST(directory == caller.directory || directory == named.directory);
	return directory == named.directory ? &named : &caller;
}

static int open_text(const struct process *process)
{
	int fd = memfd_create("status", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, process->text, process->size) == (ssize_t)process->size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* In place of the system, by the names that 64 bits of offset have. Any descriptor stands for a
 * directory. */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
int __wrap_fstatat64(int directory, const char *path, struct stat *status, int flags);
int __wrap_faccessat(int directory, const char *path, int mode, int flags);
int __wrap_apart_open(int directory, const char *name, FILE **ret_stream);
void __wrap_apart_close(FILE *stream);

int __wrap_open64(const char *path, int flags, ...)
{
	struct process *process = strcmp(path, "/proc/100") == 0   ? &caller
				  : strcmp(path, "/proc/200") == 0 ? &named
								   : NULL;
	mode_t mode = 0;
	va_list arguments;

	if (process) {
		errno = ENOENT;
		process->directory = process->there ? memfd_create(path, MFD_CLOEXEC) : -1;
		return process->directory;
	}
	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return __real_open64(path, flags, mode);
}

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
	MUST(strcmp(path, "status") == 0 && flags == (O_RDONLY | O_CLOEXEC));
	return open_text(find(directory));
}

int __wrap_fstatat64(int directory, const char *path, struct stat *status, int flags)
{
	const struct process *process = find(directory);

	MUST(strcmp(path, "status") == 0 && flags == 0);
	*status = (struct stat){ .st_uid = process->no_dump ? process->figures.user[1] + 1
							    : process->figures.user[1] };
	return 0;
}

int __wrap_faccessat(int directory, const char *path, int mode, int flags)
{
	MUST(directory == caller.directory && mode == F_OK && flags == 0);
	errno = ENOENT;
	return is_own && strcmp(path, "task/200") == 0 ? 0 : -1;
}

int __wrap_apart_open(int directory, const char *name, FILE **ret_stream)
{
	MUST(strcmp(name, "status") == 0);
	*ret_stream = fdopen(open_text(find(directory)), "r");
	MUST(*ret_stream);
	return 0;
}

void __wrap_apart_close(FILE *stream)
{
	fclose(stream);
}

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

static void make(struct bytes *bytes, bool raw, struct process *process)
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

/* The error that stands for what is missing of a thread's file, or 0. */
static int missing(const struct process *process)
{
	if (!process->there || !(process->lines & NEEDED))
		return -ESRCH;
	return (process->lines & NEEDED) == NEEDED ? 0 : -EIO;
}

/* ptrace(2)'s rule, of those that look alike in all. */
static bool may(const struct target *self, bool no_dump, const struct target *other, uid_t user)
{
	uint64_t had = user == 0 ? self->effective : 0;

	if (self->process == other->process)
		return true;
	for (unsigned i = 0; i < IDS; i++)
		if (other->user[i] != user || other->group[i] != self->group[IDS - 1])
			return false;
	return !no_dump && (other->permitted & had) == other->permitted;
}

static int decide(uid_t user, pid_t thread, bool others)
{
	if (missing(&caller))
		return missing(&caller);
	if (caller.figures.user[IDS - 1] != user)
		return -ESRCH;
	if (thread == 0)
		return 0;
	if (caller.figures.other_naming || thread < 0)
		return -ESRCH;
	if (!is_own && !others)
		return -EAGAIN;
	if (missing(&named))
		return missing(&named);
	if (named.figures.other_naming)
		return -ESRCH;
	return may(&caller.figures, named.no_dump, &named.figures, user) ? 0 : -EPERM;
}

static void check_chosen(const struct target *chosen, bool raw, pid_t thread)
{
	const struct target *wanted = thread ? &named.figures : &caller.figures;

	MUST(chosen->thread == (thread ? thread : CALLER));
	MUST(chosen->is_own == (!thread || is_own));
	if (raw)
		return;
	MUST(chosen->process == wanted->process);
	MUST(memcmp(chosen->user, wanted->user, sizeof chosen->user) == 0);
	MUST(memcmp(chosen->group, wanted->group, sizeof chosen->group) == 0);
	MUST(chosen->effective == wanted->effective && chosen->permitted == wanted->permitted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	uint8_t ways = bytes_one(&bytes);
	bool raw = ways & 1;
	bool others = ways & 2;
	pid_t thread = ways & 4 ? NAMED : ways & 8 ? -NAMED : 0;
	uid_t user = ways >> 4 & 3;
	struct target chosen = { .thread = 12345 };
	unsigned files = open_files();
	int result;

	is_own = ways & 64;
	make(&bytes, raw, &caller);
	make(&bytes, raw, &named);
	result = target_choose(CALLER, user, thread, others, &chosen);
	if (!raw)
		MUST(result == decide(user, thread, others));
	if (result == 0) {
		check_chosen(&chosen, raw, thread);
		result = target_check(&chosen, CALLER, user);
		MUST(raw || result == 0);
		target_close(&chosen);
	} else {
		MUST(chosen.thread == 12345);
	}
	free(caller.text);
	free(named.text);
	MUST(open_files() == files);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which thread a caller means, from proc(5)'s files about both. The first byte says how the files
 * are made: of bytes as they are; or of lines with figures, some of them missing or twice, with
 * others between them, for which a second decision is made from the figures.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz_target.h"
#include "pass/apart.h"

#define CALLER 100
#define NAMED  200

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
	status_make(&bytes, raw, &caller);
	status_make(&bytes, raw, &named);
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

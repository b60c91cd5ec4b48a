/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pass/apart.h"

enum { TGID = 1, UID = 2, GID = 4, EFFECTIVE = 8, PERMITTED = 16, ALL = 31 };

static unsigned read_line(const char *line, struct target *target)
{
	int first;
	int second;

	if (sscanf(line, "Tgid: %d", &target->process) == 1)
		return TGID;
	if (sscanf(line, "Uid: %u %u %u %u", &target->user[0], &target->user[1], &target->user[2],
		   &target->user[3]) == IDS)
		return UID;
	if (sscanf(line, "Gid: %u %u %u %u", &target->group[0], &target->group[1],
		   &target->group[2], &target->group[3]) == IDS)
		return GID;
	if (sscanf(line, "CapEff: %" SCNx64, &target->effective) == 1)
		return EFFECTIVE;
	if (sscanf(line, "CapPrm: %" SCNx64, &target->permitted) == 1)
		return PERMITTED;
	if (sscanf(line, "NSpid: %d %d", &first, &second) == 2)
		target->other_naming = true;
	return 0;
}

/*
 * A thread that ends meanwhile cuts its file short. The line of a user of many groups is longer
 * than there is room for: what follows is no line.
 */
static int read_lines(FILE *status, struct target *target)
{
	unsigned found = 0;
	bool begins = true;
	char line[256];

	while (fgets(line, sizeof line, status)) {
		if (begins)
			found |= read_line(line, target);
		begins = strchr(line, '\n') != NULL;
	}
	if (found == ALL)
		return 0;
	if (ferror(status))
		return -errno;
	return found ? -EIO : -ESRCH;
}

/* Of the process that asks: as it waits for the answer, its memory stays. */
static int read_own(struct target *target)
{
	int fd = openat(target->directory, "status", O_RDONLY | O_CLOEXEC);
	FILE *status = fd < 0 ? NULL : fdopen(fd, "r");
	int result = status ? 0 : -errno;

	if (result == 0) {
		result = read_lines(status, target);
		fclose(status);
	} else if (fd >= 0) {
		close(fd);
	}
	return result;
}

static int read_others(struct target *target)
{
	FILE *status;
	int result = apart_open(target->directory, "status", &status);

	if (result < 0)
		return result;
	result = read_lines(status, target);
	apart_close(status);
	return result;
}

static int read_status(struct target *target)
{
	int result = target->is_own ? read_own(target) : read_others(target);

	return result == -ENOENT ? -ESRCH : result;
}

/* The files there, not the directory, are root's where the thread is shielded. */
static int read_owner(struct target *target)
{
	struct stat status;

	if (fstatat(target->directory, "status", &status, 0) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	target->shielded = status.st_uid != target->user[1];
	return 0;
}

static int look(struct target *target)
{
	int result = read_status(target);

	return result < 0 ? result : read_owner(target);
}

static int find(pid_t thread, bool is_own, struct target *ret_target)
{
	struct target target = { .thread = thread, .is_own = is_own };
	char path[40];
	int result;

	snprintf(path, sizeof path, "/proc/%ld", (long)thread);
	target.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target.directory < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	result = look(&target);
	if (result < 0)
		target_close(&target);
	else
		*ret_target = target;
	return result;
}

static bool is_alike(const struct target *target, const struct target *caller, uid_t user)
{
	gid_t group = caller->group[IDS - 1];

	for (int i = 0; i < IDS; i++)
		if (target->user[i] != user || target->group[i] != group)
			return false;
	return true;
}

static bool might_trace(const struct target *caller, uid_t user, const struct target *target)
{
	/* Of others' capabilities only root's are surely of the target's user namespace. */
	uint64_t had = user == 0 ? caller->effective : 0;

	if (target->process == caller->process)
		return true;
	return is_alike(target, caller, user) && !target->shielded && !(target->permitted & ~had);
}

/* The caller itself; its id may be another's where it was killed with its request on the way. */
static int find_caller(pid_t caller, uid_t user, struct target *ret_target)
{
	struct target self = { 0 };
	int result = caller <= 0 ? -ESRCH : find(caller, true, &self);

	if (result == 0 && self.user[IDS - 1] != user) {
		target_close(&self);
		result = -ESRCH;
	}
	if (result == 0)
		*ret_target = self;
	return result;
}

static bool is_of(const struct target *self, pid_t thread)
{
	char name[24];

	snprintf(name, sizeof name, "task/%ld", (long)thread);
	return faccessat(self->directory, name, F_OK, 0) == 0;
}

static int find_named(const struct target *self, uid_t user, pid_t named, bool others,
		      struct target *ret_target)
{
	struct target target = { 0 };
	bool is_own = is_of(self, named);
	int result;

	if (self->other_naming || named < 0)
		return -ESRCH;
	if (!is_own && !others)
		return -EAGAIN;
	result = find(named, is_own, &target);
	if (result == 0 && (target.other_naming || !might_trace(self, user, &target))) {
		target_close(&target);
		/* It would not know the thread by perfmond's id, and could not enable the event. */
		result = target.other_naming ? -ESRCH : -EPERM;
	}
	if (result == 0)
		*ret_target = target;
	return result;
}

int target_choose(pid_t caller, uid_t user, pid_t named, bool others, struct target *ret_target)
{
	struct target self = { 0 };
	int result = find_caller(caller, user, &self);

	if (result < 0)
		return result;
	if (named == 0) {
		*ret_target = self;
		return 0;
	}
	result = find_named(&self, user, named, others, ret_target);
	target_close(&self);
	return result;
}

int target_check(const struct target *target, pid_t caller, uid_t user)
{
	struct target later = *target;
	struct target self = { 0 };
	int result = look(&later);

	if (result == 0)
		result = find_caller(caller, user, &self);
	if (result < 0)
		return result;
	if (later.process != target->process)
		result = -ESRCH;
	else if (!might_trace(&self, user, &later))
		result = -EPERM;
	target_close(&self);
	return result;
}

void target_close(const struct target *target)
{
	close(target->directory);
}

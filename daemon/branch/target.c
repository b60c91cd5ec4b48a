/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int read_status(struct target *target)
{
	unsigned found = 0;
	char line[256];
	int fd = openat(target->directory, "status", O_RDONLY | O_CLOEXEC);
	FILE *status = fd < 0 ? NULL : fdopen(fd, "r");

	if (!status) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return error == ENOENT ? -ESRCH : -error;
	}
	while (fgets(line, sizeof line, status))
		found |= read_line(line, target);
	fclose(status);
	/* A thread that ends meanwhile cuts its file short. */
	if (found != ALL)
		return found ? -EIO : -ESRCH;
	return 0;
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

static int find(pid_t thread, struct target *ret_target)
{
	struct target target = { .thread = thread };
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
	int result = caller <= 0 ? -ESRCH : find(caller, &self);

	if (result == 0 && self.user[IDS - 1] != user) {
		target_close(&self);
		result = -ESRCH;
	}
	if (result == 0)
		*ret_target = self;
	return result;
}

static int find_named(const struct target *self, uid_t user, pid_t named, struct target *ret_target)
{
	struct target target = { 0 };
	int result = self->other_naming || named < 0 ? -ESRCH : find(named, &target);

	if (result == 0 && !might_trace(self, user, &target)) {
		target_close(&target);
		result = -EPERM;
	}
	if (result == 0)
		*ret_target = target;
	return result;
}

int target_choose(pid_t caller, uid_t user, pid_t named, struct target *ret_target)
{
	struct target self = { 0 };
	int result = find_caller(caller, user, &self);

	if (result < 0)
		return result;
	if (named == 0) {
		*ret_target = self;
		return 0;
	}
	result = find_named(&self, user, named, ret_target);
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

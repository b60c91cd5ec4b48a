/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/target.h"

#include <errno.h>
#include <stdio.h>

static void read_line(const char *line, struct target *target, unsigned *found)
{
	int first;
	int second;

	if (sscanf(line, "Tgid: %d", &target->process) == 1)
		*found |= 1;
	else if (sscanf(line, "Uid: %u %u %u %u", &target->user[0], &target->user[1],
			&target->user[2], &target->user[3]) == 4)
		*found |= 2;
	else if (sscanf(line, "NSpid: %d %d", &first, &second) == 2)
		target->other_naming = true;
}

int target_find(pid_t thread, struct target *ret_target)
{
	struct target target = { .thread = thread };
	unsigned found = 0;
	char path[40];
	char line[256];
	FILE *status;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)thread);
	status = fopen(path, "re");
	if (!status)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, sizeof line, status))
		read_line(line, &target, &found);
	fclose(status);
	/* A thread that ends meanwhile cuts its file short. */
	if (found != 3)
		return found ? -EIO : -ESRCH;
	*ret_target = target;
	return 0;
}

static bool is_users(const struct target *target, uid_t user)
{
	for (int i = 0; i < 4; i++)
		if (target->user[i] != user)
			return false;
	return true;
}

int target_choose(pid_t caller, uid_t user, pid_t named, struct target *ret_target)
{
	struct target self = { 0 };
	struct target target = { 0 };
	int result;

	if (caller <= 0 || named < 0)
		return -ESRCH;
	result = target_find(caller, &self);
	if (result == 0 && named == 0)
		*ret_target = self;
	if (result < 0 || named == 0)
		return result;
	if (self.other_naming)
		return -ESRCH;
	result = target_find(named, &target);
	if (result < 0)
		return result;
	if (target.process != self.process && !is_users(&target, user))
		return -EPERM;
	*ret_target = target;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "privilege/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* Linux 5.13 has the bits up to MAKE_SYM; 5.19 REFER, and 6.2 TRUNCATE (linux/landlock.h). */
#define FIRST_VERSION ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define REFER         (UINT64_C(1) << 13)
#define TRUNCATE      (UINT64_C(1) << 14)

/* All that a version of the interface knows. */
static uint64_t known(long version)
{
	uint64_t bits = FIRST_VERSION;

	if (version >= 2)
		bits |= REFER;
	if (version >= 3)
		bits |= TRUNCATE;
	return bits;
}

static int fail(void)
{
	int result = -errno;

	log_error("landlock: %s", strerror(errno));
	return result;
}

static int add_path(int ruleset, const struct rights_path *path)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = path->write ? READS | WRITES : READS,
		.parent_fd = open(path->name, O_PATH | O_CLOEXEC),
	};
	int result = 0;

	if (rule.parent_fd < 0) {
		result = -errno;
		log_error("landlock: %s: %s: perfmond's user has to reach it", path->name,
			  strerror(errno));
		return result;
	}
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		result = fail();
	close(rule.parent_fd);
	return result;
}

int landlock_confine(const struct rights *rights)
{
	struct landlock_ruleset_attr attributes;
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int result = 0;
	int ruleset;

	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : fail();
	attributes.handled_access_fs = known(version);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (ruleset < 0)
		return fail();
	for (size_t i = 0; result == 0 && i < rights->paths; i++)
		result = add_path(ruleset, &rights->path[i]);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		result = fail();
	close(ruleset);
	return result < 0 ? result : 1;
}

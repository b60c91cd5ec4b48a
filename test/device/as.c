/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * as USER GROUP COMMAND...: runs a command with the ids of a user and one group, and no capability.
 * Both are numbers. For guests that have no setpriv(1).
 */

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	gid_t group;

	if (argc < 4) {
		fputs("usage: as USER GROUP COMMAND...\n", stderr);
		return 2;
	}
	group = (gid_t)strtoul(argv[2], NULL, 10);
	if (setgroups(0, NULL) < 0 || setgid(group) < 0 ||
	    setuid((uid_t)strtoul(argv[1], NULL, 10)) < 0) {
		fprintf(stderr, "as: %s\n", strerror(errno));
		return 1;
	}
	execvp(argv[3], argv + 3);
	fprintf(stderr, "as: %s: %s\n", argv[3], strerror(errno));
	return 127;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static const char lend[] = "start perfmond as root; in a container, lend it the device";

static int try_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* The driver is there, so that opening its node loads nothing. */
static int look_at_node(const struct control *control, struct control_state *state)
{
	int result = try_open(control->path);

	state->remedy = NULL;
	if (result == 0) {
		snprintf(state->reason, sizeof state->reason, "%s can be opened", control->path);
		return 0;
	}
	if (result == -ENOENT && control->made) {
		snprintf(state->reason, sizeof state->reason,
			 "the kernel has it; perfmond makes %s, which is missing", control->path);
		return 0;
	}
	snprintf(state->reason, sizeof state->reason, "%s: %s", control->path, strerror(-result));
	if (result == -ENOENT) {
		state->remedy = "mount a devtmpfs on /dev";
		return -ENODEV;
	}
	state->remedy = lend;
	return result;
}

static bool cannot_be_made(const struct control *control)
{
	return control->made && access(control->path, F_OK) < 0 && errno == ENOENT &&
	       !probe_capability(CAP_MKNOD);
}

int control_look(const struct control *control, struct control_state *ret_state)
{
	bool driver = probe_misc_device(control->name);
	bool module = !driver && probe_module(control->name);
	bool node = control->made || access(control->path, F_OK) == 0;

	if ((driver || module) && cannot_be_made(control)) {
		snprintf(ret_state->reason, sizeof ret_state->reason,
			 "%s is missing, and cannot be made without CAP_MKNOD", control->path);
		ret_state->remedy = lend;
		return -ENODEV;
	}
	if (driver)
		return look_at_node(control, ret_state);
	if (node && module) {
		snprintf(ret_state->reason, sizeof ret_state->reason,
			 "the module %s is not loaded; opening %s loads it", control->name,
			 control->path);
		ret_state->remedy = NULL;
		return 0;
	}
	if (module) {
		snprintf(ret_state->reason, sizeof ret_state->reason,
			 "no %s, as the module %s is not loaded", control->path, control->name);
		ret_state->remedy = control->absent;
		return -ENODEV;
	}
	snprintf(ret_state->reason, sizeof ret_state->reason,
		 "this kernel has no driver %s, built in or as a module that may be loaded",
		 control->name);
	ret_state->remedy = control->absent;
	return -ENODEV;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "device/users.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"

static struct device_user *find(const struct device *device, uint32_t user)
{
	for (size_t i = 0; i < device->user_count; i++)
		if (device->users[i].user == user)
			return &device->users[i];
	return NULL;
}

int users_add(struct device *device, uint32_t user)
{
	struct device_user *found = find(device, user);
	struct device_user *grown;

	if (found && found->opens >= device->max_opens) {
		log_error("open: user %u has %u files of the node open, which is the most "
			  "(--max-opens): it is answered EMFILE",
			  user, found->opens);
		return -EMFILE;
	}
	if (found) {
		found->opens++;
		return 0;
	}
	grown = reallocarray(device->users, device->user_count + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	device->users = grown;
	device->users[device->user_count++] = (struct device_user){ .user = user, .opens = 1 };
	return 0;
}

void users_remove(struct device *device, uint32_t user)
{
	struct device_user *found = find(device, user);

	if (!found || --found->opens > 0)
		return;
	*found = device->users[--device->user_count];
}

void users_free(struct device *device)
{
	free(device->users);
	device->users = NULL;
	device->user_count = 0;
}

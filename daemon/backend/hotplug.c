/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

/* The multicast group of the kernel's own uevents. */
#define KERNEL_GROUP 1

static volatile sig_atomic_t arrived;

static void on_arrival(int signal)
{
	(void)signal;
	arrived = 1;
}

/* The handler stands before a signal can come, which would end the process. */
static int listen_for(int fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	struct sigaction action = { .sa_handler = on_arrival, .sa_flags = SA_RESTART };

	sigaction(SIGIO, &action, NULL);
	if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return 0;
}

void hotplug_open(struct hotplug *hotplug)
{
	int result = 0;

	arrived = 0;
	hotplug->generation = 0;
	hotplug->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (hotplug->socket < 0)
		result = -errno;
	else
		result = listen_for(hotplug->socket);
	if (result == 0)
		return;
	log_warning("uevents cannot be had (%s): every PMIOSTART looks for CPUs that came or went",
		    strerror(-result));
	hotplug_close(hotplug);
}

void hotplug_close(struct hotplug *hotplug)
{
	if (hotplug->socket >= 0)
		close(hotplug->socket);
	hotplug->socket = -1;
}

/* A uevent begins with its header, "online@/devices/system/cpu/cpu1". */
static bool is_cpu(const char *message)
{
	static const char where[] = "@/devices/system/cpu/cpu";
	const char *at = strchr(message, '@');

	return at && strncmp(at, where, sizeof where - 1) == 0;
}

/* Takes what has arrived. Messages that were lost (ENOBUFS) may have been of a CPU. */
static bool drain(int fd)
{
	bool cpu = false;
	char message[4096];

	for (;;) {
		ssize_t length = recv(fd, message, sizeof message - 1, 0);

		if (length < 0 && errno != ENOBUFS)
			return cpu;
		if (length >= 0)
			message[length] = '\0';
		cpu |= length < 0 || is_cpu(message);
	}
}

unsigned long hotplug_generation(struct hotplug *hotplug)
{
	if (hotplug->socket < 0)
		return ++hotplug->generation;
	if (arrived) {
		/* Before the socket is read: what comes meanwhile sets it again. */
		arrived = 0;
		if (drain(hotplug->socket))
			hotplug->generation++;
	}
	return hotplug->generation;
}

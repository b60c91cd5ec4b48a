/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a request of /dev/perfmon costs beside a null ioctl on libfuse's own loop, and beside a byte
 * to another process and back through pipes. "one CPU": client and servers on the same; "apart": on
 * two; "free": wherever the scheduler puts them. The backend sim answers, which has no system call
 * of its own; what counting costs is bench-running's. Takes root.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compare.h"
#include "figures.h"
#include "servers.h"

/* What PMIOSNAP gives, one by one. */
static void request_three(int fd)
{
	request_read(fd);
	request_read(fd);
	request_tstamp(fd);
}

/* perfmond, the null device, the pipe, and the one that spins. */
#define SERVERS 4

struct subject {
	const char *name;
	void (*call)(int fd);
	void (*beside)(int fd);
	enum { NULL_DEVICE, PIPE, SPINNING, PERFMOND } by; /* on what */
};

static const struct subject subjects[] = {
	{ "read-stopped / null", request_read, request_read, NULL_DEVICE },
	{ "read-stopped / pipe", request_read, server_pipe_call, PIPE },
	{ "null / pipe", request_read, server_pipe_call, PIPE },
	{ "read-stopped / pipe whose server spins", request_read, server_spinning_pipe_call,
	  SPINNING },
	{ "get / null", request_get, request_read, NULL_DEVICE },
	{ "tstamp / null", request_tstamp, request_read, NULL_DEVICE },
	{ "snap / 2 read + tstamp", request_snap, request_three, PERFMOND },
};

static void measure(const struct subject *subject, const struct server *servers, int fd, int null)
{
	struct side ours = { subject->call, *subject->name == 'n' ? null : fd };
	struct side theirs = { subject->beside, subject->by == NULL_DEVICE ? null : fd };

	for (enum place place = 0; place < PLACES; place++) {
		char name[80];

		/* Who spins leaves a client on his CPU no time. */
		if ((subject->by == SPINNING && place != PLACE_APART) ||
		    !servers_place(servers, SERVERS, place))
			continue;
		snprintf(name, sizeof name, "%s, %s", subject->name, place_names[place]);
		compare(name, ours, theirs);
	}
}

int main(void)
{
	struct server servers[SERVERS];
	int fd;
	int null;

	if (geteuid() != 0) {
		puts("# device: a device node takes root");
		return EXIT_SUCCESS;
	}
	servers[0] = server_perfmond("perfmon-bench", "sim", "system");
	servers[1] = server_null("perfmon-bench-null", false);
	servers[2] = server_pipe(false);
	servers[3] = server_pipe(true);
	fd = server_open(&servers[0]);
	null = server_open(&servers[1]);
	if (!set_up(fd))
		figures_fail("the backend sim has no clocks");
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		measure(&subjects[i], servers, fd, null);
	close(fd);
	close(null);
	for (int i = 0; i < SERVERS; i++)
		server_stop(&servers[i]);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What requests cost where perfmond has to ask the machine, per backend and scope, beside as many
 * null ioctls on libfuse's own loop: READ of a counter that runs, and the sample's loop. In system
 * scope each CPU is asked, and one that is not perfmond's own by an interrupt. Takes root.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compare.h"
#include "servers.h"

/* The sample's. */
static void request_loop(int fd)
{
	request_stop(fd);
	request_read(fd);
	request_reset(fd);
	request_start(fd);
}

static void four_nulls(int fd)
{
	for (int i = 0; i < 4; i++)
		request_read(fd);
}

static const struct {
	const char *backend;
	const char *scope;
} sources[] = {
	{ "sim", "system" },  { "perf", "system" }, { "perf", "cpu:0" },
	{ "perf", "opener" }, { "msr", "system" },
};

static const struct {
	const char *name;
	void (*call)(int fd);
	void (*null)(int fd);
} subjects[] = {
	{ "read-running", request_read, request_read },
	{ "loop", request_loop, four_nulls },
};

static void measure(const char *what, struct server servers[2])
{
	int fd = server_open(&servers[0]);
	int null = server_open(&servers[1]);

	if (!set_up(fd)) {
		printf("# %s: this machine counts nothing for it\n", what);
		close(fd);
		close(null);
		return;
	}
	request_start(fd);
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		for (enum place place = 0; place < PLACES; place++) {
			char name[80];

			if (!servers_place(servers, 2, place))
				continue;
			snprintf(name, sizeof name, "%s / null, %s, %s", subjects[i].name, what,
				 place_names[place]);
			compare(name, (struct side){ subjects[i].call, fd },
				(struct side){ subjects[i].null, null });
		}
	close(fd);
	close(null);
}

int main(void)
{
	struct server servers[2];

	if (geteuid() != 0) {
		puts("# running: a device node takes root");
		return EXIT_SUCCESS;
	}
	/* It loads CUSE, where the kernel has it, for the null device too. */
	servers[0] = server_perfmond("perfmon-bench", "sim", "system");
	servers[1] = server_null("perfmon-bench-null", false);
	server_stop(&servers[0]);
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		char what[40];

		snprintf(what, sizeof what, "%s %s", sources[i].backend, sources[i].scope);
		if (!server_try_perfmond("perfmon-bench", sources[i].backend, sources[i].scope,
					 &servers[0])) {
			printf("# %s: not on this machine\n", what);
			continue;
		}
		measure(what, servers);
		server_stop(&servers[0]);
	}
	server_stop(&servers[1]);
	return EXIT_SUCCESS;
}

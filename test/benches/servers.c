/* SPDX-License-Identifier: BSD-2-Clause */
#include "servers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

#define READY_SECONDS 20
#define SPIN_LOOKS    5000

/* Beside this program, in the build directory. */
static void perfmond_path(char *path, size_t size)
{
	char self[400] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	char *end = self + (length > 0 ? length : 0);

	for (int up = 0; up < 3 && end > self; up++)
		while (end > self && *--end != '/')
			;
	*end = '\0';
	snprintf(path, size, "%s/daemon/perfmond", self);
}

static void run_perfmond(const char *name, const char *backend, const char *scope, int said)
{
	char path[512];

	perfmond_path(path, sizeof path);
	dup2(said, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl(path, path, "-f", "--device", name, "--state-dir", "/run/perfmond-bench", "--user",
	      "nobody", "--group", "root", "--mode", "0600", "--backend", backend, "--scope", scope,
	      (char *)NULL);
	_exit(127);
}

/* Gives what it said until it was ready, or ended. */
static bool wait_until_ready(int said, char *text, size_t room)
{
	size_t length = 0;
	ssize_t size;

	*text = '\0';
	while (!strstr(text, "ready:")) {
		size = read(said, text + length, room - 1 - length);
		if (size <= 0)
			return false;
		length += (size_t)size;
		text[length] = '\0';
	}
	return true;
}

static bool try_perfmond(const char *name, const char *backend, const char *scope, char *text,
			 size_t room, struct server *ret_server)
{
	struct server server = { 0 };
	int said[2];

	snprintf(server.node, sizeof server.node, "/dev/%s", name);
	if (pipe2(said, O_CLOEXEC) < 0)
		figures_fail("pipe: %s", strerror(errno));
	server.process = fork();
	if (server.process == 0)
		run_perfmond(name, backend, scope, said[1]);
	close(said[1]);
	/* What it says later stays in the pipe. */
	if (wait_until_ready(said[0], text, room)) {
		*ret_server = server;
		return true;
	}
	waitpid(server.process, NULL, 0);
	close(said[0]);
	return false;
}

bool server_try_perfmond(const char *name, const char *backend, const char *scope,
			 struct server *ret_server)
{
	char text[4096];

	return try_perfmond(name, backend, scope, text, sizeof text, ret_server);
}

struct server server_perfmond(const char *name, const char *backend, const char *scope)
{
	struct server server = { 0 };
	char text[4096];

	if (!try_perfmond(name, backend, scope, text, sizeof text, &server))
		figures_fail("perfmond does not start:\n%s", text);
	return server;
}

/* To the server and from it; of one that sleeps, and one that spins. */
static int pipes[2][2][2];

/* Until the next byte is there, but where nobody asks for so long that it is another's turn. */
static void spin(int fd)
{
	struct pollfd looked = { .fd = fd, .events = POLLIN };

	for (int looks = 0; looks < SPIN_LOOKS; looks++)
		if (poll(&looked, 1, 0) > 0)
			return;
}

static void echo(bool spins)
{
	int in = pipes[spins][0][0];
	int out = pipes[spins][1][1];
	char byte;

	while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
		if (spins)
			spin(in);
	_exit(0);
}

struct server server_pipe(bool spins)
{
	struct server server = { 0 };

	if (pipe2(pipes[spins][0], O_CLOEXEC) < 0 || pipe2(pipes[spins][1], O_CLOEXEC) < 0)
		figures_fail("pipe: %s", strerror(errno));
	server.process = fork();
	if (server.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		echo(spins);
	}
	return server;
}

static void call_pipe(bool spins)
{
	char byte = 0;

	if (write(pipes[spins][0][1], &byte, 1) != 1 || read(pipes[spins][1][0], &byte, 1) != 1)
		figures_fail("the pipe is broken");
}

void server_pipe_call(int none)
{
	(void)none;
	call_pipe(false);
}

void server_spinning_pipe_call(int none)
{
	(void)none;
	call_pipe(true);
}

static void await_ioctl(const struct server *server)
{
	double end = figures_now() + READY_SECONDS * 1e9;

	while (figures_now() < end) {
		int fd = open(server->node, O_RDWR | O_CLOEXEC);
		int value;
		int result = fd < 0 ? -1 : ioctl(fd, _IOWR('P', 77, int), &value);

		if (fd >= 0)
			close(fd);
		if (result == 0)
			return;
		usleep(1000);
	}
	figures_fail("%s: the null device does not answer", server->node);
}

struct server server_null(const char *name, bool threads)
{
	bool cuse = access("/dev/cuse", R_OK | W_OK) == 0;
	struct server server;

	snprintf(server.node, sizeof server.node, "/dev/%s", name);
	server.process = fork();
	if (server.process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		null_serve(server.node, cuse, threads);
	}
	await_ioctl(&server);
	return server;
}

void server_stop(struct server *server)
{
	kill(server->process, SIGTERM);
	waitpid(server->process, NULL, 0);
	if (!*server->node)
		return;
	umount2(server->node, MNT_DETACH);
	unlink(server->node);
}

int server_open(const struct server *server)
{
	int fd = open(server->node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		figures_fail("%s: %s", server->node, strerror(errno));
	return fd;
}

const char *const place_names[PLACES] = { "one CPU", "apart", "free" };

static void put(pid_t process, const cpu_set_t *any, int nth)
{
	cpu_set_t set = *any;

	for (size_t cpu = 0; nth >= 0 && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, any) && nth-- == 0) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
		}
	sched_setaffinity(process, sizeof set, &set);
}

bool servers_place(const struct server *servers, int count, enum place place)
{
	static cpu_set_t any;
	int client = place == PLACE_FREE ? -1 : 0;
	int server = place == PLACE_APART ? 1 : client;

	if (CPU_COUNT(&any) == 0)
		sched_getaffinity(0, sizeof any, &any);
	if (place != PLACE_ONE_CPU && CPU_COUNT(&any) < 2)
		return false;
	put(0, &any, client);
	for (int i = 0; i < count; i++)
		put(servers[i].process, &any, server);
	return true;
}

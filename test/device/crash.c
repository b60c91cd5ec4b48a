/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: crash NODE EVENT [once]
 *
 * Loads the node with clients until SIGTERM, through the ends and starts of whoever serves it, and
 * watches them: `requests NUMBER` that they asked, `values NUMBER` of them counts, `passed NUMBER`
 * of values read past perfmond, `request US` and `open US`, the longest, `look US` the longest
 * between two looks at them, and `error NAME NUMBER` for each errno. Fails with a message for a
 * client that hangs, with what it waits for in the kernel, and for an errno that the end of a
 * perfmond does not explain. EVENT is what the clients count. once: one new client that opens the
 * node and fails where it counts nothing.
 */

#include "crash.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_NS UINT64_C(20000000)

/* The wait that a client is in, and how often it was looked at. */
struct watched {
	uint64_t begin;
	unsigned looks;
};

static uint64_t longest_look; /* ns between two */

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static volatile sig_atomic_t told_to_end;

static void be_told(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "crash: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void start_client(struct load *load, int which)
{
	pid_t process = fork();

	if (process < 0)
		die("fork");
	if (process > 0) {
		load->client[which].process = process;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	crash_client(load, which);
	_exit(EXIT_SUCCESS);
}

/* What the process sleeps in. */
static void tell_wchan(pid_t process, char *text, size_t size)
{
	char path[64];
	FILE *file;
	size_t length = 0;

	snprintf(path, sizeof path, "/proc/%ld/wchan", (long)process);
	file = fopen(path, "re");
	if (file) {
		length = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[length] = '\0';
}

/*
 * Ends the program where a client waits for longer than it may. That is counted in looks: where the
 * machine stands still, all of them wait for it, and so does who looks.
 */
static void look(const struct client *client, struct watched *watched)
{
	uint64_t begin = client->begin;
	char wchan[64];

	if (begin == 0 || begin != watched->begin) {
		*watched = (struct watched){ .begin = begin };
		return;
	}
	watched->looks++;
	if (watched->looks * LOOK_NS < client->limit)
		return;
	tell_wchan(client->process, wchan, sizeof wchan);
	fprintf(stderr, "crash: client %ld hangs in %s for %.0f ms, wchan %s\n",
		(long)client->process, client->what, (double)(now_ns() - begin) / 1e6, wchan);
	exit(EXIT_FAILURE);
}

/* Sleeps, and looks at all of them. */
static void look_around(const struct load *load)
{
	static struct watched watched[CLIENTS];
	uint64_t begin = now_ns();

	usleep(LOOK_NS / 1000);
	longest_look = greater(longest_look, now_ns() - begin);
	for (int i = 0; i < CLIENTS; i++)
		look(&load->client[i], &watched[i]);
}

/* One that ended by itself is one that an answer made crash. */
static void reap(const struct client *client)
{
	int status;

	if (waitpid(client->process, &status, WNOHANG) == 0)
		return;
	fprintf(stderr, "crash: a client ended by itself: %s %d, latest in %s\n",
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), client->what);
	exit(EXIT_FAILURE);
}

static void watch(const struct load *load)
{
	while (!told_to_end) {
		look_around(load);
		for (int i = 0; i < CLIENTS; i++)
			reap(&load->client[i]);
	}
}

/* What they wait for has its limit still. */
static void end_clients(struct load *load)
{
	load->ends = true;
	for (int i = 0; i < CLIENTS; i++)
		while (waitpid(load->client[i].process, NULL, WNOHANG) == 0)
			look_around(load);
}

static void add(struct client *sum, const struct client *client)
{
	sum->requests += client->requests;
	sum->values += client->values;
	sum->passed += client->passed;
	if (client->longest.time > sum->longest.time)
		sum->longest = client->longest;
	sum->longest_open = greater(sum->longest_open, client->longest_open);
	for (int error = 0; error < ERRORS_MAX; error++)
		sum->seen[error] += client->seen[error];
	sum->wrong += client->wrong;
	if (client->wrong > 0)
		memcpy(sum->first, client->first, sizeof sum->first);
}

static int tell(const struct load *load)
{
	static struct client sum;

	for (int i = 0; i < CLIENTS; i++)
		add(&sum, &load->client[i]);
	printf("requests %llu\nvalues %llu\npassed %llu\nrequest %llu %s\nopen %llu\nlook %llu\n",
	       (unsigned long long)sum.requests, (unsigned long long)sum.values,
	       (unsigned long long)sum.passed, (unsigned long long)sum.longest.time / 1000,
	       sum.longest.what, (unsigned long long)sum.longest_open / 1000,
	       (unsigned long long)longest_look / 1000);
	for (int error = 0; error < ERRORS_MAX; error++)
		if (sum.seen[error] > 0)
			printf("error %s %llu\n", strerrorname_np(error),
			       (unsigned long long)sum.seen[error]);
	if (sum.wrong > 0)
		fprintf(stderr, "crash: %llu answers are wrong: %s\n",
			(unsigned long long)sum.wrong, sum.first);
	return sum.wrong > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	struct load *load;
	unsigned char event;

	if (argc != 3 && !(argc == 4 && strcmp(argv[3], "once") == 0)) {
		fputs("usage: crash NODE EVENT [once]\n", stderr);
		return 2;
	}
	event = (unsigned char)strtoul(argv[2], NULL, 0);
	if (argc == 4)
		return crash_once(argv[1], event) ? EXIT_SUCCESS : EXIT_FAILURE;
	load = mmap(NULL, sizeof *load, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load == MAP_FAILED)
		die("mmap");
	load->node = argv[1];
	load->event = event;
	for (int i = 0; i < CLIENTS; i++)
		start_client(load, i);
	signal(SIGTERM, be_told);
	watch(load);
	end_clients(load);
	return tell(load);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: faults-case PERFMOND LAYER NAME DIRECTORY [OPTION...] <CASES
 *
 * Each line of CASES is "SITE:ERROR:NUMBER", with ":fuse" for a call on the connection: perfmond is
 * started on the node NAME with that call failing once (see inject.h), asked everything, asked by
 * many at once and by a fresh client, ended, and looked after. PERFMOND_TEST_WITHOUT=FILE in the
 * environment has FILE removed before each start. Prints a line for each, of fields with tabs
 * between: good or bad, the line, what came of it and what perfmond said last. Lines that follow
 * one that was unmet, and differ from it in NUMBER alone, are left out.
 *
 * What came of it: unmet (the call was not made), answered (and the daemon went on), refused (it
 * did not start, said why and left nothing), ended (in the middle, in the same way).
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "walk.h"

#define PATIENCE 6000 /* ms: a machine that is busy with other things is slow */
#define CROWD    4    /* clients that ask at once */

static char node[256];
static const struct daemon *served;

/* In a process of its own, which a request that is never answered does not hold up. */
static int ask(int (*asks)(const char *, FILE *), struct daemon *daemon, FILE *out)
{
	struct daemon client = { .process = fork() };

	if (client.process < 0)
		abort();
	if (client.process == 0) {
		int told = asks(node, out);

		fflush(out);
		_exit(told > 0);
	}
	if (!daemon_ended(&client, PATIENCE)) {
		fputs("a request hangs; ", out);
		kill(daemon->process, SIGKILL);
		kill(client.process, SIGKILL);
		waitpid(client.process, NULL, 0);
		return 1;
	}
	if (!WIFEXITED(client.status))
		fputs("the client crashed; ", out);
	return client.status != 0;
}

/* What is said when it does not go on: a line of its own, that is no warning and not `ready`. */
static bool has_cause(const char *said)
{
	for (const char *line = said; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "perfmond: ", 10) == 0 && strncmp(line + 10, "ready", 5) != 0 &&
		    strncmp(line + 10, "warning: ", 9) != 0)
			return true;
	}
	return false;
}

/* It ended by itself: with a message and a status that says so. */
static int judge_end(const struct daemon *daemon, FILE *out)
{
	if (WIFSIGNALED(daemon->status)) {
		fprintf(out, "crashed by SIG%s; ", sigabbrev_np(WTERMSIG(daemon->status)));
		return 1;
	}
	if (WEXITSTATUS(daemon->status) == 0) {
		fputs("ended with status 0; ", out);
		return 1;
	}
	if (has_cause(daemon_said(daemon)))
		return 0;
	fputs("ended without a word; ", out);
	return 1;
}

static int stop(struct daemon *daemon, FILE *out)
{
	kill(daemon->process, SIGTERM);
	if (!daemon_ended(daemon, PATIENCE)) {
		fputs("does not end at SIGTERM; ", out);
		kill(daemon->process, SIGKILL);
		daemon_ended(daemon, PATIENCE);
		return 1;
	}
	if (WIFSIGNALED(daemon->status))
		fprintf(out, "crashed by SIG%s at its end; ",
			sigabbrev_np(WTERMSIG(daemon->status)));
	return WIFSIGNALED(daemon->status) || (daemon->status != 0 && judge_end(daemon, out) > 0);
}

/* Requests that were aborted or are to be tried again end no daemon. */
static bool must_go_on(const char *fault)
{
	int error = atoi(strchr(fault, ':') + 1);

	return strstr(fault, ":fuse") && (error == ENOENT || error == EINTR || error == EAGAIN);
}

/* Whether a client sleeps, as on an answer, or has ended. */
static bool waits(pid_t client)
{
	char path[32];
	char state = 'R';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", client);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'R';
	if (file)
		fclose(file);
	return state != 'R';
}

/* Clients of a perfmond that is stopped until all of them have asked: it meets all at once. */
static int crowd(const char *path, FILE *out)
{
	pid_t client[CROWD];
	int status;
	int bad = 0;

	kill(served->process, SIGSTOP);
	for (int i = 0; i < CROWD; i++) {
		client[i] = fork();
		if (client[i] < 0)
			abort();
		if (client[i] == 0)
			_exit(walk_reader(path, out) > 0);
	}
	for (int i = 0; i < CROWD; i++)
		for (int tries = 0; tries < 1000 && !waits(client[i]); tries++)
			usleep(500);
	kill(served->process, SIGCONT);
	for (int i = 0; i < CROWD; i++)
		if (waitpid(client[i], &status, 0) != client[i] || status != 0)
			bad++;
	return bad;
}

/* Clients, until the call has failed and one after it. Gives how much was wrong with them. */
static int serve(struct daemon *daemon, FILE *out)
{
	int bad = ask(walk, daemon, out);

	served = daemon;
	if (!daemon_hit(daemon) && daemon->process > 0)
		bad += ask(crowd, daemon, out);
	if (!daemon_hit(daemon))
		bad += ask(walk, daemon, out);
	if (daemon->process == 0 || !daemon_hit(daemon))
		return bad;
	return bad + ask(walk_fresh, daemon, out);
}

/* From its start on. Gives what came of it; *ret_bad counts what must not be. */
static const char *live(struct daemon *daemon, const char *fault, FILE *out, int *ret_bad)
{
	int bad;

	if (!daemon_ready(daemon, PATIENCE)) {
		if (daemon->process == 0) {
			*ret_bad += judge_end(daemon, out);
			return "refused";
		}
		fputs("does not become ready; ", out);
		*ret_bad += 1 + stop(daemon, out);
		return "hung";
	}
	bad = serve(daemon, out);
	/* A connection that is gone takes a moment to end the daemon, and a fresh client has none.
	 */
	if (daemon_ended(daemon, bad ? PATIENCE : 0)) {
		*ret_bad += judge_end(daemon, out) + must_go_on(fault);
		return must_go_on(fault) ? "ended, for a request," : "ended";
	}
	*ret_bad += bad + stop(daemon, out);
	return "answered";
}

/* The last line that is not `ready`, without its end. */
static void print_said(const char *said)
{
	const char *last = "";
	size_t length = 0;

	while (*said) {
		size_t size = strcspn(said, "\n");

		if (strncmp(said, "perfmond: ready", 15) != 0 && size > 0) {
			last = said;
			length = size;
		}
		said += size + (said[size] == '\n');
	}
	printf("%.*s\n", (int)length, last);
}

/* False where the call was not made. */
static bool run_case(struct daemon *daemon, const char *fault)
{
	FILE *out = tmpfile();
	char text[2048];
	const char *came;
	size_t size;
	int bad = 0;

	if (!out)
		abort();
	setvbuf(out, NULL, _IONBF, 0);
	daemon_start(daemon, fault);
	came = live(daemon, fault, out, &bad);
	bad += daemon_left(daemon, out);
	rewind(out);
	size = fread(text, 1, sizeof text - 1, out);
	text[size] = '\0';
	fclose(out);
	printf("%s\t%s\t%s %s\t", bad ? "bad" : "good", fault, daemon_hit(daemon) ? came : "unmet",
	       text);
	print_said(daemon_said(daemon));
	fflush(stdout);
	return daemon_hit(daemon);
}

/* Whether it is a later call of the same site and error as the one that was not made. */
static bool is_beyond(const char *fault, const char *unmet)
{
	size_t error = strcspn(unmet, ":");

	if (unmet[error] == '\0')
		return false;
	error += 1 + strcspn(unmet + error + 1, ":");
	return strncmp(fault, unmet, error + 1) == 0;
}

int main(int argc, char *argv[])
{
	struct daemon daemon;
	char fault[256];
	char unmet[256] = "";

	if (argc < 5)
		return 2;
	daemon = (struct daemon){ .program = argv[1],
				  .layer = argv[2],
				  .name = argv[3],
				  .work = argv[4],
				  .without = getenv("PERFMOND_TEST_WITHOUT"),
				  .option = &argv[5] };
	snprintf(node, sizeof node, "/dev/%s", daemon.name);
	while (scanf("%255s", fault) == 1)
		if (!is_beyond(fault, unmet) && !run_case(&daemon, fault))
			strcpy(unmet, fault);
	return 0;
}

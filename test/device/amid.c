/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: amid NODE EVENT TIMES COMMAND
 *
 * What perfmond answers amid something that happens to the machine: COMMAND, a shell's, is run
 * TIMES times, with 0, 1, ... in $round, while clients ask without a pause. Each of them is
 * answered some requests between two runs. Prints TAP.
 */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS    5
#define BETWEEN    10
#define TURNS      200
#define WAIT_US    10000
#define HANG_WAITS 4500 /* 45 s of them: more than twice what the kernel gives a freeze */

/* Shared with the clients. */
struct shared {
	bool end;
	struct tally {
		unsigned long requests;
		unsigned long
			refused; /* by an error that perfmond may give while the machine changes */
		unsigned long wrong; /* by another one */
		unsigned long values;
		unsigned long spoiled; /* values that broke a promise */
		char first[96];        /* the first that is wrong or spoiled, in words */
	} tally[CLIENTS];
};

static const char *node;
static unsigned char event;
static volatile struct shared *shared;
static volatile struct tally *own;

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void note(const char *what, const char *more)
{
	if (own->wrong + own->spoiled == 1)
		snprintf((char *)own->first, sizeof own->first, "%s: %s", what, more);
}

/* Whether it succeeded. */
static bool ask(int fd, unsigned long request, void *argument, const char *name)
{
	int result = ioctl(fd, request, argument);

	own->requests++;
	if (result == 0)
		return true;
	if (errno == EIO || errno == EBUSY || errno == EAGAIN) {
		own->refused++;
	} else {
		own->wrong++;
		note(name, strerrorname_np(errno));
	}
	return false;
}

static bool read_value(int fd, int number, long long *ret_value)
{
	struct pmc_data data = { .pmcd_num = number };

	if (!ask(fd, PMIOREAD, &data, "PMIOREAD"))
		return false;
	own->values++;
	*ret_value = data.pmcd_value;
	return true;
}

/* At least the one before, or the same. */
static bool read_on(int fd, int number, bool same, long long *value)
{
	long long before = *value;
	char text[64];

	if (!read_value(fd, number, value))
		return false;
	if (same ? *value == before : *value >= before)
		return true;
	own->spoiled++;
	snprintf(text, sizeof text, "%lld after %lld", *value, before);
	note(same ? "stopped" : "running", text);
	return false;
}

static bool begin(int fd, int number)
{
	struct pmc pmc = { .pmc_num = number };

	pmc.pmc_event = event;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	return ask(fd, PMIOSETUP, &pmc, "PMIOSETUP") && ask(fd, PMIOSTART, &number, "PMIOSTART");
}

/* Stops it, sees that it keeps its value, and starts it again. */
static bool pause_counter(int fd, int number, long long *value)
{
	return ask(fd, PMIOSTOP, &number, "PMIOSTOP") && read_on(fd, number, false, value) &&
	       read_on(fd, number, true, value) && ask(fd, PMIOSTART, &number, "PMIOSTART") &&
	       read_on(fd, number, false, value);
}

/* Counter 0 is set up on each turn; counter 1 runs on until a request of it fails. */
static void write_turns(int fd)
{
	bool runs = false;
	long long running = 0;

	for (unsigned turn = 0; !shared->end; turn++) {
		long long value = 0;

		if (!runs) {
			running = 0;
			runs = begin(fd, 1);
		} else {
			runs = turn % TURNS ? read_on(fd, 1, false, &running)
					    : pause_counter(fd, 1, &running);
		}
		if (begin(fd, 0) && read_on(fd, 0, false, &value))
			pause_counter(fd, 0, &value);
	}
}

static void read_turns(int fd)
{
	while (!shared->end) {
		struct pmc_tstamp stamp;
		struct perfmon_snap snap;
		long long value;

		read_value(fd, 0, &value);
		read_value(fd, 1, &value);
		ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP");
		ask(fd, PMIOSNAP, &snap, "PMIOSNAP");
	}
}

static int open_node(int flags)
{
	int fd = open(node, flags | O_CLOEXEC);

	if (fd < 0) {
		own->wrong++;
		note("open", strerrorname_np(errno));
	}
	return fd;
}

static void open_turns(void)
{
	int fd;

	while (!shared->end && (fd = open_node(O_RDONLY)) >= 0) {
		struct pmc_tstamp stamp;

		ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP");
		close(fd);
	}
}

static pid_t start_client(int which)
{
	pid_t process = fork();
	int fd;

	if (process < 0)
		die("fork");
	if (process > 0)
		return process;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	own = &shared->tally[which];
	if (which == 0 && (fd = open_node(O_RDWR)) >= 0)
		write_turns(fd);
	else if (which == 1)
		open_turns();
	else if (which > 1 && (fd = open_node(O_RDONLY)) >= 0)
		read_turns(fd);
	_exit(0);
}

/* Whether all clients have been answered so many requests more. */
static bool all_go_on(void)
{
	unsigned long before[CLIENTS];
	unsigned waits = 0;

	for (int i = 0; i < CLIENTS; i++)
		before[i] = shared->tally[i].requests;
	for (int i = 0; i < CLIENTS; i++)
		while (shared->tally[i].requests < before[i] + BETWEEN) {
			if (waits++ == HANG_WAITS) {
				printf("# client %d hangs after %lu requests\n", i, before[i]);
				return false;
			}
			usleep(WAIT_US);
		}
	return true;
}

static bool run(unsigned round, const char *command)
{
	char text[16];

	snprintf(text, sizeof text, "%u", round);
	setenv("round", text, 1);
	/* NOLINTNEXTLINE(cert-env33-c): the test's own command */
	return system(command) == 0;
}

/* Whether they all ended by themselves. */
static bool end_clients(const pid_t *process)
{
	bool ended = true;

	shared->end = true;
	for (int i = 0; i < CLIENTS; i++) {
		unsigned waits = 0;

		while (waitpid(process[i], NULL, WNOHANG) == 0 && waits++ < HANG_WAITS)
			usleep(WAIT_US);
		ended &= waits <= HANG_WAITS;
		kill(process[i], SIGKILL);
	}
	return ended;
}

static bool prove(bool good, const char *name)
{
	static unsigned number;

	printf("%s %u - %s\n", good ? "ok" : "not ok", ++number, name);
	return good;
}

static bool report(void)
{
	struct tally all = { 0 };
	bool good;

	for (int i = 0; i < CLIENTS; i++) {
		const struct tally *one = (const struct tally *)&shared->tally[i];

		all.requests += one->requests;
		all.refused += one->refused;
		all.wrong += one->wrong;
		all.values += one->values;
		all.spoiled += one->spoiled;
		if (*one->first)
			printf("# client %d: %s\n", i, one->first);
	}
	printf("# requests %lu refused %lu\n", all.requests, all.refused);
	good = prove(all.wrong == 0, "each request succeeds, or is EIO, EBUSY or EAGAIN");
	good &= prove(all.values > all.refused, "most reads give a number");
	good &= prove(all.spoiled == 0, "a running count never falls, a stopped one stays");
	return good;
}

int main(int argc, char *argv[])
{
	pid_t process[CLIENTS];
	unsigned round = 0;
	unsigned times;
	bool good;
	bool on;

	if (argc != 5) {
		fputs("usage: amid NODE EVENT TIMES COMMAND\n", stderr);
		return 2;
	}
	node = argv[1];
	event = (unsigned char)strtoul(argv[2], NULL, 0);
	times = (unsigned)strtoul(argv[3], NULL, 0);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < CLIENTS; i++)
		process[i] = start_client(i);
	on = all_go_on();
	while (on && round < times && run(round, argv[4])) {
		round++;
		on = all_go_on();
	}
	on &= end_clients(process);
	printf("# rounds %u\n", round);
	good = prove(on && round == times, "no client hangs");
	good &= report();
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../../client/take.h"

/* What any request, or open(2), may fail with by perfmon(4); the test itself aborts with EINTR. */
static const int any_errors[] = { ENOTCONN, ECONNABORTED, EIO, ENODEV, ENOMEM, ENOTTY, EINTR, 0 };

struct asked {
	unsigned long request; /* 0: open(2) */
	const char *name;
	int errors[12]; /* of its own */
};

static const struct asked asked_open = { 0, "open", { EBUSY, ENXIO, ENOENT } };
static const struct asked setup = { PMIOSETUP,
				    "PMIOSETUP",
				    { EACCES, EAGAIN, EBUSY, EMFILE, ENFILE, ENOSPC, EROFS,
				      EOPNOTSUPP, ESRCH } };
static const struct asked start = { PMIOSTART, "PMIOSTART", { EACCES, EAGAIN, EBUSY } };
static const struct asked stop = { PMIOSTOP, "PMIOSTOP", { EACCES, EBUSY } };
static const struct asked get = { PMIOGET, "PMIOGET", { EBUSY } };
static const struct asked take_value = { PMIOREAD, "PMIOREAD", { EBUSY } };
static const struct asked reset = { PMIORESET, "PMIORESET", { EBUSY } };
static const struct asked tstamp = { PMIOTSTAMP, "PMIOTSTAMP", { ENOTTY } };
static const struct asked event = { PMIOEVENT, "PMIOEVENT", { EBUSY } };
static const struct asked translate = { PMIOTRANSLATE, "PMIOTRANSLATE", { EOPNOTSUPP } };
static const struct asked snap = { PMIOSNAP, "PMIOSNAP", { 0 } };
static const struct asked holder = { PMIOHOLDER, "PMIOHOLDER", { ESRCH } };
static const struct asked ebb = { PMIOEBB,
				  "PMIOEBB",
				  { EACCES, EAGAIN, EINVAL, EMFILE, ENFILE, ENOENT, EOPNOTSUPP,
				    EPERM, ESRCH, EBUSY, ENOSPC } };
static const struct asked direct = { PMIODIRECT,
				     "PMIODIRECT",
				     { EACCES, EPERM, EBUSY, EOPNOTSUPP, EMFILE, ENFILE, EAGAIN,
				       ESRCH } };

static int told;
static FILE *teller;

static bool has(const int *errors, int error)
{
	for (; *errors; errors++)
		if (*errors == error)
			return true;
	return false;
}

static bool judge(const struct asked *asked, int result)
{
	if (result >= 0)
		return true;
	if (!has(any_errors, errno) && !has(asked->errors, errno)) {
		fprintf(teller, "%s: %s, which perfmon(4) has not; ", asked->name,
			strerrorname_np(errno));
		told++;
	}
	return false;
}

static bool ask(int fd, const struct asked *asked, void *argument)
{
	return judge(asked, ioctl(fd, asked->request, argument));
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(teller, "not so: %s; ", what);
	told++;
}

static void work(void)
{
	struct timespec from, at;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &at);
	while ((at.tv_sec - from.tv_sec) * 1000000000L + at.tv_nsec - from.tv_nsec < 400000);
}

/* Clocks; interrupts where this machine has none for all of it, or not in that scope. */
static bool set_up(int fd, int number)
{
	struct pmc pmc = { .pmc_num = number };

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	if (ask(fd, &setup, &pmc))
		return true;
	if (errno != EOPNOTSUPP)
		return false;
	pmc.pmc_event = PMC6_HW_INT_RX;
	return ask(fd, &setup, &pmc);
}

/* Whether what the counter counts goes on without a rest. */
static bool counts_clocks(int fd, int number)
{
	struct pmc pmc = { .pmc_num = number };

	return ioctl(fd, PMIOGET, &pmc) == 0 && pmc.pmc_event == PMC6_CPU_CLK_UNHALTED;
}

/* -1 where it fails. */
static int64_t value(int fd, int number)
{
	struct pmc_data data = { .pmcd_num = number };

	return ask(fd, &take_value, &data) ? data.pmcd_value : -1;
}

/* A counter that runs from here to its stop, with the answers compared. */
static void run(int fd, int number, bool must_succeed)
{
	int64_t first, second, third, fourth;

	if (!ask(fd, &start, &number)) {
		must(!must_succeed, "PMIOSTART succeeds");
		return;
	}
	work();
	first = value(fd, number);
	work();
	second = value(fd, number);
	must(first < 0 || second < 0 || second >= first, "a count does not fall");
	if (!ask(fd, &stop, &number)) {
		must(!must_succeed, "PMIOSTOP succeeds");
		return;
	}
	third = value(fd, number);
	fourth = value(fd, number);
	must(third < 0 || fourth < 0 || third == fourth, "a stopped count stays");
	must(second < 0 || third < 0 || third >= second, "a stopped count is no smaller");
	/* The modelled P6 stops counter 1 with counter 0. */
	must(third != 0 || number != 0 || !counts_clocks(fd, number), "clocks are counted");
	/* Above what 256 CPUs of 8 GHz do in the ten seconds that a case has. */
	must(third < INT64_C(256) * 80000000000, "a count is no greater than the time allows");
	must(!must_succeed || (first >= 0 && second >= 0 && third >= 0 && fourth >= 0),
	     "PMIOREAD succeeds");
}

static void take_offer(const char *path, uint64_t token)
{
	struct perfmon_taken taken;
	int fd[TAKE_MOST];
	unsigned count = 0;
	int socket;

	if (take_connect(path, &socket) != 0)
		return;
	if (take(socket, token, &taken, fd, TAKE_MOST, &count) == 0)
		for (unsigned i = 0; i < count; i++)
			close(fd[i]);
	close(socket);
}

static void walk_passing(const char *path, int fd)
{
	struct perfmon_ebb branch = { .peb_type = PERF_TYPE_SOFTWARE,
				      .peb_config = PERF_COUNT_SW_PAGE_FAULTS | UINT64_C(1) << 63,
				      .peb_period = 1000 };
	struct perfmon_ebb thread = branch;
	struct perfmon_direct page = { .pmd_num = 0 };

	if (ask(fd, &ebb, &branch))
		take_offer(path, branch.peb_token);
	/* Named, so that whether it might be traced is looked at. */
	thread.peb_thread = getpid();
	if (ask(fd, &ebb, &thread))
		take_offer(path, thread.peb_token);
	/* Another's is its own to take. */
	thread.peb_thread = getppid();
	if (ask(fd, &ebb, &thread))
		take_offer(path, thread.peb_token);
	if (ask(fd, &direct, &page))
		take_offer(path, page.pmd_token);
}

static void walk_others(int fd, int reader)
{
	struct pmc pmc = { .pmc_num = 0 };
	struct pmc_data none = { .pmcd_num = 7 };
	struct pmc_tstamp stamp;
	struct perfmon_event counted = { .pme_num = 0 };
	struct perfmon_event asked = { .pme_val = 0x00430079 };
	struct perfmon_snap all;
	struct perfmon_holder held;
	int number = 0;

	if (ask(fd, &get, &pmc))
		must(pmc.pmc_event == PMC6_CPU_CLK_UNHALTED || pmc.pmc_event == PMC6_HW_INT_RX,
		     "PMIOGET gives what was set up");
	must(ioctl(reader, PMIOREAD, &none) < 0, "there is no counter 7");
	if (reader >= 0)
		must(ioctl(reader, PMIOSTART, &number) < 0, "a reader starts no counter");
	ask(fd, &tstamp, &stamp);
	ask(fd, &event, &counted);
	ask(fd, &translate, &asked);
	ask(fd, &snap, &all);
	ask(fd, &holder, &held);
	must(read(fd, &pmc, sizeof pmc) < 0, "read(2) fails");
	if (ask(fd, &stop, &number) && ask(fd, &reset, &number))
		must(value(fd, number) <= 0, "a count is 0 after PMIORESET");
}

int walk(const char *path, FILE *out)
{
	int reader = open(path, O_RDONLY | O_CLOEXEC);
	struct pmc interrupts = { .pmc_num = 1 };
	int fd;

	told = 0;
	teller = out;
	judge(&asked_open, reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (judge(&asked_open, fd)) {
		set_up(fd, 0);
		interrupts.pmc_event = PMC6_HW_INT_RX;
		interrupts.pmc_flags = PMCF_USR | PMCF_OS;
		if (ask(fd, &setup, &interrupts) && ask(fd, &start, &interrupts.pmc_num))
			value(fd, 1);
		run(fd, 0, false);
		run(fd, 0, false);
		walk_others(fd, reader);
		walk_passing(path, fd);
		close(fd);
	}
	if (reader >= 0)
		close(reader);
	return told;
}

int walk_reader(const char *path, FILE *out)
{
	struct perfmon_snap all;
	struct pmc_tstamp stamp;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	told = 0;
	teller = out;
	if (judge(&asked_open, fd)) {
		ask(fd, &snap, &all);
		ask(fd, &tstamp, &stamp);
		close(fd);
	}
	return told;
}

/* The close of the client before may be on its way yet. */
static int open_patiently(const char *path)
{
	int fd = -1;

	for (int tries = 0; tries < 200 && fd < 0; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 && errno != EBUSY)
			break;
		if (fd < 0)
			usleep(5000);
	}
	return fd;
}

int walk_fresh(const char *path, FILE *out)
{
	int fd = open_patiently(path);

	told = 0;
	teller = out;
	if (fd < 0) {
		fprintf(out, "a fresh client's open: %s; ", strerrorname_np(errno));
		return 1;
	}
	for (int number = 0; number < 2; number++) {
		must(set_up(fd, number), "a fresh PMIOSETUP succeeds");
		run(fd, number, true);
	}
	close(fd);
	return told;
}

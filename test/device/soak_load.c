/* SPDX-License-Identifier: BSD-2-Clause */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/direct.h>
#include <perfmon/ext.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A few hundred requests a second of each client: a load, and no flood. */
#define PAUSE_US 5000

/* Between an open and the close that follows. */
#define TURNS 100

static struct tally *own;

static void count(bool right, const char *what, int error)
{
	own->requests++;
	if (!right && own->wrong++ == 0)
		snprintf(own->first, sizeof own->first, "%s: %s", what,
			 error ? strerrorname_np(error) : "no error");
}

/* Asks, and expects this errno or `other`; 0 is success. */
static void ask(int fd, unsigned long request, void *argument, const char *name, int expected,
		int other)
{
	int error = ioctl(fd, request, argument) < 0 ? errno : 0;

	count(error == expected || error == other, name, error);
}

static int open_node(const struct load *load, int flags)
{
	int fd = open(load->node, flags | O_CLOEXEC);

	count(fd >= 0, "open", errno);
	if (fd < 0)
		usleep(PAUSE_US);
	return fd;
}

static void set_up(int fd, int number)
{
	struct pmc pmc = { .pmc_num = number };

	pmc.pmc_event = PMC6_CPU_CLK_UNHALTED;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	ask(fd, PMIOSETUP, &pmc, "PMIOSETUP", 0, 0);
	ask(fd, PMIOGET, &pmc, "PMIOGET", 0, 0);
}

static void write_once(int fd, int number)
{
	struct pmc_data data = { .pmcd_num = number };
	struct perfmon_snap snap;

	set_up(fd, number);
	ask(fd, PMIOSTART, &number, "PMIOSTART", 0, 0);
	ask(fd, PMIOREAD, &data, "PMIOREAD", 0, 0);
	ask(fd, PMIOSNAP, &snap, "PMIOSNAP", 0, 0);
	ask(fd, PMIOSTOP, &number, "PMIOSTOP", 0, 0);
	ask(fd, PMIORESET, &number, "PMIORESET", 0, 0);
	ask(fd, PMIOREAD, &data, "PMIOREAD", 0, 0);
	count(data.pmcd_value == 0, "PMIOREAD after PMIORESET", 0);
}

/* A counter that is read past perfmond, and says the same. */
static void read_past(int fd)
{
	int number = 1;
	struct pmc_data data = { .pmcd_num = number };
	struct perfmon_reader *reader;
	uint64_t value = 0;

	set_up(fd, number);
	ask(fd, PMIOSTART, &number, "PMIOSTART", 0, 0);
	count(perfmon_reader_open(fd, number, &reader) == 0, "perfmon_reader_open", errno);
	for (int i = 0; i < TURNS; i++) {
		uint64_t before = value;

		count(perfmon_reader_read(reader, &value) == 0 && value >= before,
		      "perfmon_reader_read", 0);
		own->passed += perfmon_reader_way(reader) != PERFMON_BY_DEVICE;
	}
	ask(fd, PMIOSTOP, &number, "PMIOSTOP", 0, 0);
	ask(fd, PMIOREAD, &data, "PMIOREAD", 0, 0);
	count(perfmon_reader_read(reader, &value) == 0 && value == (uint64_t)data.pmcd_value,
	      "perfmon_reader_read of a stopped counter", 0);
	perfmon_reader_close(reader);
}

static void writer(const struct load *load)
{
	int fd = open_node(load, O_RDWR);

	if (fd < 0)
		return;
	if (load->direct)
		read_past(fd);
	for (int i = 0; i < TURNS; i++) {
		write_once(fd, 0);
		usleep(PAUSE_US);
	}
	close(fd);
}

static void reader(const struct load *load)
{
	int fd = open_node(load, O_RDONLY);

	if (fd < 0)
		return;
	for (int i = 0; i < TURNS; i++) {
		struct pmc pmc = { .pmc_num = 0 };
		struct pmc_data data = { .pmcd_num = 0 };
		struct pmc_tstamp stamp;
		struct perfmon_snap snap;
		struct perfmon_event event = { .pme_num = 0 };

		/* Without a writer at the moment nothing is set up. */
		ask(fd, PMIOREAD, &data, "PMIOREAD", 0, EBUSY);
		ask(fd, PMIOGET, &pmc, "PMIOGET", 0, EBUSY);
		ask(fd, PMIOEVENT, &event, "PMIOEVENT", 0, EBUSY);
		ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP", 0, 0);
		ask(fd, PMIOSNAP, &snap, "PMIOSNAP", 0, 0);
		usleep(PAUSE_US);
	}
	close(fd);
}

static void opener(const struct load *load)
{
	int fd = open_node(load, O_RDONLY);
	struct pmc_tstamp stamp;

	if (fd < 0)
		return;
	ask(fd, PMIOTSTAMP, &stamp, "PMIOTSTAMP", 0, 0);
	close(fd);
	usleep(PAUSE_US);
}

/* What is refused: without the right, without the counter, without the request. */
static void refused(const struct load *load)
{
	int fd = open_node(load, O_RDONLY);
	int number = 0;
	struct pmc pmc = { .pmc_num = 0 };
	struct pmc_data data = { .pmcd_num = NPMC };

	if (fd < 0)
		return;
	for (int i = 0; i < TURNS; i++) {
		ask(fd, PMIOSETUP, &pmc, "PMIOSETUP of a reader", EPERM, EPERM);
		ask(fd, PMIOSTART, &number, "PMIOSTART of a reader", EPERM, EPERM);
		ask(fd, PMIOREAD, &data, "PMIOREAD of a third counter", EINVAL, EINVAL);
		ask(fd, _IO('5', 99), NULL, "an unknown request", ENOTTY, ENOTTY);
		usleep(PAUSE_US);
	}
	close(fd);
}

static void (*const kinds[CLIENTS])(const struct load *load) = { writer, reader, reader, opener,
								 refused };

/*
 * perfmond and who measures it have CPU 0: it is perfmond's pace that is watched, not how fast
 * another CPU wakes.
 */
static void leave_cpu_0(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 1; cpu < cpus; cpu++)
		CPU_SET(cpu, &set);
	if (cpus > 1 && sched_setaffinity(0, sizeof set, &set) < 0)
		die("sched_setaffinity");
}

static void run(struct load *load, int which)
{
	pid_t process = fork();

	if (process < 0)
		die("fork");
	if (process > 0) {
		load->process[which] = process;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	leave_cpu_0();
	own = &load->tally[which];
	for (;;)
		kinds[which](load);
}

void load_start(struct load *load)
{
	for (int i = 0; i < CLIENTS; i++)
		run(load, i);
}

static void end(pid_t process)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}

void load_tend(struct load *load)
{
	static int victim;

	/* A client that ended by itself is one that an answer made crash. */
	for (int i = 0; i < CLIENTS; i++)
		if (waitpid(load->process[i], NULL, WNOHANG) == load->process[i]) {
			own = &load->tally[i];
			count(false, "a client that ended", 0);
			run(load, i);
		}
	end(load->process[victim]);
	load->tally[victim].killed++;
	run(load, victim);
	victim = (victim + 1) % CLIENTS;
}

void load_stop(struct load *load)
{
	for (int i = 0; i < CLIENTS; i++)
		end(load->process[i]);
}

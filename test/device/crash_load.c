/* SPDX-License-Identifier: BSD-2-Clause */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/direct.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Before another open, where one failed. */
#define PAUSE_US 10000

#define TURNS 20

static struct client *own;

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void begin(const char *what, uint64_t limit)
{
	own->what = what;
	own->limit = limit;
	own->begin = now_ns();
}

static void end(void)
{
	uint64_t took = now_ns() - own->begin;

	own->begin = 0;
	own->requests++;
	if (took > own->longest.time)
		own->longest = (struct longest){ took, own->what };
}

static void end_open(void)
{
	uint64_t took = now_ns() - own->begin;

	own->begin = 0;
	own->requests++;
	if (took > own->longest_open)
		own->longest_open = took;
}

static void wrong(const char *what, const char *how)
{
	if (own->wrong++ == 0)
		snprintf(own->first, sizeof own->first, "%s: %s", what, how);
}

/* An errno that is 0 or in the list, which ends with 0, or it is wrong. Gives whether it is 0. */
static bool judge(int error, const int *allowed, const char *what)
{
	if (error == 0)
		return true;
	if (error < ERRORS_MAX)
		own->seen[error]++;
	while (*allowed != 0 && *allowed != error)
		allowed++;
	if (*allowed == 0)
		wrong(what, strerrorname_np(error));
	return false;
}

/* What a request on an open file of a perfmond that is gone is told. */
static const int lost[] = {
	ENOTCONN,     /* it was gone before */
	ENODEV,       /* it went before the request was in its queue */
	ECONNABORTED, /* it went with the request in its queue, or in work */
	EIO,          /* the kernel was copying the request to it */
	0,
};

/* There may be no writer whose counter it would be. */
static const int lost_or_unset[] = { ENOTCONN, ECONNABORTED, ENODEV, EIO, EBUSY, 0 };

/* And an open. */
static const int absent[] = {
	ENOENT,       /* there is no node */
	ENOTCONN,     /* FUSE: a mount that is not detached yet */
	ENXIO,        /* CUSE: a node that is not removed yet */
	ENODEV,       /* as of a request, and CUSE: the device goes at this moment */
	ECONNABORTED, /* as of a request */
	EIO,          /* as of a request */
	EBUSY,        /* there is a writer, with a perfmond that is well */
	0,
};

/*
 * Behind the name is for a moment the file without rights that the FUSE mount covers: what root
 * opens then is no device.
 */
static bool is_plain(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_mode == S_IFREG;
}

static bool ask(int fd, unsigned long request, void *argument, const int *allowed, const char *name)
{
	int error;

	begin(name, REQUEST_NS);
	error = ioctl(fd, request, argument) < 0 ? errno : 0;
	end();
	if (error == ENOTTY && is_plain(fd)) {
		usleep(PAUSE_US);
		return false;
	}
	return judge(error, allowed, name);
}

static int open_node(const struct load *load, int flags)
{
	int error;
	int fd;

	begin("open", OPEN_NS);
	fd = open(load->node, flags | O_CLOEXEC);
	error = fd < 0 ? errno : 0;
	end_open();
	if (!judge(error, absent, "open"))
		usleep(PAUSE_US);
	return fd;
}

static void close_node(int fd)
{
	begin("close", REQUEST_NS);
	close(fd);
	end();
}

static bool set_up(int fd, unsigned char event)
{
	struct pmc pmc = { .pmc_num = 0 };

	pmc.pmc_event = event;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	return ask(fd, PMIOSETUP, &pmc, lost, "PMIOSETUP");
}

static bool start(int fd)
{
	int number = 0;

	return ask(fd, PMIOSTART, &number, lost, "PMIOSTART");
}

static bool stop(int fd)
{
	int number = 0;

	return ask(fd, PMIOSTOP, &number, lost, "PMIOSTOP");
}

static bool read_value(int fd, const int *allowed)
{
	struct pmc_data data = { .pmcd_num = 0 };

	if (!ask(fd, PMIOREAD, &data, allowed, "PMIOREAD"))
		return false;
	own->values += data.pmcd_value > 0;
	return true;
}

static void writer(const struct load *load)
{
	int fd = open_node(load, O_RDWR);

	if (fd < 0)
		return;
	if (set_up(fd, load->event) && start(fd) && read_value(fd, lost))
		stop(fd);
	close_node(fd);
}

static bool read_value_past(struct perfmon_reader *reader)
{
	uint64_t value = 0;
	int error;

	begin("perfmon_reader_read", REQUEST_NS);
	error = -perfmon_reader_read(reader, &value);
	end();
	own->passed += error == 0 && perfmon_reader_way(reader) != PERFMON_BY_DEVICE;
	return judge(error, lost, "perfmon_reader_read");
}

/* A counter whose events perfmond passes to the client, where it does. */
static bool read_past(int fd)
{
	struct perfmon_reader *reader;
	bool good = true;
	int error;

	begin("perfmon_reader_open", REQUEST_NS);
	error = -perfmon_reader_open(fd, 0, &reader);
	end();
	if (!judge(error, lost, "perfmon_reader_open"))
		return false;
	for (int i = 0; good && i < TURNS; i++)
		good = read_value_past(reader);
	perfmon_reader_close(reader);
	return good;
}

static void direct_writer(const struct load *load)
{
	int fd = open_node(load, O_RDWR);

	if (fd < 0)
		return;
	if (set_up(fd, load->event) && start(fd) && read_past(fd))
		stop(fd);
	close_node(fd);
}

static void reader(const struct load *load)
{
	int fd = open_node(load, O_RDONLY);
	struct pmc_tstamp stamp;
	bool served = fd >= 0 && ask(fd, PMIOTSTAMP, &stamp, lost, "PMIOTSTAMP");

	/* Until the perfmond is gone: EBUSY is an answer as well. */
	for (int i = 0; served && i < TURNS; i++) {
		read_value(fd, lost_or_unset);
		served = ask(fd, PMIOTSTAMP, &stamp, lost, "PMIOTSTAMP");
	}
	if (fd >= 0)
		close_node(fd);
}

static void opener(const struct load *load)
{
	int fd = open_node(load, O_RDONLY);
	struct pmc_tstamp stamp;

	if (fd < 0)
		return;
	ask(fd, PMIOTSTAMP, &stamp, lost, "PMIOTSTAMP");
	close_node(fd);
}

static void (*const kinds[CLIENTS])(const struct load *load) = {
	writer, writer, writer, direct_writer, reader, reader, opener,
};

void crash_client(struct load *load, int which)
{
	own = &load->client[which];
	while (!load->ends)
		kinds[which](load);
}

bool crash_once(const char *node, unsigned char event)
{
	static struct client alone;
	const struct load load = { .node = node, .event = event };
	uint64_t until = now_ns() + 10000000000;
	bool counts = false;

	own = &alone;
	while (!counts && now_ns() < until) {
		int fd = open_node(&load, O_RDWR);

		if (fd < 0)
			continue;
		if (set_up(fd, event) && start(fd))
			while (!counts && now_ns() < until && read_value(fd, lost))
				counts = own->values > 0;
		close_node(fd);
	}
	for (int error = 0; !counts && error < ERRORS_MAX; error++)
		if (own->seen[error] > 0)
			fprintf(stderr, "crash: a new client: %s\n", strerrorname_np(error));
	return counts;
}

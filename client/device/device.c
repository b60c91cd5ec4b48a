/* SPDX-License-Identifier: BSD-2-Clause */
#include <perfmon/device.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"
#include "writer.h"

struct perfmon {
	int fd;
	char *node;
};

static int ask(const struct perfmon *device, unsigned long request, void *argument,
	       const char *name)
{
	if (ioctl(device->fd, request, argument) < 0)
		return error_say(device->node, name, errno);
	return 0;
}

/* PMIOSNAP never fails on a node of perfmond's. */
static int check(const struct perfmon *device)
{
	struct perfmon_snap snap;

	return ask(device, PMIOSNAP, &snap, "open");
}

/*
 * Never as standard input, output or error, which what a program prints would go to. Another kind
 * of file, a FIFO say, is not waited for.
 */
static int open_node(const char *path, int access)
{
	int flags = (access == PERFMON_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags | O_NONBLOCK);
	int above = fd;
	int error;

	if (fd >= 0 && fd <= STDERR_FILENO) {
		above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		error = errno;
		close(fd);
		errno = error;
	}
	if (above >= 0)
		fcntl(above, F_SETFL, 0);
	return above;
}

int perfmon_open(const char *node, int access, struct perfmon **ret_device)
{
	const char *path = node ? node : _PATH_PERFMON;
	struct perfmon *device = calloc(1, sizeof *device);
	int result;

	if (device)
		device->node = strdup(path);
	if (!device || !device->node) {
		free(device);
		return error_say(path, "open", ENOMEM);
	}
	device->fd = open_node(path, access);
	result = device->fd < 0 ? error_say(path, "open", errno) : check(device);
	if (result < 0) {
		perfmon_close(device);
		return result;
	}
	*ret_device = device;
	return 0;
}

int perfmon_fd(const struct perfmon *device)
{
	return device->fd;
}

int perfmon_setup(struct perfmon *device, int counter, uint32_t value)
{
	struct pmc pmc = { .pmc_num = counter };

	pmc.pmc_val = value;
	return ask(device, PMIOSETUP, &pmc, "PMIOSETUP");
}

int perfmon_get(struct perfmon *device, int counter, uint32_t *ret_value)
{
	struct pmc pmc = { .pmc_num = counter };
	int result = ask(device, PMIOGET, &pmc, "PMIOGET");

	if (result == 0)
		*ret_value = pmc.pmc_val;
	return result;
}

int perfmon_start(struct perfmon *device, int counter)
{
	return ask(device, PMIOSTART, &counter, "PMIOSTART");
}

int perfmon_stop(struct perfmon *device, int counter)
{
	return ask(device, PMIOSTOP, &counter, "PMIOSTOP");
}

int perfmon_reset(struct perfmon *device, int counter)
{
	return ask(device, PMIORESET, &counter, "PMIORESET");
}

int perfmon_read(struct perfmon *device, int counter, uint64_t *ret_count)
{
	struct pmc_data data = { .pmcd_num = counter };
	int result = ask(device, PMIOREAD, &data, "PMIOREAD");

	if (result == 0)
		*ret_count = (uint64_t)data.pmcd_value;
	return result;
}

int perfmon_stamp(struct perfmon *device, uint64_t *ret_stamp, unsigned *ret_mhz)
{
	struct pmc_tstamp stamp = { 0 };
	int result = ask(device, PMIOTSTAMP, &stamp, "PMIOTSTAMP");

	if (result < 0)
		return result;
	*ret_stamp = (uint64_t)stamp.pmct_value;
	*ret_mhz = (unsigned)stamp.pmct_rate;
	return 0;
}

int perfmon_snap(struct perfmon *device, struct perfmon_snap *ret_snap)
{
	struct perfmon_snap snap = { 0 };
	int result = ask(device, PMIOSNAP, &snap, "PMIOSNAP");

	if (result == 0)
		*ret_snap = snap;
	return result;
}

int perfmon_event(struct perfmon *device, int counter, struct perfmon_event *ret_event)
{
	struct perfmon_event event = { .pme_num = counter };
	int result = ask(device, PMIOEVENT, &event, "PMIOEVENT");

	if (result == 0)
		*ret_event = event;
	return result;
}

int perfmon_translate(struct perfmon *device, uint32_t value, struct perfmon_event *ret_event)
{
	struct perfmon_event event = { .pme_val = value };
	int result = ask(device, PMIOTRANSLATE, &event, "PMIOTRANSLATE");

	if (result == 0)
		*ret_event = event;
	return result;
}

int perfmon_writer(struct perfmon *device, struct perfmon_writer *ret_writer)
{
	struct perfmon_holder holder = { 0 };
	int result = ask(device, PMIOHOLDER, &holder, "PMIOHOLDER");

	if (result == 0)
		writer_find(&holder, ret_writer);
	return result;
}

void perfmon_close(struct perfmon *device)
{
	if (!device)
		return;
	if (device->fd >= 0)
		close(device->fd);
	free(device->node);
	free(device);
}

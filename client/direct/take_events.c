/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../take.h"
#include "reader.h"
#include "userpage.h"

_Static_assert(TAKE_MOST == EVENTS_MAX + 1, "the page, and the events");

static const char *why(int error)
{
	switch (error) {
	case EPERM:
		return "the device is not open for writing, or another thread set the counter up";
	case EOPNOTSUPP:
		return "perfmond's backend or scope is not perf's opener, no perf event counts "
		       "this "
		       "event, or the process has several threads";
	case ENOTTY:
		return "this is no perfmond that has PMIODIRECT";
	case ETIMEDOUT:
		return "perfmond does not answer at its socket";
	default:
		return strerrordesc_np(error);
	}
}

/* By its name: the socket lies beside the node. */
static int connect_beside(int device, int *ret_socket)
{
	char link[40];
	char node[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", device);
	length = readlink(link, node, sizeof node - 1);
	if (length < 0)
		return errno;
	node[length] = '\0';
	return take_connect(node, ret_socket);
}

static int ask(struct perfmon_reader *reader, int socket, int *ret_fd, unsigned *ret_count)
{
	struct perfmon_direct direct = { .pmd_num = reader->counter };
	struct perfmon_taken taken = { 0 };

	if (ioctl(reader->device, PMIODIRECT, &direct) < 0)
		return errno;
	return take(socket, direct.pmd_token, &taken, ret_fd, TAKE_MOST, ret_count);
}

static void *map(int fd)
{
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

static void unmap(void *page)
{
	if (page)
		munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

/* Without it, the events' pages are not used. */
static bool *watch_forks(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	bool *mark = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mark == MAP_FAILED)
		return NULL;
	if (madvise(mark, size, MADV_WIPEONFORK) < 0) {
		munmap(mark, size);
		return NULL;
	}
	*mark = true;
	return mark;
}

/* NULL where the event is to be read by its descriptor. */
static struct perf_event_mmap_page *map_user(int event)
{
	struct perf_event_mmap_page *page = map(event);

	if (page && !userpage_agrees(page, event)) {
		unmap(page);
		page = NULL;
	}
	return page;
}

/* Takes the descriptors over: the first is the page's. Gives 0 or an errno. */
static int map_all(struct perfmon_reader *reader, const int *fd, unsigned count)
{
	int error = 0;

	reader->page = map(fd[0]);
	if (!reader->page)
		error = errno;
	close(fd[0]);
	reader->events = count - 1;
	memcpy(reader->event, fd + 1, reader->events * sizeof *fd);
	if (!error)
		reader->unforked = watch_forks();
	reader->thread = &reader_thread;
	for (unsigned i = 0; i < reader->events && reader->unforked; i++)
		reader->user[i] = map_user(reader->event[i]);
	if (error)
		reader_drop(reader);
	return error;
}

void reader_take(struct perfmon_reader *reader)
{
	int fd[TAKE_MOST] = { 0 };
	unsigned count = 0;
	int socket = -1;
	int error = connect_beside(reader->device, &socket);

	if (!error)
		error = ask(reader, socket, fd, &count);
	if (!error)
		error = map_all(reader, fd, count);
	if (socket >= 0)
		close(socket);
	reader->why = error ? why(error) : "";
}

void reader_drop(struct perfmon_reader *reader)
{
	bool own = reader->unforked && *reader->unforked;

	for (unsigned i = 0; i < reader->events; i++) {
		close(reader->event[i]);
		if (own)
			unmap(reader->user[i]);
	}
	unmap(reader->unforked);
	unmap(reader->page);
	reader->page = NULL;
	reader->events = 0;
}

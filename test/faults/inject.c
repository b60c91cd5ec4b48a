/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SITES_MAX  2048
#define RECORD_MAX ((size_t)SITES_MAX * SITE_MAX)

static bool opened;
static _Thread_local bool busy;

/*
 * The record is a mapped file and its length shared memory, as perfmond may give up the rights to
 * open files, and closes descriptors.
 */
static char *record_text;
static atomic_size_t *record_size;
static char met[SITES_MAX][SITE_MAX];
static size_t sites;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static char fault_site[SITE_MAX];
static int fault_error;

/* Shared with what is forked. */
static struct {
	atomic_uchar failed;
	unsigned char unused[3];
	atomic_uint left; /* calls, until the one that fails */
} * hit;

_Static_assert(sizeof *hit == 8, "the file's size");

bool inject_gone;

static void *map_shared(size_t size, int fd)
{
	int anonymous = fd < 0 ? MAP_ANONYMOUS : 0;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | anonymous, fd, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

/* SITE:ERROR:NUMBER */
static void read_fault(const char *fault, unsigned *ret_number)
{
	char error[8];

	if (sscanf(fault, "%191[^:]:%7[^:]:%u", fault_site, error, ret_number) != 3)
		abort();
	fault_error = strcmp(error, "short") == 0 ? FAULT_SHORT : (int)strtol(error, NULL, 10);
}

static void open_fault(const char *fault, const char *hit_path)
{
	unsigned number;
	int fd = open(hit_path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		abort();
	hit = map_shared(sizeof *hit, fd);
	close(fd);
	read_fault(fault, &number);
	atomic_store(&hit->left, number);
}

static void open_record(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, RECORD_MAX) < 0)
		abort();
	record_text = map_shared(RECORD_MAX, fd);
	record_size = map_shared(sizeof *record_size, -1);
	close(fd);
}

__attribute__((constructor)) static void open_layer(void)
{
	const char *fault = getenv("PERFMOND_TEST_FAULT");
	const char *hit_path = getenv("PERFMOND_TEST_HIT");
	const char *record = getenv("PERFMOND_TEST_RECORD");

	site_open();
	if (record)
		open_record(record);
	if (fault && hit_path)
		open_fault(fault, hit_path);
	/* fusermount3 is not what is tested. */
	unsetenv("LD_PRELOAD");
	opened = true;
}

bool inject_is_fuse(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	       (status.st_rdev == makedev(10, 229) || status.st_rdev == makedev(10, 203));
}

static void append(const char *line, size_t size)
{
	size_t at = atomic_fetch_add(record_size, size);

	if (at + size <= RECORD_MAX)
		memcpy(record_text + at, line, size);
}

static void record(const char *site, int fd)
{
	char line[SITE_MAX + 8];
	size_t i = 0;
	int size;

	pthread_mutex_lock(&lock);
	while (i < sites && strcmp(met[i], site) != 0)
		i++;
	if (i == sites && sites < SITES_MAX) {
		strcpy(met[sites++], site);
		size = snprintf(line, sizeof line, "%s %s\n", site,
				inject_is_fuse(fd) ? "fuse" : "-");
		append(line, (size_t)size);
	}
	pthread_mutex_unlock(&lock);
}

static int look(const char *function, const void *address, int fd)
{
	char site[SITE_MAX];
	size_t length = strlen(function);

	if (!record_text &&
	    (atomic_load(&hit->failed) || strncmp(fault_site, function, length) != 0 ||
	     fault_site[length] != '@'))
		return 0;
	if (!site_name(function, address, site))
		return 0;
	if (record_text)
		record(site, fd);
	if (!hit || strcmp(site, fault_site) != 0 || atomic_fetch_sub(&hit->left, 1) != 1)
		return 0;
	atomic_store(&hit->failed, 1);
	inject_gone = fault_error == ENODEV && inject_is_fuse(fd);
	return fault_error;
}

int inject(const char *function, const void *address, int fd)
{
	int saved = errno;
	int error;

	if (!opened || busy || (!record_text && !hit))
		return 0;
	busy = true;
	error = look(function, address, fd);
	busy = false;
	errno = saved;
	return error;
}

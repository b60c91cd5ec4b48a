/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storm.h"

#define LARGEST (1 << _IOC_SIZEBITS)

/* One of the node's requests, and what it may answer, whatever the others do meanwhile. */
struct kind {
	const char *name;
	unsigned long number;
	bool writes;  /* takes a descriptor that may write */
	bool counter; /* begins with the number of a counter */
	int errors[12];
};

static const struct kind kinds[] = {
	{ "PMIOSETUP", PMIOSETUP, true, true, { EINVAL, EOPNOTSUPP } },
	{ "PMIOGET", PMIOGET, false, true, { EINVAL, EBUSY } },
	{ "PMIOSTART", PMIOSTART, true, true, { EINVAL, EBUSY } },
	{ "PMIOSTOP", PMIOSTOP, true, true, { EINVAL, EBUSY } },
	{ "PMIORESET", PMIORESET, true, true, { EINVAL, EBUSY } },
	{ "PMIOREAD", _IOC(_IOC_READ | _IOC_WRITE, '5', 4, 16), false, true, { EINVAL, EBUSY } },
	{ "PMIOREAD of i386",
	  _IOC(_IOC_READ | _IOC_WRITE, '5', 4, 12),
	  false,
	  true,
	  { EINVAL, EBUSY } },
	{ "PMIOTSTAMP", _IOC(_IOC_READ, '5', 6, 16), false, false, { ENOTTY } },
	{ "PMIOTSTAMP of i386", _IOC(_IOC_READ, '5', 6, 12), false, false, { ENOTTY } },
	{ "PMIOEVENT", PMIOEVENT, false, true, { EINVAL, EBUSY } },
	{ "PMIOTRANSLATE", PMIOTRANSLATE, false, false, { EINVAL, EOPNOTSUPP } },
	{ "PMIOSNAP", PMIOSNAP, false, false, { 0 } },
	{ "PMIOHOLDER", PMIOHOLDER, false, false, { ESRCH } },
	{ "PMIODIRECT", PMIODIRECT, true, true, { EINVAL, EBUSY, EOPNOTSUPP, EMFILE, EPERM } },
	{ "PMIOEBB", PMIOEBB, false, false, { EINVAL, EOPNOTSUPP, ESRCH, ENOENT, EMFILE, ENOSPC } },
};
_Static_assert(sizeof kinds / sizeof *kinds <= KINDS, "each is counted");

/* A page that can be read alone, one that can be written, one that is not there. */
static char *pages;
static size_t page;
static _Alignas(16) char room[LARGEST + 16];

const char *request_name(unsigned kind)
{
	return kind < sizeof kinds / sizeof *kinds ? kinds[kind].name : NULL;
}

void request_begin(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages, page, PROT_READ) < 0 ||
	    mprotect(pages + 2 * page, page, PROT_NONE) < 0) {
		note_wrong("mmap", errno);
		_exit(1);
	}
}

/* What a request points to. */
struct argument {
	char *address;
	bool absent;    /* not all of it is there */
	bool read_only; /* it cannot be answered */
	int counter;
};

static int random_counter(void)
{
	static const int numbers[] = { 0, 1, 0, 1, 0, 1, 0, 1, NPMC, PMC_ALL, INT_MIN, INT_MAX };

	return chance(50) == 0 ? (int)chance(UINT32_MAX)
			       : numbers[chance(sizeof numbers / sizeof *numbers)];
}

/* Mostly of events and flags that every backend has. */
static uint32_t random_select(void)
{
	static const unsigned char events[] = { PMC6_CPU_CLK_UNHALTED, PMC6_HW_INT_RX };
	static const unsigned char flags[] = { PMCF_USR | PMCF_OS, PMCF_OS };
	struct pmc pmc = { .pmc_num = 0 };

	if (chance(4) == 0)
		return chance(UINT32_MAX);
	pmc.pmc_event = events[chance(2)];
	pmc.pmc_flags = chance(2) ? flags[chance(2)] : (unsigned char)chance(256);
	return pmc.pmc_val;
}

static void fill(char *bytes, int *ret_counter)
{
	struct pmc pmc = { .pmc_num = random_counter() };

	pmc.pmc_val = random_select();
	memcpy(bytes, &pmc, sizeof pmc);
	*ret_counter = pmc.pmc_num;
}

static void fill_ebb(char *bytes)
{
	static const int threads[] = { 0, 0, -1, INT_MAX };
	const struct perfmon_ebb ebb = {
		.peb_thread = threads[chance(4)],
		.peb_type = chance(7),
		.peb_config = (uint64_t)chance(2) << 63 | chance(16),
		.peb_address = chance(2) ? (uintptr_t)pages : 0,
		.peb_length = chance(2) ? 8 : 0,
		.peb_period = chance(UINT32_MAX),
		.peb_leader = chance(4) == 0,
	};

	memcpy(bytes, &ebb, sizeof ebb);
}

static void choose(size_t size, struct argument *ret_argument)
{
	*ret_argument = (struct argument){ .address = room + chance(16) };
	fill(ret_argument->address, &ret_argument->counter);
	if (size == 0 || chance(16) != 0)
		return;
	ret_argument->absent = true;
	switch (chance(5)) {
	case 0:
		ret_argument->address = NULL;
		break;
	case 1:
		ret_argument->address = pages + 2 * page;
		break;
	case 2: /* its last byte is not there */
		if (size > page)
			break;
		ret_argument->address = pages + 2 * page - size + 1;
		break;
	case 3:
		memset(&ret_argument->address, 0xff, sizeof ret_argument->address);
		break;
	default:
		ret_argument->absent = size > 2 * page;
		ret_argument->read_only = true;
		ret_argument->address = pages;
		ret_argument->counter = 0;
	}
	if (ret_argument->address >= room && ret_argument->address < room + sizeof room)
		ret_argument->absent = false;
}

static bool can_write(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

static bool is_expected(const struct kind *kind, int error)
{
	for (size_t i = 0; i < sizeof kind->errors / sizeof *kind->errors; i++)
		if (kind->errors[i] == error)
			return true;
	return error == 0;
}

static bool is_value(const struct kind *kind, const char *bytes)
{
	uint64_t value;

	if (_IOC_TYPE(kind->number) != '5' || _IOC_NR(kind->number) != 4)
		return true;
	memcpy(&value, bytes + _IOC_SIZE(kind->number) - sizeof value, sizeof value);
	return value < (uint64_t)1 << 40;
}

/* Whether it is an answer that this request can have, from this descriptor, with this argument. */
static bool is_right(int fd, const struct kind *kind, const struct argument *argument, int error)
{
	if (error == EFAULT)
		return argument->absent || argument->read_only;
	if (error == EPERM && kind->writes && !can_write(fd))
		return true;
	if (!is_expected(kind, error))
		return false;
	if (error != 0)
		return true;
	if (argument->absent || (kind->writes && !can_write(fd)))
		return false;
	if (argument->read_only)
		return !(_IOC_DIR(kind->number) & _IOC_READ);
	if (kind->counter && (argument->counter < 0 || argument->counter >= NPMC))
		return false;
	return is_value(kind, argument->address);
}

static void ask_kind(int fd, unsigned which)
{
	const struct kind *kind = &kinds[which];
	struct argument argument;
	int error;

	choose(_IOC_SIZE(kind->number), &argument);
	if (kind->number == PMIOEBB && !argument.absent && !argument.read_only)
		fill_ebb(argument.address);
	error = ioctl(fd, kind->number, argument.address) == 0 ? 0 : errno;
	atomic_fetch_add(&storm->requests, 1);
	if (error == 0)
		atomic_fetch_add(&storm->succeeded[which], 1);
	if (!is_right(fd, kind, &argument, error))
		note_wrong(kind->name, error);
}

/* Another's, or one with a wrong size or direction; none that the kernel itself answers. */
static unsigned long foreign_number(void)
{
	static const unsigned long numbers[] = { 0, UINT32_MAX, TCGETS, TIOCGWINSZ };
	static const char types[] = { '4', '5', '6', 'P', 'p' };

	if (chance(8) == 0)
		return numbers[chance(sizeof numbers / sizeof *numbers)];
	return _IOC(chance(4), types[chance(sizeof types)], chance(256),
		    chance(8) ? chance(40) : chance(LARGEST));
}

static bool is_foreign(unsigned long number)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].number == number)
			return false;
	return true;
}

static void ask_foreign(int fd)
{
	unsigned long number = foreign_number();
	struct argument argument;
	int error;

	if (!is_foreign(number))
		return;
	choose(_IOC_SIZE(number), &argument);
	error = ioctl(fd, number, argument.address) == 0 ? 0 : errno;
	atomic_fetch_add(&storm->requests, 1);
	if (error != ENOTTY && (error != EFAULT || !(argument.absent || argument.read_only)))
		note_wrong("a foreign request", error);
}

void request_ask(int fd)
{
	unsigned which = chance(sizeof kinds / sizeof *kinds + 1);

	if (which < sizeof kinds / sizeof *kinds)
		ask_kind(fd, which);
	else
		ask_foreign(fd);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <string.h>

#include "decode.h"

/* A struct pmc_data and a struct pmc_tstamp as i386 aligns them, and as others do. */
struct quad_4 {
	char bytes[12];
};

struct quad_8 {
	char bytes[16];
};

#define BSD    " /* BSD */"
#define BSD_32 " /* BSD, 32-bit */"
#define BITS32 " /* 32-bit */"

/*
 * The first that fits. BSD's numbers of PMIOREAD and PMIOGET, with both directions, are Linux's;
 * where Linux's directions are BSD's (POWER), all of them are.
 */
static const struct decode_request requests[] = {
	{ PMIOSETUP, "PMIOSETUP", "", DECODE_PMC, false },
	{ PMIOSTART, "PMIOSTART", "", DECODE_INT, false },
	{ PMIOSTOP, "PMIOSTOP", "", DECODE_INT, false },
	{ _IOWR('5', 4, struct quad_8), "PMIOREAD", "", DECODE_DATA, false },
	{ _IOWR('5', 4, struct quad_4), "PMIOREAD", BITS32, DECODE_DATA, false },
	{ PMIORESET, "PMIORESET", "", DECODE_INT, false },
	{ _IOR('5', 6, struct quad_8), "PMIOTSTAMP", "", DECODE_TSTAMP, false },
	{ _IOR('5', 6, struct quad_4), "PMIOTSTAMP", BITS32, DECODE_TSTAMP, false },
	{ PMIOGET, "PMIOGET", "", DECODE_PMC, false },
	{ PMIOEVENT, "PMIOEVENT", "", DECODE_EVENT, false },
	{ PMIOEBB, "PMIOEBB", "", DECODE_EBB, false },
	{ PMIOTRANSLATE, "PMIOTRANSLATE", "", DECODE_EVENT, false },
	{ PMIOSNAP, "PMIOSNAP", "", DECODE_SNAP, false },
	{ PMIODIRECT, "PMIODIRECT", "", DECODE_DIRECT, false },
	{ PMIOHOLDER, "PMIOHOLDER", "", DECODE_HOLDER, false },
	/* FreeBSD's <sys/ioccom.h>: IOC_OUT 0x40000000, IOC_IN 0x80000000, the size from bit 16. */
	{ 0x80083501, "PMIOSETUP", BSD, DECODE_PMC, true },
	{ 0x80043502, "PMIOSTART", BSD, DECODE_INT, true },
	{ 0x80043503, "PMIOSTOP", BSD, DECODE_INT, true },
	{ 0x80043505, "PMIORESET", BSD, DECODE_INT, true },
	{ 0x40103506, "PMIOTSTAMP", BSD, DECODE_TSTAMP, true },
	{ 0x400c3506, "PMIOTSTAMP", BSD_32, DECODE_TSTAMP, true },
};

#define REQUESTS (sizeof requests / sizeof *requests)

static const struct decode_request *by_number(uint32_t number)
{
	for (size_t i = 0; i < REQUESTS; i++)
		if (requests[i].number == number)
			return &requests[i];
	return NULL;
}

const struct decode_request *decode_request_by_name(struct span name)
{
	for (size_t i = 0; i < REQUESTS; i++) {
		struct span rest = name;

		if (span_take(&rest, requests[i].name) && span_is(rest, requests[i].remark))
			return &requests[i];
	}
	return NULL;
}

static bool direction(struct span *rest, uint64_t *ret_direction)
{
	if (span_take(rest, "_IOC_READ|_IOC_WRITE"))
		*ret_direction = _IOC_READ | _IOC_WRITE;
	else if (span_take(rest, "_IOC_READ"))
		*ret_direction = _IOC_READ;
	else if (span_take(rest, "_IOC_WRITE"))
		*ret_direction = _IOC_WRITE;
	else
		return false;
	return true;
}

static bool part(struct span *rest, uint64_t *ret_value, uint64_t most)
{
	return span_take(rest, ", ") && span_number(rest, ret_value) && *ret_value <= most;
}

/* _IOC(_IOC_WRITE, 0x35, 0x1, 0x8) */
static bool expression(struct span *rest, uint64_t *ret_number)
{
	struct span at = *rest;
	uint64_t way;
	uint64_t type;
	uint64_t nr;
	uint64_t size;

	if (!span_take(&at, "_IOC(") || !direction(&at, &way) || !part(&at, &type, _IOC_TYPEMASK) ||
	    !part(&at, &nr, _IOC_NRMASK) || !part(&at, &size, _IOC_SIZEMASK) ||
	    !span_take(&at, ")"))
		return false;
	*rest = at;
	*ret_number = _IOC(way, type, nr, size);
	return true;
}

/* A name of ours among those that strace has for a number, "NAME or NAME". */
static const struct decode_request *by_names(struct span *rest)
{
	struct span names = { rest->at, rest->at };
	struct span left = *rest;
	const struct decode_request *request = NULL;

	if (!span_past(&left, ", "))
		return NULL;
	names.end = left.at - strlen(", ");
	/* The names of a BSD number have a comma in their remark. */
	if (names.end - names.at > 6 && memcmp(names.end - 6, "/* BSD", 6) == 0 &&
	    span_past(&left, ", "))
		names.end = left.at - strlen(", ");
	for (left = names; !request && names.at < names.end; names = left) {
		struct span name = { names.at, names.end };

		if (span_past(&left, " or "))
			name.end = left.at - strlen(" or ");
		else
			left.at = left.end;
		request = decode_request_by_name(name);
	}
	if (request)
		rest->at = names.end;
	return request;
}

const struct decode_request *decode_request(struct span *rest)
{
	struct span at = *rest;
	const struct decode_request *request;
	uint64_t number;

	if (!expression(&at, &number) && !span_number(&at, &number))
		return by_names(rest);
	/* The kernel, too, takes the lower 32 bits. */
	request = by_number((uint32_t)number);
	if (!request)
		return NULL;
	if (span_take(&at, " /*") && !span_past(&at, "*/"))
		return NULL;
	rest->at = at.at;
	return request;
}

#define ENDED       "perfmond has ended: start it again, and open the device anew"
#define INTERRUPTED "a signal came before perfmond had answered: ask again"
#define READ_ONLY   "opened read-only: open it with O_RDWR"

/* The first that fits; perfmon(4), ERRORS and EXTENSIONS. */
static const struct {
	const char *request; /* NULL: any; "open": open(2) */
	const char *error;
	const char *meaning;
} meanings[] = {
	{ "open", "EBUSY", "another open file may write: perfmon watch names its process" },
	{ "open", "EMFILE", "too many open files of this user: perfmond --max-opens" },
	{ "open", "ENXIO", "no counters for these codes here: perfmond --check says more" },
	{ "open", "ENOMEM", "perfmond has no memory to take it" },
	{ "open", "ENOENT", "is perfmond running?" },
	{ "open", "EACCES", "it takes root, or a member of the node's group" },
	{ "open", "EINTR", INTERRUPTED },
	{ "open", "ENODEV", ENDED },
	{ "open", "ENOTCONN", ENDED },
	{ "open", "ECONNABORTED", ENDED },
	{ "open", NULL, NULL },
	{ "PMIOSETUP", "EACCES", "the kernel forbids it to perfmond: perfmond --check says more" },
	{ "PMIOSETUP", "EAGAIN", "a CPU or a thread came or went at this moment: try again" },
	{ "PMIOSETUP", "EBUSY", "somebody else has the hardware: see perfmond's log" },
	{ "PMIOSETUP", "EIO",
	  "perfmond cannot read or write what it needs, or was killed: see its log" },
	{ "PMIOSETUP", "EMFILE", "perfmond has no room for the events" },
	{ "PMIOSETUP", "ENFILE", "perfmond has no room for the events" },
	{ "PMIOSETUP", "ENOMEM", "perfmond has no room for the events" },
	{ "PMIOSETUP", "ENOSPC", "perfmond's journal cannot be written: its disk is full" },
	{ "PMIOSETUP", "EROFS", "perfmond's journal cannot be written: see --state-dir" },
	{ "PMIOSETUP", "ESRCH", "perfmond cannot see the process: another pid namespace" },
	{ "PMIOSETUP", "EOPNOTSUPP",
	  "this machine cannot count the event with these flags: perfmond's log says why" },
	{ "PMIOSTART", "EAGAIN", "a CPU or a thread came or went at this moment: try again" },
	{ "PMIOSTART", "EBUSY",
	  "not set up: PMIOSETUP first; or somebody else has the hardware: see perfmond's log" },
	{ "PMIOSTART", "EIO", "the value was lost: PMIOSETUP begins anew" },
	{ "PMIOSTART", "EACCES", "the kernel forbids perfmond to write registers" },
	{ "PMIOSTOP", "EACCES", "the kernel forbids perfmond to write registers" },
	{ "PMIOTSTAMP", "ENOTTY",
	  "no time stamp counter that can be used, or no device of perfmond's" },
	{ "PMIOTRANSLATE", "EOPNOTSUPP", "this machine cannot count the event with these flags" },
	{ "PMIOHOLDER", "ESRCH", "nobody has it open for writing" },
	{ "PMIODIRECT", "EPERM", "not the writer's open file, or another thread's counter" },
	{ "PMIODIRECT", "EOPNOTSUPP", "the counter cannot be read past perfmond: ask by PMIOREAD" },
	{ "PMIOEBB", "EINVAL", "the event's attributes are wrong: see libperfmon(3)" },
	{ "PMIOEBB", "EOPNOTSUPP", "this machine cannot branch by the event" },
	{ "PMIOEBB", "EPERM", "a thread of another process, that the caller might not trace" },
	{ "PMIOEBB", "ESRCH", "no such thread, or in another pid namespace" },
	{ "PMIOEBB", "EMFILE", "64 events of this user wait to be taken" },
	{ "PMIOEBB", "EAGAIN", "the thread is in exec, or another call for its events hangs" },
	{ "PMIOEBB", "ENOENT", "no such leader on the thread" },
	{ "PMIOEBB", "EBUSY", NULL },
	{ NULL, "EBUSY", "not set up: PMIOSETUP first" },
	{ NULL, "EINVAL", "there are counters 0 and 1" },
	{ NULL, "EPERM", READ_ONLY },
	{ NULL, "EIO", "the count may be partial, or perfmond was killed: see its log" },
	{ NULL, "EFAULT", "the argument is not the caller's memory" },
	{ NULL, "ENOTTY", "no device of perfmond's: is perfmond running?" },
	{ NULL, "EBADF", "the descriptor is not open: did open(2) fail?" },
	{ NULL, "ENOMEM", "perfmond has no memory to take it" },
	{ NULL, "EINTR", INTERRUPTED },
	{ NULL, "ENODEV", ENDED },
	{ NULL, "ENOTCONN", ENDED },
	{ NULL, "ECONNABORTED", ENDED },
};

const char *decode_meaning(const struct decode_request *request, struct span error, bool value)
{
	const char *name = request ? request->name : "open";

	if (request && request->bsd && span_is(error, "ENOTTY"))
		return "a number of FreeBSD's: compile the client with perfmond's "
		       "<machine/perfmon.h>";
	if (value && span_is(error, "EFAULT"))
		return "the argument is a number, not its address: &n, not n";
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		if (meanings[i].request && strcmp(meanings[i].request, name) != 0)
			continue;
		if (!meanings[i].error || span_is(error, meanings[i].error))
			return meanings[i].meaning;
	}
	return NULL;
}

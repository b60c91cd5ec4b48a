/* SPDX-License-Identifier: BSD-2-Clause */
#include "error.h"

#include <errno.h>
#include <perfmon/device.h>
#include <stdio.h>
#include <string.h>

#include "writer.h"

static _Thread_local char text[512];

#define ENDED "perfmond has ended: start it again"

/* The first that fits. */
static const struct {
	const char *request; /* NULL: any */
	int error;
	const char *remedy;
} remedies[] = {
	{ "open", ENOENT, "is perfmond running?" },
	{ "open", EACCES, "it takes root, or a member of the node's group" },
	{ "open", ENXIO, "this machine has no counters: perfmond --check says more" },
	{ "open", ENOTTY, "this is another kind of file: is perfmond running?" },
	{ "open", EMFILE, "too many open files, of this process or of its user" },
	{ "PMIOSETUP", EOPNOTSUPP,
	  "this machine cannot count that event with these flags: perfmond's log says why" },
	{ "PMIOTRANSLATE", EOPNOTSUPP, "this machine cannot count that event with these flags" },
	{ "PMIOSETUP", EBUSY, "somebody else holds the counter: see perfmond's log" },
	{ "PMIOSETUP", EAGAIN, "try again: perfmond's log says what was in the way" },
	{ "PMIOSTART", EBUSY,
	  "somebody else holds the hardware, or the counter is not set up: see perfmond's log" },
	{ "PMIOHOLDER", ESRCH, "nobody has it open for writing" },
	{ "PMIOTSTAMP", ENOTTY, "this machine has no time stamp counter that can be used" },
	{ NULL, EPERM, "the device is open for reading only" },
	{ NULL, EBUSY, "the counter is not set up" },
	{ NULL, EINVAL, "there are counters 0 and 1" },
	{ NULL, EIO, "the count may be partial, or perfmond has ended: see its log" },
	{ NULL, ENODEV, ENDED },
	{ NULL, ENOTCONN, ENDED },
	{ NULL, ECONNABORTED, ENDED },
};

static const char *find_remedy(const char *request, int error)
{
	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (remedies[i].error == error &&
		    (!remedies[i].request || strcmp(remedies[i].request, request) == 0))
			return remedies[i].remedy;
	return NULL;
}

int error_say(const char *node, const char *request, int error)
{
	const char *remedy = find_remedy(request, error);
	char writer[160];

	if (error == EBUSY && strcmp(request, "open") == 0) {
		writer_describe(node, writer, sizeof writer);
		remedy = *writer ? writer : "another program has it open for writing";
	}
	snprintf(text, sizeof text, "%s: %s: %s%s%s", node, request, strerror(error),
		 remedy ? ": " : "", remedy ? remedy : "");
	return -error;
}

const char *perfmon_error(void)
{
	return text;
}

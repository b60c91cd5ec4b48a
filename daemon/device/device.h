/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_H
#define PERFMOND_DEVICE_H

#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "device/trace.h"
#include "event/event.h"

/*
 * The device of perfmon(4): two counters, their rules, the seven requests and ours. It knows
 * neither how a request arrives nor where a count comes from. One request at a time: the caller
 * serializes.
 *
 * An open file is known by its access mode and the user who opened it, which the caller keeps:
 * there is one writer at the most, and a reader has no state.
 */

/* What PMIOTSTAMP reads. */
struct time_stamp {
	/*
	 * The stamp and its rate in MHz, truncated.
	 * Returns 0, or -ENOTTY on a machine with no time stamp counter that can be used.
	 */
	int (*read)(struct time_stamp *stamp, uint32_t *ret_mhz, uint64_t *ret_value);
};

/* Who asks. */
struct caller {
	int thread; /* its kernel thread id, 0 where the daemon's pid namespace does not have it */
	uint32_t user;
};

/* What answers PMIOEBB, with its errors. */
struct brancher {
	int (*attach)(struct brancher *brancher, const struct perfmon_ebb *request,
		      const struct caller *caller, uint64_t *ret_token);
};

/* What answers PMIODIRECT, with its errors. */
struct passer {
	/*
	 * Offers a counter's events to the caller's process, with a page that the device writes;
	 * it stays until it is withdrawn.
	 */
	int (*offer)(struct passer *passer, const struct backend_direct *events,
		     const struct caller *caller, struct perfmon_page **ret_page,
		     uint64_t *ret_token);
	void (*withdraw)(struct passer *passer, struct perfmon_page *page);
};

struct device_counter {
	bool configured;
	bool running;
	bool lost;          /* stopped, and what it had counted could not be read */
	struct event event; /* what it was set up to count */
	uint64_t kept;      /* the value at the latest STOP */
	uint64_t base;      /* the backend's count that the value is measured from while it runs */
	struct perfmon_page *page; /* what its owner sees of it, or NULL */
};

/* A user who has the node open. */
struct device_user {
	uint32_t user;
	unsigned opens;
};

struct device {
	struct backend *backend;
	struct event_rules rules;
	struct time_stamp *stamp;
	struct trace *trace;       /* NULL: no trace */
	struct brancher *brancher; /* NULL: no PMIOEBB */
	struct passer *passer;     /* NULL: no PMIODIRECT */
	unsigned max_opens;        /* of a user */
	struct device_user *users; /* those who have it open, in any order */
	size_t user_count;
	bool has_writer;
	struct caller writer; /* who opened it, while there is one */
	struct caller caller; /* who asks, while a request is served */
	struct event asked;   /* what PMIOTRANSLATE found, while it is served */
	struct device_counter counter[NPMC];
};

/*
 * Opens the device. write: the open file's access mode is not O_RDONLY.
 * Errors: -ENXIO where the machine can count nothing, -EBUSY for a second writer, -EMFILE, logged,
 * where the user has max_opens files open, -ENOMEM.
 */
int device_open(struct device *device, bool write, const struct caller *caller);

/*
 * The open file went away. Every counter that the writer set up is stopped and given back.
 * user: who opened it; caller: who closes it, or his process's end.
 */
void device_release(struct device *device, bool write, uint32_t user, const struct caller *caller);

/*
 * Serves one request.
 * number: as the client passed it, native or 32-bit layout; argument: what the kernel copied in,
 * argument_size bytes; reply: room for DEVICE_REPLY_MAX bytes, of which *ret_size are to be copied
 * out. Errors: as perfmon(4) has them; -ENOTTY for any other request.
 */
int device_ioctl(struct device *device, bool write, uint32_t number, const void *argument,
		 size_t argument_size, void *reply, size_t *ret_size, const struct caller *caller);

#define DEVICE_REPLY_MAX sizeof(struct perfmon_event)

/* Gives every counter back: the daemon ends. */
void device_close(struct device *device);

#endif

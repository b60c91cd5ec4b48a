/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_FAKE_H
#define PERFMOND_TEST_UNIT_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"

/*
 * A device on a backend, a time stamp, a clock and callers of the test's own. The backend fails the
 * test when it is called in a state that backend.h rules out.
 */
struct fake_calls {
	unsigned attach;
	unsigned setup;
	unsigned start;
	unsigned stop;
	unsigned read;
	unsigned release;
	unsigned direct;
	unsigned adopted; /* with events that it took */
	unsigned dropped; /* with events that it did not */
	unsigned withdraw;
};

struct fake_counter {
	bool set_up;
	bool started;
	uint64_t count;     /* what the hardware shows since the latest start */
	struct event event; /* of the latest setup */
	int client;         /* of the latest setup */
	uint64_t origin;    /* of its direct events */
};

struct fake {
	struct backend backend;
	struct fake_counter counter[NPMC];
	struct fake_calls calls;
	struct brancher brancher;
	struct passer passer;
	struct perfmon_page page; /* that the latest PMIODIRECT offered */
	uint64_t hz;              /* of direct events */
	int passing;              /* what the passer answers, 0 or a negative errno */
	uint64_t skew;            /* of every start and stop */
	struct perfmon_ebb asked; /* by the latest PMIOEBB */
	struct caller asking;
	int failure; /* what the next calls answer, 0 or a negative errno */
	struct time_stamp stamp;
	struct trace trace;
	struct device device;
};

extern struct fake fake;

/* The time stamp's answer. */
extern int fake_stamp_result;
extern uint32_t fake_stamp_mhz;
extern uint64_t fake_stamp_value;

/* How far a read of a counter moves it. */
extern uint64_t fake_read_lasts;

/* What the clock shows at its next reading, and how far each reading moves it. */
extern uint64_t fake_now;
extern uint64_t fake_tick;

/* The lines of the trace so far. */
extern char fake_lines[4096];

/* What a user may have open. */
#define FAKE_OPENS_MAX 200

/* cmocka's setup: a device with P6 codes, no trace, nobody on it. */
int fake_setup(void **state);

/* The sum of all calls. */
unsigned fake_calls(void);

/* What PMIOEBB and PMIODIRECT give. */
#define FAKE_TOKEN UINT64_C(0x0ebd123456789abc)

extern const struct caller fake_caller;

/* device_ioctl() of the writer with the native layouts. */
int fake_int(uint32_t number, int counter);
int fake_pmc(uint32_t number, struct pmc *pmc);
int fake_read(int counter, uint64_t *ret_value);
int fake_event(int counter, struct perfmon_event *ret_event);

/* PMIOSETUP of CPU_CLK_UNHALTED with flags. */
int fake_set_up(int counter, unsigned flags);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_WATCH_H
#define PERFMON_WATCH_H

#include <perfmon/device.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What perfmon watch shows: asked for by watch_look.c, drawn by screen.c. */

#define WATCH_HISTORY 512

/* A counter from look to look. */
struct series {
	int error; /* 0; EBUSY not set up, EIO its count is partial, or was lost */
	bool running;
	bool said;                  /* what counts it, by who prints lines */
	uint32_t value;             /* pmc_val, without PMCF_EN */
	struct perfmon_event event; /* what is counted */
	char label[80];             /* its name and flags */
	uint64_t count;
	uint64_t total;                /* that it counted since the watching began */
	double rate;                   /* in the latest interval, 1/s */
	double history[WATCH_HISTORY]; /* the rates, a ring */
	size_t looks;                  /* that are in it, in all */
};

struct watch {
	const char *node;
	struct perfmon *device;
	double interval; /* s */
	double begin;    /* CLOCK_MONOTONIC, s */
	double at;       /* of the latest look, likewise */
	uint64_t stamp;  /* 0: the machine has none */
	unsigned mhz;
	bool held;
	struct perfmon_writer writer; /* where it is held */
	struct series series[NPMC];
};

/* CLOCK_MONOTONIC, s. */
double watch_now(void);

/*
 * Asks for both counters, and adds what they counted since the look before, if this is not the
 * first. Returns 0, or a negative errno where perfmond cannot be asked any more.
 */
int watch_look(struct watch *watch, bool first);

/* A rate of the past, 0 being the latest; -1 where there is none. */
double series_rate(const struct series *series, size_t ago);

/* In words: who has the device open for writing. */
const char *watch_holder(const struct watch *watch, char *text, size_t size);

/* Whether the terminal is of a kind that can be drawn on; it stays as it is. */
bool screen_may_begin(void);

/* The terminal, full-screen. Returns false where it cannot be had; then nothing has changed. */
bool screen_begin(void);
void screen_draw(const struct watch *watch);

/*
 * Waits so many seconds, or until a key or signal. Returns true when q was pressed, or the terminal
 * has gone.
 */
bool screen_wait(const struct watch *watch, double seconds);

/* The terminal as it was. */
void screen_end(void);

#endif

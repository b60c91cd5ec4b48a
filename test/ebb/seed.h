/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_SEED_H
#define PERFMOND_TEST_EBB_SEED_H

/*
 * The statements of Linux, Documentation/powerpc/pmu-ebb.rst, each a test by name, but for those
 * about attributes and the library (rules.c) and about the handler's registers.
 */

#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct statement {
	const char *name;
	bool (*holds)(void); /* NULL: not on this machine */
	const char *absent;  /* why not */
};

/* By the sections of the text. Each ends with one that has no name. */
extern const struct statement seed_creating[];
extern const struct statement seed_enabling[];
extern const struct statement seed_beside[];
extern const struct statement seed_closing[];
extern const struct statement seed_others[];

/* What is true of POWER alone. */
#ifdef __powerpc64__
#define POWER(function) .holds = (function)
#else
#define POWER(function) .holds = NULL
#endif

#define SEED_PERIOD 100000

/* An event of the PMU by the rules: cycles on POWER's PMC1, else instructions. */
struct perf_event_attr seed_attr(void);

/* perf_event_open(2) itself, of the calling thread where thread is 0. */
int seed_raw(const struct perf_event_attr *attr, pid_t thread, int cpu, int group);

/* seed_attr() without what the library alone understands here, disabled, and with its times. */
int seed_raw_ebb(void);

/* As ebb_event_open(), on a thread, 0 for the caller; NULL where it fails, and it says why. */
struct ebb_event *seed_open(pid_t thread);

/* Sets a handler that counts, enables the event and branches; NULL as above. */
struct ebb_event *seed_enabled(void);

/* event may be NULL. */
bool seed_close(struct ebb_event *event);

void seed_set_handler(void);

/* Many periods of work. */
void seed_spin(void);

/* Whether branches come to the calling thread in a spin. */
bool seed_branches(void);

/* A descriptor of a regular event, enabled: of this thread, or of the CPU that it runs on. */
int seed_regular(bool pinned, bool on_cpu);

/* What read(2) gives of an event with its times. */
struct seed_times {
	uint64_t value;
	uint64_t enabled;
	uint64_t running;
};

/* What a spin adds; false where read(2) gives something else. */
bool seed_count(int fd, struct seed_times *ret_times);

/* Whether read(2) gives end of file. */
bool seed_ended(int fd);

#endif

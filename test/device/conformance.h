/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_CONFORMANCE_H
#define PERFMOND_CONFORMANCE_H

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The conformance program: one test per row of perfmon(4)'s behaviour, on a real node. Each test is
 * a process of its own, so that whatever it leaves open is closed before the next begins.
 */

/* What the daemon behind the node counts by, for the tests whose figures depend on it. */
enum source {
	SOURCE_SIM,        /* a modelled CPU: every figure is known beforehand */
	SOURCE_INTERRUPTS, /* --backend perf on a machine without a PMU */
	SOURCE_PMU,        /* --backend perf on a machine with one */
};

extern const char *node; /* its path */
extern enum source source;

/* An event that the source counts, with the flags it takes; and one that it takes as well. */
extern struct pmc countable;
extern struct pmc other;

/* A modelled CPU, daemon/backend/model.h. Its countable event happens in every clock. */
struct model {
	const char *name;
	u_char event;
	unsigned bits; /* of pmc_val, PMCF_SYS_FLAGS apart, that its selects have */
	unsigned cpus;
	quad_t read_clocks; /* for how long a CPU runs while one READ looks at it */
};

extern struct model model;

struct test {
	const char *name;
	void (*run)(void);
};

extern const struct test open_tests[];
extern const struct test counter_tests[];
extern const struct test figure_tests[];
extern const struct test bad_tests[];
extern const struct test node_tests[];
extern const struct test extension_tests[];

/* Ends the test. */
void fail_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void skip(const char *reason) __attribute__((noreturn));

#define FAIL(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition))                                                          \
			FAIL("not so: %s (errno %s)", #condition, strerrorname_np(errno)); \
	} while (0)

/* expression gives -1 with this errno. */
#define CHECK_ERRNO(expression, wanted)                                                 \
	do {                                                                            \
		errno = 0;                                                              \
		if ((expression) != -1 || errno != (wanted))                            \
			FAIL("%s: not %s but %s", #expression, strerrorname_np(wanted), \
			     errno ? strerrorname_np(errno) : "success");               \
	} while (0)

int open_writer(void);
int open_reader(void);

/* The requests; each returns what ioctl(2) does. */
int pm_setup(int fd, struct pmc pmc);
int pm_get(int fd, int number, struct pmc *ret_pmc);
int pm_start(int fd, int number);
int pm_stop(int fd, int number);
int pm_reset(int fd, int number);
int pm_read(int fd, int number, quad_t *ret_value);
int pm_tstamp(int fd, struct pmc_tstamp *ret_stamp);

/* The same, where failure ends the test. */
void must_setup(int fd, int number);
void must_start(int fd, int number);
void must_stop(int fd, int number);
void must_reset(int fd, int number);
quad_t must_read(int fd, int number);
struct pmc must_get(int fd, int number);

/* Waits until a running counter reads more than `above`, and returns that value. */
quad_t read_above(int fd, int number, quad_t above);

/* Forks; the child runs `body`, with its argument, and exits with 0 unless a check in it fails. */
pid_t start_child(void (*body)(int), int argument);
void must_end_well(pid_t child);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EXACT_H
#define PERFMOND_TEST_EXACT_H

#include <machine/perfmon.h>
#include <stdbool.h>

/* What the parts of the program exact share; exact.c says what each check proves. */

#define BOTH (PMCF_USR | PMCF_OS)

/* The device, open for writing. */
extern int node;

/* One line of TAP. */
void result(bool good, const char *name);

/* Ends the program where a request's answer, 0 or an errno, is not the one that it takes to go on.
 */
void expect(const char *what, int wanted, int seen);

unsigned number(const char *text);

/* exact_scopes.c */
void check_both_cpus(char **argument);
void check_one_cpu(char **argument);
void check_family(char **argument);
void check_hotplug(char **argument);
void check_ask(char **argument);

/* exact_pmu.c */
void check_taken_start(char **argument);
void check_taken_read(char **argument);
void check_event(char **argument);
void check_refused(char **argument);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_SIGNALS_H
#define PERFMON_SIGNALS_H

#include <signal.h>
#include <sys/types.h>

/* While a command runs, perfmon goes on until its end: the signals to end are the command's. */

/*
 * Blocks SIGCHLD and those to end, for sigtimedwait(2) or signalfd(2). Those that are ignored stay
 * so, as nohup(1) has SIGHUP. ret_mask: what was blocked before, which the command is to have.
 */
void signals_hold(sigset_t *ret_held, sigset_t *ret_mask);

/*
 * Sends the command a signal that came here, with its si_code. A terminal sends its signals to the
 * command itself, but its end to the leader of the session alone, which this may be.
 */
void signals_pass(pid_t command, int number, int code);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <stddef.h>

void signals_hold(sigset_t *ret_held, sigset_t *ret_mask)
{
	static const int ends[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	struct sigaction action;

	sigemptyset(ret_held);
	sigaddset(ret_held, SIGCHLD);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(ret_held, ends[i]);
	sigprocmask(SIG_BLOCK, ret_held, ret_mask);
}

void signals_pass(pid_t command, int number, int code)
{
	/* Of kill(2) and its like, not the kernel's own. */
	if (number == SIGHUP || code <= 0)
		kill(command, number);
}

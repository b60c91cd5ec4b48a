/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Laid over a sanitized perfmond by LD_PRELOAD: ASan asks for the alternate stack before each call
 * that does not return, and takes it for a fault of its own that the filter refuses that. There is
 * none, with use_sigaltstack=0.
 */

#include <signal.h>

int sigaltstack(const stack_t *stack, stack_t *ret_old)
{
	(void)stack;
	if (ret_old)
		*ret_old = (stack_t){ .ss_flags = SS_DISABLE };
	return 0;
}

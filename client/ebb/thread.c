/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "internal.h"

_Thread_local struct ebb_thread ebb_self __attribute__((tls_model("initial-exec")));

int ebb_fail(int error, const char *text)
{
	ebb_self.error = text;
	return -error;
}

const char *ebb_error(void)
{
	return ebb_self.error ? ebb_self.error : "";
}

int ebb_set_handler(ebb_handler_t handler, void *context, int save)
{
	int result;

	if (save < EBB_SAVE_GPR || save > EBB_SAVE_VSR)
		return ebb_fail(EINVAL, "save is not one of EBB_SAVE_GPR to EBB_SAVE_VSR");
	result = ebb_prepare();
	if (result < 0)
		return result;
	/* No branch may see the one's handler with the other's context. */
	if (!handler || ebb_self.handler)
		ebb_global_disable();
	ebb_self.handler = handler;
	ebb_self.context = context;
	ebb_machine_set_handler(save);
	return 0;
}

int ebb_global_enable(void)
{
	int result;

	if (!ebb_self.handler) {
		result = ebb_prepare();
		return result < 0
			       ? result
			       : ebb_fail(EINVAL, "this thread has no handler: ebb_set_handler()");
	}
	ebb_machine_enable();
	return 0;
}

void ebb_global_disable(void)
{
	ebb_machine_disable();
}

void ebb_rearm(void)
{
	ebb_machine_rearm();
}

uintptr_t ebb_address(void)
{
	return ebb_self.address;
}

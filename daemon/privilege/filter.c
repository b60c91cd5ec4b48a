/* SPDX-License-Identifier: BSD-2-Clause */
#include "privilege/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "log.h"

static int add_call(scmp_filter_ctx filter, const struct rights_call *call)
{
	int number = seccomp_syscall_resolve_name(call->name);
	struct scmp_arg_cmp compare =
		SCMP_CMP64(call->argument, SCMP_CMP_MASKED_EQ, call->mask, call->value);

	if (number == __NR_SCMP_ERROR) {
		log_error("libseccomp does not know the system call %s: install another libseccomp",
			  call->name);
		return -EINVAL;
	}
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, call->mask ? 1 : 0, &compare);
}

/*
 * The flags of clone3(2) are in memory, where no filter sees them; the C library goes on with
 * clone(2) where it answers ENOSYS.
 */
static int add_calls(scmp_filter_ctx filter, const struct rights *rights)
{
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; result == 0 && i < rights->calls; i++)
		result = add_call(filter, &rights->call[i]);
	return result;
}

int filter_load(const struct rights *rights)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (!filter)
		return -ENOMEM;
	result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	/* Its own errno, not ECANCELED for all. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (result == 0)
		result = add_calls(filter, rights);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0)
		log_error("the filter of system calls cannot be had: %s", strerror(-result));
	return result;
}

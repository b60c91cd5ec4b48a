/* SPDX-License-Identifier: BSD-2-Clause */

/* Events by perfmond: requests on its node, and the socket beside it. See perfmon(4), EXTENSIONS.
 */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../take.h"
#include "internal.h"

static const char *node_path(void)
{
	const char *path = secure_getenv("PERFMON_DEVICE");

	return path ? path : "/dev/perfmon";
}

static int refuse_node(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return ebb_fail(EACCES,
				"perfmond's node, by which it opens events that the kernel forbids "
				"to a program, is not yours to open: be a member of its group "
				"(perfmon), or set exclude_kernel and have the sysctl "
				"kernel.perf_event_paranoid at 2 or less");
	case ENOENT:
	case ENXIO:
	case ENODEV:
	case ENOTCONN:
	case ECONNREFUSED:
		return ebb_fail(
			ENODEV,
			"perfmond, which opens events that the kernel forbids to a program, "
			"does not run: start it, or set exclude_kernel and have the sysctl "
			"kernel.perf_event_paranoid at 2 or less");
	case ECONNABORTED:
		return ebb_fail(error, "perfmond hung up: it ended, or has as many connections "
				       "of this user, one for each event, as it takes");
	case ETIMEDOUT:
		return ebb_fail(error, "perfmond does not answer");
	default:
		return ebb_fail(error, strerrordesc_np(error));
	}
}

static int refuse_request(int error)
{
	switch (error) {
	case ENOTTY:
		return ebb_fail(EOPNOTSUPP, "this is no perfmond that opens events that branch");
	case EOPNOTSUPP:
		return ebb_fail(EOPNOTSUPP,
				"perfmond has no such event: this machine has no PMU, or perfmond "
				"another backend than perf; its log and --check have the reason");
	case EINVAL:
		return ebb_fail(error, "perfmond, or the kernel, takes no such event: see its "
				       "code, period and PMC");
	case EPERM:
		return ebb_fail(error, "the thread is of a process that this one might not trace: "
				       "another user's or group's, not dumpable, or with more "
				       "capabilities");
	case EAGAIN:
		return ebb_fail(error, "the thread's process starts another program, or ends: try "
				       "again");
	case ESRCH:
		return ebb_fail(error, "perfmond sees no such thread");
	case ENOENT:
		return ebb_fail(error, "no leader was offered to this thread by that token");
	case EMFILE:
		return ebb_fail(error,
				"64 events of this user wait to be accepted, or perfmond has no "
				"room for more");
	case EACCES:
		return ebb_fail(error, "the kernel forbids perfmond the event: see its log");
	default:
		return refuse_node(error);
	}
}

static int request(unsigned long number, void *argument)
{
	int node = open(node_path(), O_RDONLY | O_CLOEXEC);
	int result = 0;

	if (node < 0)
		return refuse_node(errno);
	if (ioctl(node, number, argument) < 0)
		result = refuse_request(errno);
	close(node);
	return result;
}

/* What a request does not carry would be left away without a word. */
static bool is_plain(const struct perf_event_attr *attr)
{
	struct perf_event_attr plain = {
		.type = attr->type,
		.size = attr->size,
		.config = attr->config,
		.disabled = attr->disabled,
		.pinned = attr->pinned,
		.exclusive = attr->exclusive,
		.exclude_kernel = 1,
		.exclude_hv = attr->exclude_hv,
	};

	if (attr->type == PERF_TYPE_BREAKPOINT) {
		plain.bp_type = attr->bp_type;
		plain.bp_addr = attr->bp_addr;
		plain.bp_len = attr->bp_len;
	}
	return memcmp(&plain, attr, sizeof plain) == 0;
}

int ebb_device_offer(const struct perf_event_attr *attr, uint32_t period, uint64_t leader,
		     pid_t thread, uint64_t *ret_token)
{
	struct perfmon_ebb ebb = {
		.peb_thread = thread,
		.peb_type = attr->type,
		.peb_config = attr->config,
		.peb_period = period,
		.peb_leader = leader,
	};
	int result;

	if (!is_plain(attr))
		return ebb_fail(EINVAL, "perfmond opens events of user mode alone, with no "
					"attributes but type and config: set exclude_kernel");
	if (attr->type == PERF_TYPE_BREAKPOINT) {
		ebb.peb_address = attr->bp_addr;
		ebb.peb_length = (uint32_t)attr->bp_len;
	}
	result = request(PMIOEBB, &ebb);
	if (result == 0)
		*ret_token = ebb.peb_token;
	return result;
}

int ebb_device_take(uint64_t token, int *ret_fd, int *ret_connection,
		    struct perfmon_taken *ret_taken)
{
	unsigned count;
	int connection = -1;
	int result = take_connect(node_path(), &connection);

	if (result == ENAMETOOLONG)
		return ebb_fail(result, "PERFMON_DEVICE is too long");
	if (result)
		return refuse_node(result);
	result = take(connection, token, ret_taken, ret_fd, 1, &count);
	if (result == 0) {
		*ret_connection = connection;
		return 0;
	}
	close(connection);
	if (result == ENOENT)
		return ebb_fail(result, "no event was offered to this process by that token, or "
					"longer than a minute ago");
	if (result == EMFILE)
		return ebb_fail(result, "no descriptor is free: raise the limit (ulimit -n)");
	return refuse_node(result);
}

int ebb_legacy(uint32_t select, struct perf_event_attr *attr)
{
	struct perfmon_event event = { .pme_val = select };
	int result;

	if (!(select >> 16 & PMCF_USR))
		return ebb_fail(EINVAL, "PMCF_USR is not set in select: a branch is in user mode");
	result = request(PMIOTRANSLATE, &event);
	if (result < 0)
		return result;
	if (event.pme_terms != 1 || event.pme_class == PME_SOFTWARE ||
	    event.pme_term[0].pmet_type == PERF_TYPE_SOFTWARE)
		return ebb_fail(EOPNOTSUPP, "no single event of a PMU stands for this one");
	attr->type = event.pme_term[0].pmet_type;
	attr->config = event.pme_term[0].pmet_config | EBB_CONFIG;
	return 0;
}

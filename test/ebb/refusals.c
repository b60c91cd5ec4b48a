/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What perfmond refuses: ebb-refusals NODE CHECK
 *
 *   requests  by PMIOEBB, one by one; in the end, 64 events of this user wait
 *   noise     by its socket: what is no token, and silence
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "request.h"
#include "tap.h"

static void refuse(int fd, const char *name, int error, struct perfmon_ebb ebb)
{
	int seen = ioctl(fd, PMIOEBB, &ebb) < 0 ? errno : 0;

	if (seen != error)
		printf("# %s: %s\n", name, strerrorname_np(seen));
	result(seen == error && !ebb.peb_token, name);
}

#define REFUSED(field, value, error)                                                 \
	do {                                                                         \
		struct perfmon_ebb ebb = request_plain(0);                           \
		ebb.field = (value);                                                 \
		refuse(fd, "PMIOEBB, " #field " = " #value ": " #error, error, ebb); \
	} while (0)

static void check_refusals(void)
{
	int fd = open(request_node, O_RDONLY | O_CLOEXEC);

	REFUSED(peb_type, PERF_TYPE_TRACEPOINT, EOPNOTSUPP);
	REFUSED(peb_type, 6, EOPNOTSUPP); /* a kprobe, commonly, whose name config1 points to */
	REFUSED(peb_type, 0xffffffff, EOPNOTSUPP);
	REFUSED(peb_config, 0, EINVAL);
	REFUSED(peb_address, 0x1000, EINVAL);
	REFUSED(peb_length, 8, EINVAL);
	REFUSED(peb_period, 0, EINVAL);
	REFUSED(peb_period, 0x80000000, EINVAL);
	REFUSED(peb_thread, -1, ESRCH);
	REFUSED(peb_thread, 0x7fffffff, ESRCH);
	REFUSED(peb_leader, 1, ENOENT);
#ifdef __x86_64__
	struct perfmon_ebb kernel = request_plain(0);

	kernel.peb_type = PERF_TYPE_BREAKPOINT;
	kernel.peb_config = EBB_CONFIG;
	kernel.peb_address = UINT64_C(0xffffffff81000000);
	kernel.peb_length = 8;
	refuse(fd, "PMIOEBB, a breakpoint in the kernel: EINVAL", EINVAL, kernel);
	kernel = request_plain(0);
	kernel.peb_type = PERF_TYPE_RAW;
	kernel.peb_config = EBB_CONFIG | 1 << 21;
	refuse(fd, "PMIOEBB, a raw event of both threads of a core: EINVAL", EINVAL, kernel);
#endif
#ifndef __powerpc64__
	struct perfmon_ebb clock = request_plain(0);

	clock.peb_config = PERF_COUNT_SW_TASK_CLOCK | EBB_CONFIG;
	clock.peb_period = 99999;
	refuse(fd, "PMIOEBB, a clock of 99999 ns: EINVAL", EINVAL, clock);
	clock.peb_config = PERF_COUNT_SW_CONTEXT_SWITCHES | EBB_CONFIG;
	refuse(fd, "PMIOEBB, context switches: EOPNOTSUPP", EOPNOTSUPP, clock);
#endif
	int taken = 0;
	struct perfmon_ebb ebb = request_plain(0);

	while (ioctl(fd, PMIOEBB, &ebb) == 0)
		taken++;
	printf("# %d events wait\n", taken);
	/* Others of this user may wait beside them. */
	result(errno == EMFILE && taken > 32 && taken <= 64, "64 events wait, and no more: EMFILE");
	close(fd);
}

static void check_noise(void)
{
	static const size_t sizes[] = { 0, 1, 7, 9, 4096 };
	char bytes[4096] = "";
	int silent[100];

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
		silent[i] = request_connect();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int fd = request_connect();

		result(silent[i] >= 0 && fd >= 0 &&
			       send(fd, bytes, sizes[i], MSG_NOSIGNAL) == (ssize_t)sizes[i] &&
			       recv(fd, bytes, sizeof bytes, 0) <= 0,
		       "no answer to what is no token");
		close(fd);
	}
}

int main(int argc, char *argv[])
{
	const char *check = argc > 2 ? argv[2] : "";

	request_node = argv[1];
	if (strcmp(check, "requests") == 0)
		check_refusals();
	else if (strcmp(check, "noise") == 0)
		check_noise();
	else
		return 2;
	return tap_end();
}

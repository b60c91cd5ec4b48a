/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <perfmon/ebb.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *request_node;

struct perfmon_ebb request_plain(pid_t thread)
{
	return (struct perfmon_ebb){
		.peb_thread = thread,
#ifdef __powerpc64__
		.peb_type = PERF_TYPE_RAW,
		.peb_config = 0x1001e | EBB_CONFIG,
#else
		.peb_type = PERF_TYPE_SOFTWARE,
		.peb_config = PERF_COUNT_SW_PAGE_FAULTS | EBB_CONFIG,
#endif
		.peb_period = 1000,
	};
}

int request_attach(pid_t thread, uint64_t *ret_token)
{
	struct perfmon_ebb ebb = request_plain(thread);
	int fd = open(request_node, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 || ioctl(fd, PMIOEBB, &ebb) < 0 ? errno : 0;

	close(fd);
	*ret_token = ebb.peb_token;
	return error;
}

int request_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s.socket", request_node);
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

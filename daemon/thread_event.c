/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread_event.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* Again and again: the first may come before the wait begins. */
static const struct itimerval patience = {
	.it_value.tv_usec = THREAD_EVENT_PATIENCE * 1000L,
	.it_interval.tv_usec = 10000,
};
static const struct itimerval none;
static volatile sig_atomic_t over;

static void end_wait(int number)
{
	(void)number;
	over = 1;
}

long thread_event_open(const struct perf_event_attr *attr, pid_t thread, int group)
{
	/* Without SA_RESTART. */
	struct sigaction action = { .sa_handler = end_wait };
	sigset_t alarm;
	long fd;
	int error;

	/* Whoever started the daemon may have left it blocked. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	sigaction(SIGALRM, &action, NULL);
	over = 0;
	setitimer(ITIMER_REAL, &patience, NULL);
	do
		fd = syscall(SYS_perf_event_open, attr, thread, -1, group, PERF_FLAG_FD_CLOEXEC);
	while (fd < 0 && errno == EINTR && !over);
	error = errno == EINTR ? EAGAIN : errno;
	setitimer(ITIMER_REAL, &none, NULL);
	errno = error;
	return fd;
}

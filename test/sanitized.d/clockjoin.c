/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Laid over perfmond under TSan by LD_PRELOAD: TSan does not know pthread_clockjoin_np(3), and
 * would take what comes after it for a race with the thread that has ended.
 */

#include <pthread.h>
#include <time.h>

#define SECOND 1000000000L /* ns */

int pthread_clockjoin_np(pthread_t thread, void **ret_value, clockid_t clock,
			 const struct timespec *until)
{
	struct timespec now;
	struct timespec real;

	clock_gettime(clock, &now);
	clock_gettime(CLOCK_REALTIME, &real);
	real.tv_sec += until->tv_sec - now.tv_sec;
	real.tv_nsec += until->tv_nsec - now.tv_nsec;
	if (real.tv_nsec < 0) {
		real.tv_nsec += SECOND;
		real.tv_sec--;
	} else if (real.tv_nsec >= SECOND) {
		real.tv_nsec -= SECOND;
		real.tv_sec++;
	}
	return pthread_timedjoin_np(thread, ret_value, &real);
}

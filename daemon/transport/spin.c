/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/spin.h"

#include <poll.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#define MEASURED  16
#define LOOKS_MIN 4
#define LOOKS_MAX 1000

static bool look(int fd)
{
	struct pollfd looked = { .fd = fd, .events = POLLIN };

	return poll(&looked, 1, 0) != 0;
}

static double microseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

void spin_open(struct spin *spin, int fd)
{
	double begin = microseconds();
	double looks;

	for (int i = 0; i < MEASURED; i++)
		look(fd);
	looks = SPIN_TIME * MEASURED / (microseconds() - begin + 0.001);
	if (looks > LOOKS_MAX)
		looks = LOOKS_MAX;
	if (looks < LOOKS_MIN)
		looks = LOOKS_MIN;
	*spin = (struct spin){ .rest = SPIN_REST_MIN };
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		spin->looks = (unsigned)looks;
}

static unsigned twice(unsigned number, unsigned most)
{
	return number * 2 < most ? number * 2 : most;
}

/* From another CPU. */
static void find(struct spin *spin)
{
	spin->soon = 0;
	spin->rest = SPIN_REST_MIN;
	if (spin->run == 0) {
		spin->run = SPIN_RUN_MIN;
		spin->left = SPIN_CHANCE;
	} else if (++spin->found == spin->run) {
		spin->found = 0;
		spin->run = twice(spin->run, SPIN_RUN_MAX);
		spin->left = SPIN_CHANCE;
	}
}

/* No look was needed, or hardly one. One alone may be by chance. */
static void find_soon(struct spin *spin)
{
	if (++spin->soon < SPIN_SOON_RUN)
		return;
	spin->soon = 0;
	spin->left = SPIN_REST_SOON;
	spin->found = 0;
	spin->run = 0;
}

void spin_wait(struct spin *spin, int fd)
{
	if (spin->looks == 0)
		return;
	if (spin->left > 0) {
		spin->left--;
		return;
	}
	for (unsigned i = 0; i < spin->looks; i++)
		if (look(fd)) {
			if (i <= spin->looks / SPIN_SOON)
				find_soon(spin);
			else
				find(spin);
			return;
		}
	spin->soon = 0;
	spin->run = 0;
	spin->found = 0;
	spin->left = spin->rest;
	spin->rest = twice(spin->rest, SPIN_REST_MAX);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "transport/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>

#include "transport/transport.h"

static volatile sig_atomic_t signalled;
static volatile sig_atomic_t watched = -1;

/*
 * A signal between the check of `signalled` and read(2) would leave the loop asleep. With
 * O_NONBLOCK set from the handler, that read returns at once; fcntl(2) is async-signal-safe.
 */
static void on_signal(int signal)
{
	int saved = errno;

	signalled = signal;
	if (watched >= 0)
		fcntl(watched, F_SETFL, O_NONBLOCK);
	errno = saved;
}

void transport_catch_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct sigaction before;

		/* nohup(1) and its like stay in force. */
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	}
}

void signals_watch(int fd)
{
	watched = fd;
}

bool signals_came(void)
{
	return signalled != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "event.h"

#include <unistd.h>

/* perf_event_open(2)'s read_format of perfmond's events. */
struct reading {
	uint64_t value;
	uint64_t enabled;
	uint64_t running;
};

bool event_read(int fd, uint64_t *ret_count)
{
	struct reading reading;

	if (read(fd, &reading, sizeof reading) != sizeof reading)
		return false;
	*ret_count = reading.value;
	return true;
}

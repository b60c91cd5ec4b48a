/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/cpulist.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define ONLINE   "/sys/devices/system/cpu/online"
#define CPUS_MAX 65536 /* above any NR_CPUS: a bound for what a malformed list can allocate */

static int parse_number(const char **text, unsigned *ret_number)
{
	char *end;
	unsigned long number;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	number = strtoul(*text, &end, 10);
	if (errno || number >= CPUS_MAX)
		return -EINVAL;
	*text = end;
	*ret_number = (unsigned)number;
	return 0;
}

static int parse_range(const char **text, unsigned *ret_first, unsigned *ret_last)
{
	int result = parse_number(text, ret_first);

	if (result < 0)
		return result;
	*ret_last = *ret_first;
	if (**text != '-')
		return 0;
	++*text;
	return parse_number(text, ret_last);
}

static int append_range(struct cpulist *list, unsigned first, unsigned last)
{
	unsigned *cpu;

	if (last < first || (list->count && first <= list->cpu[list->count - 1]))
		return -EINVAL;
	cpu = reallocarray(list->cpu, list->count + (last - first) + 1, sizeof *cpu);
	if (!cpu)
		return -ENOMEM;
	list->cpu = cpu;
	for (unsigned number = first; number <= last; number++)
		list->cpu[list->count++] = number;
	return 0;
}

int cpulist_parse(const char *text, struct cpulist *ret_list)
{
	struct cpulist list = { 0 };
	unsigned first;
	unsigned last;
	int result;

	for (;;) {
		result = parse_range(&text, &first, &last);
		if (result < 0)
			goto cleanup;
		result = append_range(&list, first, last);
		if (result < 0)
			goto cleanup;
		if (*text != ',')
			break;
		text++;
	}
	if (*text == '\n')
		text++;
	if (*text != '\0') {
		result = -EINVAL;
		goto cleanup;
	}
	*ret_list = list;
	list.cpu = NULL;
cleanup:
	free(list.cpu);
	return result;
}

/* The client of a PMIOSETUP has no file that could be missing, and no list that is malformed. */
static int answer_of(int result)
{
	bool room = result == -EMFILE || result == -ENFILE || result == -ENOMEM;

	return result == 0 || room ? result : -EIO;
}

int cpulist_online(struct cpulist *ret_list)
{
	char text[4096];
	ssize_t length;
	int fd = open(ONLINE, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		result = -errno;
		log_error(ONLINE ": %s%s", strerror(errno),
			  errno == ENOENT ? "; mount sysfs on /sys" : "");
		return answer_of(result);
	}
	length = read(fd, text, sizeof text - 1);
	result = length < 0 ? -errno : 0;
	close(fd);
	if (result == 0) {
		text[length] = '\0';
		result = cpulist_parse(text, ret_list);
	}
	if (result < 0) {
		log_error(ONLINE ": no list of CPUs: %s", strerror(-result));
	}
	return answer_of(result);
}

bool cpulist_has(const struct cpulist *list, unsigned cpu)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->cpu[i] == cpu)
			return true;
	return false;
}

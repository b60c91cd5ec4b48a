/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: msr-client NODE EVENT [WORD...]
 *
 * Opens the node and does what the words say, in order: setup0, start0, stop0, read0, reset0 (or 1)
 * ask that request, with the event EVENT in user and kernel mode; tstamp asks for the time stamp;
 * !COMMAND runs a shell's command; again repeats all from the first word until a request fails.
 * Prints a line for each request: its word and what it gave, 0 or the name of the errno, for read
 * the value, for tstamp the rate.
 */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned char event;

static int set_up(int fd, int number)
{
	struct pmc pmc = { .pmc_num = number };

	pmc.pmc_event = event;
	pmc.pmc_flags = PMCF_USR | PMCF_OS;
	return ioctl(fd, PMIOSETUP, &pmc);
}

static int get_value(int fd, int number, long long *ret_value)
{
	struct pmc_data data = { .pmcd_num = number };
	int result = ioctl(fd, PMIOREAD, &data);

	if (result == 0)
		*ret_value = data.pmcd_value;
	return result;
}

static int get_rate(int fd, long long *ret_rate)
{
	struct pmc_tstamp stamp;
	int result = ioctl(fd, PMIOTSTAMP, &stamp);

	if (result == 0)
		*ret_rate = stamp.pmct_rate;
	return result;
}

static int ask(int fd, const char *word, long long *ret_value)
{
	int number = word[strlen(word) - 1] - '0';

	if (strncmp(word, "setup", 5) == 0)
		return set_up(fd, number);
	if (strncmp(word, "start", 5) == 0)
		return ioctl(fd, PMIOSTART, &number);
	if (strncmp(word, "stop", 4) == 0)
		return ioctl(fd, PMIOSTOP, &number);
	if (strncmp(word, "reset", 5) == 0)
		return ioctl(fd, PMIORESET, &number);
	if (strcmp(word, "tstamp") == 0)
		return get_rate(fd, ret_value);
	return get_value(fd, number, ret_value);
}

static bool do_word(int fd, const char *word)
{
	long long value = 0;
	int result;

	if (*word == '!') {
		/* NOLINTNEXTLINE(cert-env33-c): the test's own commands */
		result = system(word + 1);
		return result == 0;
	}
	result = ask(fd, word, &value);
	if (result == 0)
		printf("%s %lld\n", word, value);
	else
		printf("%s %s\n", word, strerrorname_np(errno));
	fflush(stdout);
	return result == 0;
}

int main(int argc, char *argv[])
{
	bool good = true;
	int fd;

	if (argc < 3)
		return 2;
	event = (unsigned char)strtoul(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		printf("open %s\n", strerrorname_np(errno));
		return 1;
	}
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "again") != 0)
			good &= do_word(fd, argv[i]);
		else if (good)
			i = 2;
	return good ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A client of perfmon(4) that shows each of its seven requests. It counts one event on counter 0,
 * in intervals that a sleep or a command fills, and prints every count. Nothing in it is Linux's:
 * it includes what a client on FreeBSD includes.
 */

#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <machine/cpu.h>
#include <machine/perfmon.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The loops of a run times the largest count stay within a quad_t: 2^40 * 10^6 < 2^63. */
#define LOOPS_MAX   1000000
#define SECONDS_MAX 86400

#define EXIT_USAGE 2

struct options {
	struct pmc pmc;
	int loops;
	struct timespec pause;
	const char *command; /* NULL: none */
};

/* What errno cannot say: what to do about it. */
static const struct hint {
	const char *call; /* NULL: any */
	int error;
	const char *text;
} hints[] = {
	{ "open", ENOENT, "is perfmond running?" },
	{ "PMIOSETUP", ENOTTY, "this is another kind of file: is perfmond running?" },
	{ NULL, ENODEV, "perfmond has ended: start it again" },
	{ NULL, ENOTCONN, "perfmond has ended: start it again" },
	{ NULL, ECONNABORTED, "perfmond has ended: start it again" },
	{ "open", EACCES, "it takes root, or a member of the device's group" },
	{ "open", EBUSY, "another program has it open for writing" },
	{ "open", ENXIO, "this machine has no counters" },
	{ "PMIOSETUP", EOPNOTSUPP,
	  "this machine cannot count that event with these flags: perfmond's log says why" },
	{ "PMIOSETUP", EBUSY, "somebody else holds the counter: see perfmond's log" },
	{ "PMIOSTART", EBUSY, "somebody else holds the hardware: see perfmond's log" },
	{ "PMIOSTOP", EIO, "the count may be partial: see perfmond's log" },
	{ "PMIOREAD", EIO, "the count may be partial: see perfmond's log" },
	{ "PMIOTSTAMP", ENOTTY, "this machine has no time stamp counter that can be used" },
};

static void usage(void) __dead2;
static void fail(const char *call) __dead2;

static void usage(void)
{
	(void)fputs("usage: perfmon-sample [-eiou] [-U unit] [-m mask] [-l loops] [-s seconds]\n"
		    "                      [-c command] event\n"
		    "  -u  count in user mode          -o  count in the kernel\n"
		    "  -e  count edges, not clocks     -i  invert the comparison with mask\n"
		    "  -U  unit mask, 0 to 255         -m  counter mask, 0 to 255\n"
		    "  -l  number of counts, 1 to 1000000; default 10\n",
		    stderr);
	(void)fputs(
		"  -s  seconds to sleep for each count, 0 to 86400\n"
		"  -c  command to run for each count; with neither -s nor -c: 0.1 s of sleep\n"
		"event is a code of <machine/perfmon.h>, 0 to 255: 0x79 is PMC6_CPU_CLK_UNHALTED.\n"
		"With neither -u nor -o nothing is counted.\n",
		stderr);
	exit(EXIT_USAGE);
}

static void fail(const char *call)
{
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].call != NULL && strcmp(hints[i].call, call) != 0)
			continue;
		if (hints[i].error == errno)
			errx(EXIT_FAILURE, "%s: %s: %s: %s", _PATH_PERFMON, call, strerror(errno),
			     hints[i].text);
	}
	err(EXIT_FAILURE, "%s: %s", _PATH_PERFMON, call);
}

static void request(int device, unsigned long number, const char *name, void *argument)
{
	if (ioctl(device, number, argument) < 0)
		fail(name);
}

/* Decimal, 0x hexadecimal or 0 octal. */
static int get_number(const char *text, const char *what, int min, int max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 0);
	if (end == text || *end != '\0')
		errx(EXIT_USAGE, "%s: %s is not a number", what, text);
	if (errno != 0 || value < min || value > max)
		errx(EXIT_USAGE, "%s: %s is not in %d to %d", what, text, min, max);
	return (int)value;
}

static u_char get_byte(const char *text, const char *what)
{
	return (u_char)get_number(text, what, 0, 255);
}

static void get_options(int argc, char **argv, struct options *options)
{
	int c, seconds = -1;

	while ((c = getopt(argc, argv, "uoeiU:m:l:s:c:")) != -1) {
		switch (c) {
		case 'u':
			options->pmc.pmc_flags |= PMCF_USR;
			break;
		case 'o':
			options->pmc.pmc_flags |= PMCF_OS;
			break;
		case 'e':
			options->pmc.pmc_flags |= PMCF_E;
			break;
		case 'i':
			options->pmc.pmc_flags |= PMCF_INV;
			break;
		case 'U':
			options->pmc.pmc_unit = get_byte(optarg, "-U unit");
			break;
		case 'm':
			options->pmc.pmc_mask = get_byte(optarg, "-m mask");
			break;
		case 'l':
			options->loops = get_number(optarg, "-l loops", 1, LOOPS_MAX);
			break;
		case 's':
			seconds = get_number(optarg, "-s seconds", 0, SECONDS_MAX);
			break;
		case 'c':
			options->command = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1)
		usage();
	options->pmc.pmc_event = get_byte(argv[optind], "event");

	if (seconds >= 0)
		options->pause.tv_sec = seconds;
	else if (options->command == NULL)
		options->pause.tv_nsec = 100000000;
}

static void run(const char *command)
{
	/* NOLINTNEXTLINE(cert-env33-c): a command of the user's own, by his own shell */
	int status = system(command);

	if (status == -1)
		err(EXIT_FAILURE, "%s", command);
	if (WIFSIGNALED(status))
		errx(EXIT_FAILURE, "%s: killed by signal %d", command, WTERMSIG(status));
	if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
		errx(EXIT_FAILURE, "%s: the shell could not run it", command);
}

/* What is counted: it fills the time of one count. */
static void work(const struct options *options)
{
	if (options->pause.tv_sec != 0 || options->pause.tv_nsec != 0)
		nanosleep(&options->pause, NULL);
	if (options->command != NULL)
		run(options->command);
}

static void print_configuration(const struct pmc *pmc)
{
	printf("counter %d: event 0x%02x, unit 0x%02x, mask 0x%02x, flags 0x%02x%s%s%s%s\n",
	       pmc->pmc_num, pmc->pmc_event, pmc->pmc_unit, pmc->pmc_mask, pmc->pmc_flags,
	       pmc->pmc_flags & PMCF_USR ? " user" : "", pmc->pmc_flags & PMCF_OS ? " kernel" : "",
	       pmc->pmc_flags & PMCF_E ? " edges" : "",
	       pmc->pmc_flags & PMCF_INV ? " inverted" : "");
	if ((pmc->pmc_flags & (PMCF_USR | PMCF_OS)) == 0)
		warnx("with neither -u nor -o the counter counts nothing");
}

/* Sets the counter up, and shows what the device has made of it. */
static void configure(int device, const struct pmc *wanted)
{
	struct pmc pmc = *wanted;

	request(device, PMIOSETUP, "PMIOSETUP", &pmc);
	request(device, PMIOGET, "PMIOGET", &pmc);
	print_configuration(&pmc);
}

/* One count per loop. The counter stands still while its value is read and printed. */
static quad_t count(int device, const struct options *options)
{
	int counter = options->pmc.pmc_num, i;
	struct pmc_data data;
	quad_t total = 0;

	data.pmcd_num = counter;
	request(device, PMIOSTART, "PMIOSTART", &counter);
	for (i = 1; i <= options->loops; i++) {
		work(options);
		request(device, PMIOSTOP, "PMIOSTOP", &counter);
		request(device, PMIOREAD, "PMIOREAD", &data);
		printf("%d: %lld\n", i, (long long)data.pmcd_value);
		total += data.pmcd_value;
		request(device, PMIORESET, "PMIORESET", &counter);
		request(device, PMIOSTART, "PMIOSTART", &counter);
	}
	request(device, PMIOSTOP, "PMIOSTOP", &counter);
	return total;
}

int main(int argc, char **argv)
{
	struct options options;
	struct pmc_tstamp then, now;
	quad_t total;
	int device;

	memset(&options, 0, sizeof(options));
	options.loops = 10;
	get_options(argc, argv, &options);

	device = open(_PATH_PERFMON, O_RDWR);
	if (device < 0)
		fail("open");

	/* By line, so that a command's output stands where it belongs even in a pipe. */
	if (setvbuf(stdout, NULL, _IOLBF, BUFSIZ) != 0)
		errx(EXIT_FAILURE, "standard output cannot be buffered by line");
	configure(device, &options.pmc);

	request(device, PMIOTSTAMP, "PMIOTSTAMP", &then);
	total = count(device, &options);
	request(device, PMIOTSTAMP, "PMIOTSTAMP", &now);

	printf("total: %lld\nmean: %.1f\n", (long long)total, (double)total / options.loops);
	printf("clocks: %lld at %d MHz\n", (long long)(now.pmct_value - then.pmct_value),
	       now.pmct_rate);
	if (fflush(stdout) != 0 || ferror(stdout))
		errx(EXIT_FAILURE, "standard output cannot be written");
	return EXIT_SUCCESS;
}

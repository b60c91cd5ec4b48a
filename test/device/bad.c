/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "conformance.h"

static void numbers_out_of_range(void)
{
	static const int numbers[] = { INT_MIN, PMC_ALL, NPMC, INT_MAX };
	int fd = open_writer();

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct pmc pmc = countable;
		quad_t value;

		pmc.pmc_num = numbers[i];
		CHECK_ERRNO(pm_setup(fd, pmc), EINVAL);
		CHECK_ERRNO(pm_get(fd, numbers[i], &pmc), EINVAL);
		CHECK_ERRNO(pm_start(fd, numbers[i]), EINVAL);
		CHECK_ERRNO(pm_stop(fd, numbers[i]), EINVAL);
		CHECK_ERRNO(pm_read(fd, numbers[i], &value), EINVAL);
		CHECK_ERRNO(pm_reset(fd, numbers[i]), EINVAL);
	}
}

static void not_set_up(void)
{
	int fd = open_writer();

	must_setup(fd, 0);
	for (int number = 1; number < NPMC; number++) {
		struct pmc pmc;
		quad_t value;

		CHECK_ERRNO(pm_get(fd, number, &pmc), EBUSY);
		CHECK_ERRNO(pm_start(fd, number), EBUSY);
		CHECK_ERRNO(pm_stop(fd, number), EBUSY);
		CHECK_ERRNO(pm_read(fd, number, &value), EBUSY);
		CHECK_ERRNO(pm_reset(fd, number), EBUSY);
	}
}

static bool is_request(unsigned long number)
{
	/* READ and TSTAMP of clients that align 64 bits to 4 bytes, and to 8. */
	static const unsigned long requests[] = {
		PMIOSETUP,
		PMIOGET,
		PMIOSTART,
		PMIOSTOP,
		PMIORESET,
		_IOC(_IOC_READ | _IOC_WRITE, '5', 4, 12),
		_IOC(_IOC_READ | _IOC_WRITE, '5', 4, 16),
		_IOC(_IOC_READ, '5', 6, 12),
		_IOC(_IOC_READ, '5', 6, 16),
	};

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (requests[i] == number)
			return true;
	return false;
}

static void check_unknown(int fd, unsigned long number)
{
	static _Alignas(16) char argument[1 << _IOC_SIZEBITS];

	if (is_request(number))
		return;
	errno = 0;
	if (ioctl(fd, number, argument) != -1 || errno != ENOTTY)
		FAIL("request 0x%lx: not ENOTTY but %s", number,
		     errno ? strerrorname_np(errno) : "success");
}

static void unknown_requests(void)
{
	static const unsigned sizes[] = { 0, 4, 8, 12, 16, 64, (1 << _IOC_SIZEBITS) - 1 };
	int fd = open_writer();

	for (unsigned direction = 0; direction < 4; direction++)
		for (unsigned number = 0; number < 256; number++)
			for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
				check_unknown(fd, _IOC(direction, '5', number, sizes[i]));
	check_unknown(fd, _IOW('6', 1, struct pmc));
	check_unknown(fd, 0);
	check_unknown(fd, 0xffffffff);
}

static void wrong_sizes_and_directions(void)
{
	int fd = open_writer();

	for (unsigned direction = 0; direction < 4; direction++)
		for (unsigned number = 1; number <= 7; number++)
			for (unsigned size = 0; size <= 40; size++)
				check_unknown(fd, _IOC(direction, '5', number, size));
}

static void bad_addresses(void)
{
	static const unsigned long requests[] = { PMIOSETUP, PMIOGET,   PMIOSTART, PMIOSTOP,
						  PMIOREAD,  PMIORESET, PMIOTSTAMP };
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *gone = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_writer();

	CHECK(gone != MAP_FAILED && munmap(gone, size) == 0);
	must_setup(fd, 0);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		CHECK_ERRNO(ioctl(fd, requests[i], NULL), EFAULT);
		CHECK_ERRNO(ioctl(fd, requests[i], gone), EFAULT);
	}
	CHECK(must_get(fd, 0).pmc_flags == countable.pmc_flags);
}

/* The whole argument must be there, not its first byte alone. */
static void torn_argument(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *page =
		mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_writer();

	CHECK(page != MAP_FAILED && munmap(page + size, size) == 0);
	CHECK_ERRNO(ioctl(fd, PMIOSETUP, page + size - 4), EFAULT);
	CHECK_ERRNO(ioctl(fd, PMIOREAD, page + size - 4), EFAULT);
	CHECK_ERRNO(pm_start(fd, 0), EBUSY);
}

/* An i386 program on a 64-bit kernel has READ and TSTAMP of 12 bytes, the others have 16. */
static void both_layouts(void)
{
	static const unsigned sizes[] = { 12, 16 };
	int fd = open_writer();

	must_setup(fd, 0);
	must_start(fd, 0);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char bytes[16];
		quad_t value;

		memset(bytes, 0x5a, sizeof bytes);
		memset(bytes, 0, sizeof(int));
		CHECK(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, '5', 4, sizes[i]), bytes) == 0);
		memcpy(&value, bytes + sizes[i] - sizeof value, sizeof value);
		CHECK(value == must_read(fd, 0));
		CHECK(sizes[i] == 16 || bytes[12] == 0x5a);
		/* The padding carries nothing of the daemon's. */
		CHECK(sizes[i] == 12 || memcmp(bytes + 4, "\0\0\0\0", 4) == 0);
	}
}

static void count_signal(int signal)
{
	(void)signal;
}

static void interrupted_requests(void)
{
	const struct sigaction action = { .sa_handler = count_signal };
	const struct itimerval every = { { 0, 500 }, { 0, 500 } };
	int fd = open_writer();

	must_setup(fd, 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
	for (int i = 0; i < 5000; i++)
		must_get(fd, 0);
}

static void read_often(int reader)
{
	for (int i = 0; i < 500; i++) {
		must_read(reader, 0);
		must_get(reader, 0);
	}
}

static void many_at_once(void)
{
	pid_t child[8];
	int writer = open_writer();

	must_setup(writer, 0);
	must_start(writer, 0);
	for (int i = 0; i < 8; i++)
		child[i] = start_child(read_often, open_reader());
	for (int i = 0; i < 200; i++) {
		must_stop(writer, 0);
		must_start(writer, 0);
	}
	for (int i = 0; i < 8; i++)
		must_end_well(child[i]);
}

static void ask_without_end(int reader)
{
	for (;;)
		must_get(reader, 0);
}

/* Clients that die inside a request leave the device to the others. */
static void killed_inside_a_request(void)
{
	int writer = open_writer();

	must_setup(writer, 0);
	for (int round = 0; round < 20; round++) {
		pid_t child[4];

		for (int i = 0; i < 4; i++)
			child[i] = start_child(ask_without_end, open_reader());
		usleep(2000);
		for (int i = 0; i < 4; i++)
			CHECK(kill(child[i], SIGKILL) == 0 &&
			      waitpid(child[i], NULL, 0) == child[i]);
		must_get(writer, 0);
	}
}

const struct test bad_tests[] = {
	{ "a counter number out of range is EINVAL", numbers_out_of_range },
	{ "a counter that is not set up is EBUSY", not_set_up },
	{ "every other request is ENOTTY", unknown_requests },
	{ "the seven with wrong sizes or directions are ENOTTY", wrong_sizes_and_directions },
	{ "a NULL or unmapped argument is EFAULT", bad_addresses },
	{ "an argument that is partly mapped is EFAULT", torn_argument },
	{ "READ answers in the layout of the request's size", both_layouts },
	{ "signals interrupt no request", interrupted_requests },
	{ "nine clients at once", many_at_once },
	{ "clients killed inside a request", killed_inside_a_request },
	{ NULL, NULL },
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include "conformance.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#define EXIT_SKIP       77
#define TEST_SECONDS    150
#define SKIP_REASON_MAX 128

const char *node = _PATH_PERFMON;
enum source source;
struct pmc countable;
struct pmc other;
struct model model;

static const struct test *const suites[] = { open_tests, counter_tests, figure_tests,
					     bad_tests,  node_tests,    extension_tests };

void fail_at(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* In memory that the test's process shares with the one that prints. */
static char *skip_reason;

void skip(const char *reason)
{
	snprintf(skip_reason, SKIP_REASON_MAX, "%s", reason);
	_exit(EXIT_SKIP);
}

int open_writer(void)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

int open_reader(void)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

int pm_setup(int fd, struct pmc pmc)
{
	return ioctl(fd, PMIOSETUP, &pmc);
}

int pm_get(int fd, int number, struct pmc *ret_pmc)
{
	struct pmc pmc = { .pmc_num = number };
	int result = ioctl(fd, PMIOGET, &pmc);

	if (result == 0)
		*ret_pmc = pmc;
	return result;
}

int pm_start(int fd, int number)
{
	return ioctl(fd, PMIOSTART, &number);
}

int pm_stop(int fd, int number)
{
	return ioctl(fd, PMIOSTOP, &number);
}

int pm_reset(int fd, int number)
{
	return ioctl(fd, PMIORESET, &number);
}

int pm_read(int fd, int number, quad_t *ret_value)
{
	struct pmc_data data = { .pmcd_num = number };
	int result = ioctl(fd, PMIOREAD, &data);

	if (result == 0)
		*ret_value = data.pmcd_value;
	return result;
}

int pm_tstamp(int fd, struct pmc_tstamp *ret_stamp)
{
	return ioctl(fd, PMIOTSTAMP, ret_stamp);
}

void must_setup(int fd, int number)
{
	struct pmc pmc = countable;

	pmc.pmc_num = number;
	CHECK(pm_setup(fd, pmc) == 0);
}

void must_start(int fd, int number)
{
	CHECK(pm_start(fd, number) == 0);
}

void must_stop(int fd, int number)
{
	CHECK(pm_stop(fd, number) == 0);
}

void must_reset(int fd, int number)
{
	CHECK(pm_reset(fd, number) == 0);
}

quad_t must_read(int fd, int number)
{
	quad_t value = -1;

	CHECK(pm_read(fd, number, &value) == 0);
	CHECK(value >= 0 && value < (quad_t)1 << 40);
	return value;
}

struct pmc must_get(int fd, int number)
{
	struct pmc pmc = { 0 };

	CHECK(pm_get(fd, number, &pmc) == 0);
	CHECK(pmc.pmc_num == number);
	return pmc;
}

quad_t read_above(int fd, int number, quad_t above)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (int tries = 0; tries < 5000; tries++) {
		quad_t value = must_read(fd, number);

		if (value > above)
			return value;
		nanosleep(&pause, NULL);
	}
	FAIL("counter %d counts nothing", number);
}

pid_t start_child(void (*body)(int), int argument)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child > 0)
		return child;
	body(argument);
	_exit(0);
}

void must_end_well(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool run(const struct test *test, int number)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(TEST_SECONDS);
		test->run();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
		printf("ok %d - %s # SKIP %s\n", number, test->name, skip_reason);
		return true;
	}
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %d - %s\n", number, test->name);
		return true;
	}
	printf("not ok %d - %s\n", number, test->name);
	return false;
}

/* --backend sim has one CPU; the test's msr files may have more. */
static bool choose_model(const char *name, unsigned cpus)
{
	static const struct model models[] = {
		{ .name = "p5",
		  .event = PMC5_INST_EXECUTED,
		  .bits = 0x000f003f,
		  .read_clocks = 2000 },
		{ .name = "p6",
		  .event = PMC6_CPU_CLK_UNHALTED,
		  .bits = 0xff8fffff,
		  .read_clocks = 2000 },
		{ .name = "arch", .event = 0x3c, .bits = 0xff87ffff, .read_clocks = 3000 },
		{ .name = "amd", .event = 0x76, .bits = 0xff87ffff, .read_clocks = 3000 },
	};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		if (strcmp(models[i].name, name) == 0) {
			source = SOURCE_SIM;
			model = models[i];
			model.cpus = cpus;
			countable.pmc_event = model.event;
			return true;
		}
	return false;
}

static bool choose_source(const char *name, unsigned cpus)
{
	countable.pmc_flags = PMCF_USR | PMCF_OS;
	if (strcmp(name, "interrupts") == 0) {
		source = SOURCE_INTERRUPTS;
		countable.pmc_event = PMC6_HW_INT_RX;
	} else if (strcmp(name, "pmu") == 0) {
		source = SOURCE_PMU;
		countable.pmc_event = PMC6_INST_RETIRED;
	} else if (!choose_model(name, cpus)) {
		return false;
	}
	other = countable;
	/* A P5 has no unit mask. */
	if (source == SOURCE_SIM && strcmp(model.name, "p5") == 0)
		other.pmc_event++;
	else
		other.pmc_unit = 7;
	return true;
}

int main(int argc, char *argv[])
{
	int number = 0;
	bool good = true;

	if (argc < 2 || argc > 4 ||
	    !choose_source(argv[1], argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 1)) {
		fprintf(stderr, "usage: conformance interrupts|pmu|p5|p6|arch|amd [NODE [CPUS]]\n");
		return 2;
	}
	if (argc >= 3)
		node = argv[2];
	skip_reason = mmap(NULL, SKIP_REASON_MAX, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skip_reason == MAP_FAILED) {
		perror("conformance: mmap");
		return 2;
	}
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		for (const struct test *test = suites[i]; test->name; test++)
			good &= run(test, ++number);
	printf("1..%d\n", number);
	return good ? 0 : 1;
}

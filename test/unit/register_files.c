/* SPDX-License-Identifier: BSD-2-Clause */

/* msr(4) files, played by plain files in a directory of the test's own. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/registers.h"
#include "capture.h"
#include "open_files.h"
#include "unit.h"

#define NOBODY 65534

static char directory[] = "/tmp/perfmon-unit-XXXXXX";
static struct registers *registers;

static const char *path_of(unsigned cpu, const char *file)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%u%s", directory, cpu, file);
	return path;
}

static void make_directory(unsigned cpu)
{
	assert_int_equal(mkdir(path_of(cpu, ""), 0755), 0);
}

static void make_file(unsigned cpu)
{
	int fd;

	make_directory(cpu);
	fd = open(path_of(cpu, "/msr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int make_files(void **state)
{
	(void)state;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
		return -1;
	make_file(0);
	make_file(3);
	make_directory(5);
	return symlink("/dev/full", path_of(5, "/msr"));
}

static int remove_files(void **state)
{
	static const unsigned cpus[] = { 0, 3, 5 };

	(void)state;
	for (size_t i = 0; i < COUNT(cpus); i++) {
		unlink(path_of(cpus[i], "/msr"));
		rmdir(path_of(cpus[i], ""));
	}
	return rmdir(directory);
}

static void put(unsigned cpu, off_t offset, const void *bytes, size_t size)
{
	int fd = open(path_of(cpu, "/msr"), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, offset), size);
	close(fd);
}

static uint64_t get(unsigned cpu, off_t offset)
{
	uint64_t value = 0;
	int fd = open(path_of(cpu, "/msr"), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &value, sizeof value, offset), sizeof value);
	close(fd);
	return value;
}

static int open_with(const char *cpus, int lock, struct registers **ret_registers)
{
	struct cpulist list;
	int result = cpulist_parse(cpus, &list);

	if (result < 0)
		return result;
	result = register_files_open(directory, &list, lock, ret_registers);
	if (result < 0)
		free(list.cpu);
	return result;
}

/* The files of a list of CPUs, for writing. */
static int open_list(const char *cpus, struct registers **ret_registers)
{
	int lock = register_files_lock(directory);
	int result = open_with(cpus, lock, ret_registers);

	assert_true(lock >= 0);
	if (result < 0)
		close(lock);
	return result;
}

static void test_lock(void **state)
{
	unsigned files = open_files();
	int lock;

	(void)state;
	assert_int_equal(open_list("0", &registers), 0);
	assert_int_equal(register_files_lock(directory), -EBUSY);
	registers->operations->close(registers);
	lock = register_files_lock(directory);
	assert_true(lock >= 0);
	close(lock);
	assert_int_equal(register_files_lock("/tmp/perfmon-unit/none"), -ENOENT);
	assert_int_equal(open_files(), files);
}

/* A failure leaves the lock to whoever took it. */
static void test_lock_stays_with_its_owner(void **state)
{
	int lock = register_files_lock(directory);

	(void)state;
	capture_start(STDERR_FILENO);
	assert_int_equal(open_with("1", lock, &registers), -ENOENT);
	(void)capture_end();
	assert_int_equal(register_files_lock(directory), -EBUSY);
	close(lock);
}

static void test_reading_only(void **state)
{
	static const uint64_t found = 42;
	uint64_t value = UNTOUCHED;
	int lock = register_files_lock(directory);

	(void)state;
	put(0, 0x186, &found, 8);
	assert_int_equal(open_with("0", -1, &registers), 0);
	assert_int_equal(registers->operations->read(registers, 0, 0x186, &value), 0);
	assert_int_equal(value, found);
	assert_int_equal(registers->operations->write(registers, 0, 0x186, 1), -EBADF);
	assert_int_equal(get(0, 0x186), found);
	registers->operations->close(registers);
	assert_int_equal(register_files_lock(directory), -EBUSY);
	close(lock);
}

/* --check has an answer of its own, and no line of the log in it. */
static void test_reading_only_says_nothing(void **state)
{
	(void)state;
	capture_start(STDERR_FILENO);
	assert_int_equal(open_with("1", -1, &registers), -ENOENT);
	assert_string_equal(capture_end(), "");
}

static void test_read_and_write(void **state)
{
	static const uint64_t values[] = { UINT64_C(0x123456789abcdef0), UINT64_MAX, 0 };
	uint64_t value = UNTOUCHED;
	unsigned files = open_files();

	(void)state;
	assert_int_equal(open_list("0,3\n", &registers), 0);
	assert_int_equal(registers->cpus, 2);
	for (size_t i = 0; i < COUNT(values); i++) {
		put(0, 0x186, &values[i], 8);
		assert_int_equal(registers->operations->read(registers, 0, 0x186, &value), 0);
		assert_int_equal(value, values[i]);
		assert_int_equal(registers->operations->write(registers, 1, 0xc1, values[i]), 0);
		assert_int_equal(get(3, 0xc1), values[i]);
	}
	/* An address of 32 bits is an offset, not a negative one. */
	assert_int_equal(registers->operations->write(registers, 1, 0xc0010000, 42), 0);
	assert_int_equal(get(3, 0xc0010000), 42);
	registers->operations->close(registers);
	assert_int_equal(open_files(), files);
}

static void test_short(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	put(0, 0x186, "four", 4);
	assert_int_equal(open_list("0", &registers), 0);
	assert_int_equal(registers->operations->read(registers, 0, 0x186, &value), -EIO);
	assert_int_equal(registers->operations->read(registers, 0, 0x1000, &value), -EIO);
	assert_int_equal(value, UNTOUCHED);
	registers->operations->close(registers);
}

static void test_refused_write(void **state)
{
	(void)state;
	assert_int_equal(open_list("5", &registers), 0);
	assert_int_equal(registers->operations->write(registers, 0, 0x186, 1), -ENOSPC);
	registers->operations->close(registers);
}

/* Fails with a line that has `cause` in it, and leaves nothing behind. */
static void check_failure(const char *cpus, int wanted, const char *cause)
{
	struct registers *made = (struct registers *)&made;
	unsigned files = open_files();
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = open_list(cpus, &made);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_ptr_equal(made, &made);
	assert_non_null(strstr(said, cause));
	assert_int_equal(open_files(), files);
}

static void test_missing_file(void **state)
{
	(void)state;
	check_failure("1", -ENOENT, "modprobe msr");
	check_failure("0,3-4", -ENOENT, "/4/msr");
}

/* A socket's file answers an open as an offline CPU's does. */
static void test_offline(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path_of(3, "/msr")), 0);
	strcpy(address.sun_path, path_of(3, "/msr"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	check_failure("0,3", -ENXIO, "the CPU is offline");
	close(fd);
}

static void test_too_many_files(void **state)
{
	struct rlimit before;
	struct rlimit limit;
	struct registers *made;
	const char *said;
	int lock = register_files_lock(directory);
	int result;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	capture_start(STDERR_FILENO);
	/* The next descriptor is the last. */
	limit.rlim_cur = (rlim_t)dup(lock) + 1;
	close((int)limit.rlim_cur - 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	result = open_with("0,3", lock, &made);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	said = capture_end();
	assert_int_equal(result, -EMFILE);
	assert_non_null(strstr(said, "/3/msr"));
	assert_non_null(strstr(said, "limit of open files"));
	close(lock);
}

static void test_malformed_list(void **state)
{
	(void)state;
	check_failure("", -EINVAL, "");
	check_failure("0-", -EINVAL, "");
}

static void test_no_permission(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		SKIP("takes root");
	child = fork();
	if (child == 0) {
		capture_start(STDERR_FILENO);
		_exit(setuid(NOBODY) == 0 && open_list("0", &registers) == -EACCES &&
				      strstr(capture_end(), "CAP_SYS_RAWIO")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_files, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read_and_write), TEST(short),
		TEST(refused_write),  TEST(missing_file),
		TEST(malformed_list), TEST(no_permission),
		TEST(lock),           TEST(lock_stays_with_its_owner),
		TEST(reading_only),   TEST(reading_only_says_nothing),
		TEST(offline),        TEST(too_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

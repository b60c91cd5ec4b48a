/* SPDX-License-Identifier: BSD-2-Clause */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

static char directory[] = "/tmp/perfmon-unit-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/pid", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void check_file(long pid)
{
	char wanted[32];
	char got[128] = "";
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	got[fread(got, 1, sizeof got - 1, file)] = '\0';
	fclose(file);
	snprintf(wanted, sizeof wanted, "%ld\n", pid);
	assert_string_equal(got, wanted);
}

static void open_own(struct pidfile *pidfile)
{
	assert_int_equal(pidfile_open(path, pidfile), 0);
	check_file(getpid());
}

/* Fails with `wanted` and a line that has `cause` in it. */
static void check_failure(int wanted, const char *cause)
{
	struct pidfile pidfile = { .path = directory, .fd = -7 };
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = pidfile_open(path, &pidfile);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_non_null(strstr(said, cause));
	assert_ptr_equal(pidfile.path, directory);
	assert_int_equal(pidfile.fd, -7);
}

static void end(struct pidfile *pidfile)
{
	pidfile_remove(pidfile);
	pidfile_close(pidfile);
}

static void test_open_and_close(void **state)
{
	struct pidfile pidfile;
	struct stat status;

	(void)state;
	open_own(&pidfile);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 022, 0);
	end(&pidfile);
	assert_int_equal(access(path, F_OK), -1);
	assert_null(pidfile.path);
	open_own(&pidfile);
	end(&pidfile);
	end(&pidfile);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_none(void **state)
{
	struct pidfile none = { .path = NULL, .fd = STDOUT_FILENO };

	(void)state;
	end(&none);
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

static void test_second_opener(void **state)
{
	struct pidfile pidfile;
	char cause[64];

	(void)state;
	open_own(&pidfile);
	snprintf(cause, sizeof cause, "process %ld has it locked", (long)getpid());
	check_failure(-EBUSY, cause);
	check_file(getpid());
	end(&pidfile);
	open_own(&pidfile);
	end(&pidfile);
}

/* Whoever has it is another process; when it is killed, its file is free. */
static void test_killed_holder(void **state)
{
	struct pidfile pidfile;
	char cause[64];
	char ready;
	int fd[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (pidfile_open(path, &pidfile) == 0 && write(fd[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(fd[1]);
	assert_int_equal(read(fd[0], &ready, 1), 1);
	close(fd[0]);
	snprintf(cause, sizeof cause, "process %ld has it locked", (long)child);
	check_failure(-EBUSY, cause);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	check_file(child);
	open_own(&pidfile);
	end(&pidfile);
}

static void test_stale_file(void **state)
{
	static const char *const texts[] = { "", "1\n", "99999999999999 and more\nlines\n" };
	struct pidfile pidfile;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(texts[i]);
		open_own(&pidfile);
		end(&pidfile);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void test_another_directory(void **state)
{
	struct pidfile pidfile;
	char before[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(pidfile_open("pid", &pidfile), 0);
	assert_int_equal(chdir("/"), 0);
	check_file(getpid());
	end(&pidfile);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(chdir(before), 0);
}

static void test_no_directory(void **state)
{
	char saved[sizeof path];

	(void)state;
	strcpy(saved, path);
	snprintf(path, sizeof path, "%s/no/pid", directory);
	check_failure(-ENOENT, "/no/pid: No such file");
	strcpy(path, saved);
}

/* What a link points at is not overwritten. */
static void test_link(void **state)
{
	(void)state;
	assert_int_equal(symlink("/dev/null", path), 0);
	check_failure(-ELOOP, path);
	assert_int_equal(access(path, F_OK), 0);
}

/* A device node that was named by mistake stays. */
static void test_device_node(void **state)
{
	struct stat status;

	(void)state;
	if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) < 0)
		SKIP("device nodes cannot be made here");
	check_failure(-EINVAL, path);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_and_close), TEST(none),       TEST(second_opener),
		TEST(killed_holder),  TEST(stale_file), TEST(another_directory),
		TEST(no_directory),   TEST(link),       TEST(device_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

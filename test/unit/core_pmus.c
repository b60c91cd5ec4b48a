/* SPDX-License-Identifier: BSD-2-Clause */

/* Kinds of core, from trees like sysfs's. */

#include "backend/core_pmus.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "open_files.h"
#include "readdir_wrap.h"
#include "unit.h"

static char tree[64];
static struct core_pmus pmus;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static int make_tree(void **state)
{
	(void)state;
	strcpy(tree, "/tmp/perfmond-pmus-XXXXXX");
	pmus = (struct core_pmus){ 0 };
	return mkdtemp(tree) ? 0 : -1;
}

static int remove_tree(void **state)
{
	(void)state;
	core_pmus_free(&pmus);
	return nftw(tree, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *pmu, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s/%s", tree, pmu, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* cpus, type: what the files hold, or NULL for none. */
static void add(const char *pmu, const char *cpus, const char *type)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", tree, pmu);
	assert_int_equal(mkdir(path, 0755), 0);
	if (cpus)
		write_file(pmu, "cpus", cpus);
	if (type)
		write_file(pmu, "type", type);
}

/* PMUs that are of no core: one has a file cpumask, in its place. */
static void add_others(void)
{
	add("software", NULL, "1\n");
	add("tracepoint", NULL, "2\n");
	add("uncore_imc_0", NULL, "18\n");
	write_file("uncore_imc_0", "cpumask", "0\n");
	add("msr", NULL, "16\n");
}

static void must_read(size_t count)
{
	unsigned files = open_files();
	const char *said;
	int result;

	pmus.count = 0x5a5a;
	capture_start(STDERR_FILENO);
	result = core_pmus_read(tree, &pmus);
	said = capture_end();
	assert_int_equal(result, 0);
	assert_string_equal(said, "");
	assert_int_equal(pmus.count, count);
	assert_int_equal(open_files(), files);
}

static void check_type(unsigned cpu, uint32_t type)
{
	const struct core_pmu *pmu = core_pmus_of(&pmus, cpu);

	if (!type) {
		assert_null(pmu);
		return;
	}
	assert_non_null(pmu);
	assert_int_equal(pmu->type, type);
}

static void test_none(void **state)
{
	(void)state;
	must_read(0);
	add_others();
	must_read(0);
	check_type(0, 0);
}

/* All cores are alike: x86's PMU without a list, and Arm's with one. */
static void test_one_kind(void **state)
{
	(void)state;
	add_others();
	add("cpu", NULL, "4\n");
	must_read(0);
	add("armv8_pmuv3_0", "0-3\n", "8\n");
	must_read(0);
	assert_null(pmus.pmu);
	check_type(0, 0);
}

static void test_intel(void **state)
{
	(void)state;
	add_others();
	add("cpu_core", "0-7\n", "4\n");
	add("cpu_atom", "8-15\n", "10\n");
	must_read(2);
	for (unsigned cpu = 0; cpu < 16; cpu++)
		check_type(cpu, cpu < 8 ? 4 : 10);
	check_type(16, 0);
}

static void test_arm(void **state)
{
	(void)state;
	add_others();
	add("armv8_cortex_a72", "4-5\n", "9\n");
	add("armv8_cortex_a53", "0-3\n", "8\n");
	must_read(2);
	for (unsigned cpu = 0; cpu < 6; cpu++)
		check_type(cpu, cpu < 4 ? 8 : 9);
	check_type(6, 0);
}

/* Three kinds, CPUs here and there, and the greatest number. */
static void test_three_kinds(void **state)
{
	(void)state;
	add("armv8_a", "0,2-3,7\n", "8\n");
	add("armv8_b", "1,4-6\n", "9\n");
	add("armv8_c", "8\n", "4294967295\n");
	must_read(3);
	check_type(0, 8);
	check_type(1, 9);
	check_type(3, 8);
	check_type(7, 8);
	check_type(6, 9);
	check_type(8, UINT32_MAX);
}

/* As sysfs has them. */
static void test_links_and_files(void **state)
{
	char path[256];
	char target[256];

	(void)state;
	add("device", "0-1\n", "4\n");
	add("cpu_atom", "2-3\n", "10\n");
	snprintf(target, sizeof target, "%s/device", tree);
	snprintf(path, sizeof path, "%s/.hidden", tree);
	assert_int_equal(rename(target, path), 0);
	snprintf(target, sizeof target, "%s/cpu_core", tree);
	assert_int_equal(symlink(".hidden", target), 0);
	snprintf(path, sizeof path, "%s/file", tree);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	must_read(2);
	check_type(1, 4);
	check_type(2, 10);
}

static void check_malformed(const char *name, int wanted)
{
	struct core_pmus untouched = { .count = 0x5a5a };
	unsigned files = open_files();
	const char *said;
	int result;

	capture_start(STDERR_FILENO);
	result = core_pmus_read(tree, &untouched);
	said = capture_end();
	assert_int_equal(result, wanted);
	assert_int_equal(untouched.count, 0x5a5a);
	assert_non_null(strstr(said, name));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_int_equal(open_files(), files);
}

static void test_malformed_cpus(void **state)
{
	static const char *const texts[] = { "",      "\n",    "x\n",  "0-\n",
					     "3-1\n", "0 1\n", "-1\n", "99999999999\n" };

	(void)state;
	add("cpu_atom", "8-15\n", "10\n");
	add("cpu_core", "0-7\n", "4\n");
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file("cpu_core", "cpus", texts[i]);
		check_malformed("cpu_core", -EINVAL);
	}
	write_file("cpu_core", "cpus", "0-7\n");
	must_read(2);
}

static void test_malformed_type(void **state)
{
	static const char *const texts[] = { "",     "\n",   "x\n",   "-4\n",         "+4\n",
					     " 4\n", "4 \n", "0x4\n", "4294967296\n", "4" };

	(void)state;
	add("cpu_atom", "8-15\n", "10\n");
	add("cpu_core", "0-7\n", "4\n");
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file("cpu_core", "type", texts[i]);
		check_malformed("cpu_core", -EINVAL);
	}
}

static void test_missing_type(void **state)
{
	(void)state;
	add("cpu_atom", "8-15\n", "10\n");
	add("cpu_core", "0-7\n", NULL);
	check_malformed("cpu_core", -EINVAL);
}

/* A list cut short would do without a kind of core. */
static void test_cut_short(void **state)
{
	(void)state;
	add("cpu_atom", "8-15\n", "10\n");
	add("cpu_core", "0-7\n", "4\n");
	for (int entries = 0; entries < 4; entries++) {
		struct core_pmus untouched = { .count = 0x5a5a };
		unsigned files = open_files();
		int result;

		capture_start(STDERR_FILENO);
		readdir_wrap_left = entries;
		result = core_pmus_read(tree, &untouched);
		readdir_wrap_left = -1;
		assert_non_null(strstr(capture_end(), tree));
		assert_int_equal(result, -EIO);
		assert_int_equal(untouched.count, 0x5a5a);
		assert_int_equal(open_files(), files);
	}
}

static void test_missing_directory(void **state)
{
	(void)state;
	strcat(tree, "/none");
	must_read(0);
	tree[strlen(tree) - 5] = '\0';
}

static void test_no_directory(void **state)
{
	(void)state;
	add("cpu_core", "0-7\n", "4\n");
	strcat(tree, "/cpu_core/cpus");
	check_malformed("cpus", -ENOTDIR);
	tree[strlen(tree) - 14] = '\0';
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none),           TEST(one_kind),
		TEST(intel),          TEST(arm),
		TEST(three_kinds),    TEST(links_and_files),
		TEST(malformed_cpus), TEST(malformed_type),
		TEST(missing_type),   TEST(missing_directory),
		TEST(no_directory),   TEST(cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

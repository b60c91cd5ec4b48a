/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/journal.h"

#include "backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define OTHER_BOOT        "01234567-89ab-cdef-0123-456789abcdef"
#define ENTRY             ENTRY_OF("0 0")
#define LONG              "                                                                "
#define SELECTS           "0000000000000002 0000000000000003 0000000000000004 0000000000000005"
#define ENTRY_OF(numbers) numbers " 0000000000000001 " SELECTS " 0000000000000006 1 0\n"

/* A directory of each test's own, by absolute names. */
static char directory[64];
static char path[128];
static char new_path[128];
static char said_path[128];

static struct journal_entry entries[] = {
	{ 0, 0, 0x00430076, 0x00130079, 0x00530079, 0x001300c0, 0x005300c0, 0xffffffffff, 1, 0 },
	{ 0, 1, 0, 0x001300c0, 0x001300c0, 0, 0, 0, 0, 1 },
	{ 7, 1, UINT64_MAX, 1, UINT64_MAX - 1, UINT64_MAX, 2, 0x8000000000000000, 1, 1 },
};

static const struct journal three = { "p6", entries, COUNT(entries) };
static const struct journal one = { "arch", entries, 1 };

/* A second opinion on the checksum: by its table. "123456789" has cbf43926, as everywhere. */
static uint32_t crc32_by_table(const char *text, size_t size)
{
	uint32_t table[256] = { 0 };
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < COUNT(table); i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? 0xedb88320 ^ table[i] >> 1 : table[i] >> 1;
	}
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ (uint8_t)text[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

/* What the log says goes to a file while a function of the journal runs. */
static int begin_log(void)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(said_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	return saved;
}

static void end_log(int saved)
{
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
}

static int read_journal(struct journal *ret_journal)
{
	int saved = begin_log();
	int result = journal_read(path, ret_journal);

	end_log(saved);
	return result;
}

static int take_journal(struct journal *ret_journal)
{
	int saved = begin_log();
	int result = journal_take(path, ret_journal);

	end_log(saved);
	return result;
}

static int write_journal(const struct journal *journal)
{
	int saved = begin_log();
	int result = journal_write(path, journal);

	end_log(saved);
	return result;
}

static size_t load(const char *name, char *text, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	assert_true(fd >= 0);
	length = read(fd, text, size - 1);
	assert_true(length >= 0 && (size_t)length < size - 1);
	close(fd);
	text[length] = '\0';
	return (size_t)length;
}

static void store(const char *name, const char *text, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
}

static void assert_said(const char *wanted)
{
	char text[4096];

	load(said_path, text, sizeof text);
	if (!strstr(text, wanted))
		fail_msg("the log has no \"%s\" but: %s", wanted, text);
}

/* Refused with a message, and still there for the administrator to see. */
static void assert_refused(const char *why)
{
	struct journal journal = { .count = 12345 };
	struct stat status;

	assert_int_equal(read_journal(&journal), -EBADMSG);
	assert_int_equal(journal.count, 12345);
	assert_said(why);
	assert_said("then remove the file");
	assert_int_equal(lstat(path, &status), 0);
}

static void assert_holds(const struct journal *wanted)
{
	struct journal journal;

	assert_int_equal(read_journal(&journal), 0);
	assert_string_equal(journal.model, wanted->model);
	assert_int_equal(journal.count, wanted->count);
	for (size_t i = 0; i < wanted->count; i++) {
		const struct journal_entry *got = &journal.entry[i];
		const struct journal_entry *entry = &wanted->entry[i];

		assert_true(got->cpu == entry->cpu && got->counter == entry->counter);
		assert_true(got->select_found == entry->select_found);
		assert_true(got->select_ours == entry->select_ours);
		assert_true(got->select_run == entry->select_run);
		assert_true(got->select_ours_before == entry->select_ours_before);
		assert_true(got->select_run_before == entry->select_run_before);
		assert_true(got->value_found == entry->value_found);
		assert_true(got->global_found == entry->global_found);
		assert_true(got->status_found == entry->status_found);
	}
	free(journal.entry);
}

static void assert_absent(const char *name)
{
	struct stat status;

	assert_int_equal(lstat(name, &status), -1);
	assert_int_equal(errno, ENOENT);
}

/* Only root's journals are believed. */
static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("# a journal has to be root's own\n");
	skip();
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/perfmon-journal-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/journal", directory);
	snprintf(new_path, sizeof new_path, "%s/journal.new", directory);
	snprintf(said_path, sizeof said_path, "%s.said", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	umount2(directory, MNT_DETACH);
	rmdir(path);
	unlink(path);
	rmdir(new_path);
	unlink(new_path);
	unlink(said_path);
	return rmdir(directory);
}

static void what_is_written_is_read(void **state)
{
	struct stat status;

	(void)state;
	need_root();
	assert_int_equal(write_journal(&three), 0);
	assert_holds(&three);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(write_journal(&one), 0);
	assert_holds(&one);
	assert_absent(new_path);
	journal_remove(path);
	assert_absent(path);
	journal_remove(path);
}

/* Known values, so that another version of the program reads today's journals. */
static void the_file_is_of_this_format(void **state)
{
	char text[1024];
	char wanted[1024];
	char boot_id[64];

	(void)state;
	need_root();
	assert_int_equal(crc32_by_table("123456789", 9), 0xcbf43926);
	load("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
	assert_int_equal(write_journal(&one), 0);
	load(path, text, sizeof text);
	snprintf(wanted, sizeof wanted,
		 "perfmond journal 2\nboot %smodel arch\n"
		 "0 0 0000000000430076 0000000000130079 0000000000530079 00000000001300c0 "
		 "00000000005300c0 000000ffffffffff 1 0\n",
		 boot_id);
	snprintf(wanted + strlen(wanted), 16, "crc %08x\n",
		 (unsigned)crc32_by_table(wanted, strlen(wanted)));
	assert_string_equal(text, wanted);
}

static void the_largest_journal_is_read(void **state)
{
	size_t count = (size_t)JOURNAL_CPUS_MAX * NPMC;
	struct journal_entry *entry = calloc(count + 1, sizeof *entry);
	struct journal journal = { "fifteen-letters", entry, count };

	(void)state;
	need_root();
	assert_non_null(entry);
	for (size_t i = 0; i < count; i++)
		entry[i] = (struct journal_entry){
			(unsigned)(i / NPMC), i % NPMC,   UINT64_MAX, UINT64_MAX, UINT64_MAX,
			UINT64_MAX,           UINT64_MAX, UINT64_MAX, 1,          1
		};
	assert_int_equal(write_journal(&journal), 0);
	assert_holds(&journal);
	journal.count++;
	assert_int_equal(write_journal(&journal), -EINVAL);
	free(entry);
}

static void an_empty_journal_is_read(void **state)
{
	struct journal journal = { "amd", NULL, 0 };

	(void)state;
	need_root();
	assert_int_equal(write_journal(&journal), 0);
	assert_holds(&journal);
}

static void no_journal_is_no_fault(void **state)
{
	struct journal journal;
	char text[64];

	(void)state;
	assert_int_equal(read_journal(&journal), -ENOENT);
	assert_int_equal(load(said_path, text, sizeof text), 0);
}

static void every_truncation_is_refused(void **state)
{
	char text[1024];
	size_t size;

	(void)state;
	need_root();
	assert_int_equal(write_journal(&three), 0);
	size = load(path, text, sizeof text);
	for (size_t length = 0; length < size; length++) {
		store(path, text, length);
		assert_refused("torn");
	}
	store(path, text, size);
	assert_holds(&three);
}

static void every_flipped_bit_is_refused(void **state)
{
	char text[1024];
	size_t size;

	(void)state;
	need_root();
	assert_int_equal(write_journal(&three), 0);
	size = load(path, text, sizeof text);
	for (size_t bit = 0; bit < size * 8; bit++) {
		char flipped[sizeof text];

		memcpy(flipped, text, size);
		flipped[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		store(path, flipped, size);
		assert_refused("wrong checksum");
	}
}

/* What a liar writes, checksum and all. boot: NULL for that of this kernel. */
static void forge(const char *version, const char *boot, const char *rest, size_t rest_size)
{
	char text[2048];
	char boot_id[64];
	size_t size;

	load("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	size = (size_t)snprintf(text, sizeof text, "%sboot %s\n", version, boot ? boot : boot_id);
	assert_true(size + rest_size + 16 < sizeof text);
	memcpy(text + size, rest, rest_size);
	size += rest_size;
	size += (size_t)snprintf(text + size, sizeof text - size, "crc %08x\n",
				 (unsigned)crc32_by_table(text, size));
	store(path, text, size);
}

#define REST(text, why)                         \
	{                                       \
		(text), sizeof(text) - 1, (why) \
	}

static const struct {
	const char *text;
	size_t size;
	const char *why;
} forgeries[] = {
	REST("model p6\n" ENTRY ENTRY, "named twice"),
	REST("model p6\n" ENTRY_OF("8192 0"), "number of a CPU"),
	REST("model p6\n" ENTRY_OF("99999 0"), "number of a CPU"),
	REST("model p6\n" ENTRY_OF("4294967296 0"), "number of a CPU"),
	REST("model p6\n" ENTRY_OF("-1 0"), "out of bounds"),
	REST("model p6\n" ENTRY_OF("0 2"), "number of a counter"),
	REST("model p6\n" ENTRY_OF("00 0"), "not as perfmond writes"),
	REST("model p6\n" ENTRY_OF("0 0 "), "not as perfmond writes"),
	REST("model p6\n" ENTRY_OF(" 0 0"), "not as perfmond writes"),
	REST("model p6\n" ENTRY_OF("0 x0"), "not as perfmond writes"),
	REST("model p6\n0 0 1 2 3 4 5 6 1 0\n", "not as perfmond writes"),
	REST("model p6\n" ENTRY_OF("0 0 0000000000000005"), "not as perfmond writes"),
	REST("model p6\n0 0 000000000000000A " SELECTS " 0000000000000006 1 0\n",
	     "not as perfmond writes"),
	REST("model p6\n0 0 00000000000000001 " SELECTS " 0000000000000006 1 0\n",
	     "not as perfmond writes"),
	REST("model p6\n0 0 0000000000000001 " SELECTS " 0000000000000006 2 0\n", "global control"),
	REST("model p6\n0 0 0000000000000001 " SELECTS " 0000000000000006 1 2\n", "global status"),
	REST("model p6\n0 0 0000000000000001 " SELECTS " 0000000000000006 1\n",
	     "not as perfmond writes"),
	REST("model p6\n" ENTRY "\n", "not as perfmond writes"),
	REST("model p6\n" ENTRY "more\n", "not as perfmond writes"),
	REST("model p6\n" ENTRY "\0", "not as perfmond writes"),
	REST("model p6\n\0" ENTRY, "not as perfmond writes"),
	REST("model p6\r\n" ENTRY, "not as perfmond writes"),
	REST("model p6 p5\n" ENTRY, "not as perfmond writes"),
	REST("model p6", "not as perfmond writes"),
	REST("model sixteen-letters-\n" ENTRY, "not as perfmond writes"),
	REST("model P6\n" ENTRY, "the model's name"),
	REST("model ../p6\n" ENTRY, "the model's name"),
	REST("model\n" ENTRY, "not as perfmond writes"),
	REST(ENTRY, "no model"),
	REST("model p6\n" LONG LONG ENTRY, "not as perfmond writes"),
	REST("", "no model"),
};

static void a_forged_journal_is_refused(void **state)
{
	(void)state;
	need_root();
	forge("perfmond journal 2\n", NULL, "model p6\n" ENTRY, strlen("model p6\n" ENTRY));
	assert_holds(&(struct journal){
		"p6", &(struct journal_entry){ 0, 0, 1, 2, 3, 4, 5, 6, 1, 0 }, 1 });
	for (size_t i = 0; i < COUNT(forgeries); i++) {
		forge("perfmond journal 2\n", NULL, forgeries[i].text, forgeries[i].size);
		assert_refused(forgeries[i].why);
	}
	forge("perfmond journal 1\n", NULL, "model p6\n" ENTRY, strlen("model p6\n" ENTRY));
	assert_refused("another version");
	forge("", NULL, "model p6\n" ENTRY, strlen("model p6\n" ENTRY));
	assert_refused("another version");
	forge("perfmond journal 2\n", "short", "model p6\n", strlen("model p6\n"));
	assert_refused("no boot id");
}

static void a_journal_of_another_boot_is_dropped(void **state)
{
	struct journal journal = { .count = 12345 };

	(void)state;
	need_root();
	forge("perfmond journal 2\n", OTHER_BOOT, "model p6\n" ENTRY, strlen("model p6\n" ENTRY));
	assert_int_equal(read_journal(&journal), -ESTALE);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(take_journal(&journal), -ENOENT);
	assert_int_equal(journal.count, 12345);
	assert_said("of another boot");
	assert_absent(path);
}

static void what_others_can_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };

	(void)state;
	need_root();
	assert_int_equal(write_journal(&one), 0);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_refused("others than root may write");
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_holds(&one);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_refused("not owned by root");
}

static void what_is_no_plain_file_is_refused(void **state)
{
	char target[160];

	(void)state;
	need_root();
	snprintf(target, sizeof target, "%s/target", directory);
	assert_int_equal(write_journal(&one), 0);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_refused("symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused("not a plain file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused("not a plain file");
}

static void a_file_without_end_is_refused(void **state)
{
	(void)state;
	need_root();
	store(path, "perfmond journal 2\n", 19);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	assert_refused("longer than any journal");
}

/* A writer that was killed left its file; a symbolic link there is not followed. */
static void a_left_over_file_is_replaced(void **state)
{
	char text[64];
	char target[160];

	(void)state;
	need_root();
	snprintf(target, sizeof target, "%s/target", directory);
	store(new_path, "torn", 4);
	assert_int_equal(write_journal(&one), 0);
	assert_holds(&one);
	store(target, "mine", 4);
	assert_int_equal(symlink(target, new_path), 0);
	assert_int_equal(write_journal(&three), 0);
	assert_holds(&three);
	load(target, text, sizeof text);
	assert_string_equal(text, "mine");
	assert_absent(new_path);
	assert_int_equal(unlink(target), 0);
}

static void a_failed_write_leaves_the_old_one(void **state)
{
	struct journal bad = { "p6", &(struct journal_entry){ 0, NPMC, 0, 0, 0, 0, 0, 0, 0, 0 },
			       1 };

	(void)state;
	need_root();
	assert_int_equal(write_journal(&one), 0);
	assert_int_equal(write_journal(&bad), -EINVAL);
	assert_holds(&one);
	assert_int_equal(mkdir(new_path, 0700), 0);
	assert_int_equal(write_journal(&three), -EIO);
	assert_said("cannot be written");
	assert_holds(&one);
}

static void a_failed_rename_leaves_nothing_new(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(write_journal(&one), -EIO);
	assert_absent(new_path);
}

static void no_directory_is_told(void **state)
{
	(void)state;
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(write_journal(&one), -EIO);
	assert_said("--state-dir");
	assert_int_equal(mkdir(directory, 0700), 0);
}

/* Not one that proc(5) lacks: nobody is sent to mount it. */
static void no_descriptor_for_the_boot_id_is_told(void **state)
{
	struct rlimit limit;
	struct rlimit none;
	int saved = begin_log();
	int lowest = dup(saved);
	char text[4096];
	int result;

	(void)state;
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &none);
	result = journal_write(path, &one);
	setrlimit(RLIMIT_NOFILE, &limit);
	end_log(saved);
	assert_int_equal(result, -EMFILE);
	assert_said("no boot id");
	assert_said("Too many open files");
	load(said_path, text, sizeof text);
	assert_null(strstr(text, "mount proc"));
	assert_absent(path);
}

static void recover(const char *state_directory)
{
	const struct backend_options options = { .state_directory = state_directory };
	int saved = begin_log();

	msr_recover(&options);
	end_log(saved);
}

/* That none is there is nothing to tell of. */
static void what_cannot_be_looked_at_is_told(void **state)
{
	char name[300];
	char text[4096];

	(void)state;
	recover(directory);
	assert_int_equal(load(said_path, text, sizeof text), 0);
	store(path, "", 0);
	recover(path);
	assert_int_equal(load(said_path, text, sizeof text), 0);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	recover(name);
	assert_said("cannot be read: File name too long");
	assert_said("changed stay as they are");
}

/* A disk of 8 KiB on the test's directory, in a mount namespace of this process's own. */
static void mount_small_disk(void)
{
	static bool own_namespace;

	if (!own_namespace)
		own_namespace = unshare(CLONE_NEWNS) == 0 &&
				mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (own_namespace && mount("journal", directory, "tmpfs", 0, "size=8k,mode=700") == 0)
		return;
	print_message("# no right to mount a small disk: %s\n", strerror(errno));
	skip();
}

static void a_full_disk_leaves_the_old_one(void **state)
{
	struct journal_entry many[128] = { 0 };
	struct journal large = { "p6", many, COUNT(many) };

	(void)state;
	need_root();
	mount_small_disk();
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i].cpu = i;
	assert_int_equal(write_journal(&one), 0);
	assert_int_equal(write_journal(&large), -ENOSPC);
	assert_said("No space left");
	assert_absent(new_path);
	assert_holds(&one);
}

static void a_read_only_directory_is_told(void **state)
{
	(void)state;
	need_root();
	mount_small_disk();
	assert_int_equal(write_journal(&one), 0);
	assert_int_equal(mount(NULL, directory, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(write_journal(&three), -EROFS);
	assert_said("Read-only file system");
	assert_holds(&one);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(the_file_is_of_this_format),
		TEST(the_largest_journal_is_read),
		TEST(an_empty_journal_is_read),
		TEST(no_journal_is_no_fault),
		TEST(every_truncation_is_refused),
		TEST(every_flipped_bit_is_refused),
		TEST(a_forged_journal_is_refused),
		TEST(a_journal_of_another_boot_is_dropped),
		TEST(what_others_can_write_is_refused),
		TEST(what_is_no_plain_file_is_refused),
		TEST(a_file_without_end_is_refused),
		TEST(a_left_over_file_is_replaced),
		TEST(a_failed_write_leaves_the_old_one),
		TEST(a_failed_rename_leaves_nothing_new),
		TEST(no_directory_is_told),
		TEST(no_descriptor_for_the_boot_id_is_told),
		TEST(what_cannot_be_looked_at_is_told),
		TEST(a_full_disk_leaves_the_old_one),
		TEST(a_read_only_directory_is_told),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}

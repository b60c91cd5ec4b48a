/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Files of proc and sysfs that parsers of the daemon read. The first byte says which; the rest is
 * what the file holds, or the files.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/core_pmus.h"
#include "backend/cpulist.h"
#include "backend/interrupts.h"
#include "fuzz.h"
#include "pidfile.h"
#include "probe.h"
#include "tracer.h"

static char directory[64];
static const struct bytes *held; /* what every file of proc and sysfs holds, or NULL: its own */

FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	/* fmemopen(3) writes nothing where it opens for reading. */
	if (held && strcmp(mode, "re") == 0)
		return fmemopen((void *)held->data, held->size, "r");
	return __real_fopen64(path, mode);
}

/* The format once more: ascending, no range backwards, one line or the end. */
static bool is_list(const char *text, size_t *ret_count)
{
	long last = -1;

	*ret_count = 0;
	for (;;) {
		unsigned long bound[2];

		for (int i = 0; i < 2; i++) {
			char *end;

			if (!isdigit((unsigned char)*text))
				return false;
			bound[i] = strtoul(text, &end, 10);
			bound[1] = bound[i];
			text = end;
			if (i == 1 || *text != '-')
				break;
			text++;
		}
		if ((long)bound[0] <= last || bound[1] < bound[0] || bound[1] >= 65536)
			return false;
		last = (long)bound[1];
		*ret_count += bound[1] - bound[0] + 1;
		if (*text != ',')
			break;
		text++;
	}
	return text[*text == '\n'] == '\0';
}

static void check_list(const struct cpulist *list, size_t count)
{
	MUST(list->count == count && count > 0);
	for (size_t i = 1; i < list->count; i++)
		MUST(list->cpu[i] > list->cpu[i - 1]);
	MUST(cpulist_has(list, list->cpu[0]) && !cpulist_has(list, 65536));
}

static void fuzz_cpulist(struct bytes *bytes)
{
	char *text = bytes_text(bytes, '\0', NULL);
	struct cpulist list = { .count = 12345 };
	size_t count;
	bool good = is_list(text, &count);
	int result = cpulist_parse(text, &list);

	MUST(result == (good ? 0 : -EINVAL));
	if (result == 0)
		check_list(&list, count);
	else
		MUST(list.count == 12345 && !list.cpu);
	if (result == 0)
		free(list.cpu);
	free(text);
}

/* Whether the file has a line of this total. */
static bool has_total(const struct bytes *bytes, uint64_t total)
{
	for (size_t i = 0; i + 7 <= bytes->size; i++) {
		uint64_t number = 0;
		size_t at = i + 6;

		if (memcmp(bytes->data + i, "\nintr ", 6) != 0)
			continue;
		while (at < bytes->size && isdigit(bytes->data[at]))
			number = number * 10 + (uint64_t)(bytes->data[at++] - '0');
		if (at > i + 6 && at < bytes->size && bytes->data[at] == ' ' &&
		    (number == total || at - i > 6 + 19))
			return true;
	}
	return false;
}

static void fuzz_interrupts(struct bytes *bytes)
{
	uint64_t total = 12345;
	int fd = memfd_create("stat", MFD_CLOEXEC);
	int result;

	MUST(fd >= 0 && write(fd, bytes->data, bytes->size) == (ssize_t)bytes->size);
	result = interrupts_read(fd, &total);
	MUST(result == 0 || result == -EIO);
	MUST(result == 0 ? has_total(bytes, total) : total == 12345);
	close(fd);
}

/* Three PMUs, each of which has both files, one or none. */
static const char *const pmus[] = { "cpu_core", "cpu_atom", "uncore" };
static const char *const files[] = { "cpus", "type" };

static void store(const char *pmu, const char *name, const char *text, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s/%s", directory, pmu, name);
	unlink(path);
	if (!text)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
}

static void fuzz_core_pmus(struct bytes *bytes)
{
	struct core_pmus read = { .count = 12345 };
	int result;

	for (size_t i = 0; i < COUNT(pmus); i++)
		for (size_t k = 0; k < COUNT(files); k++) {
			size_t size;
			char *text = bytes_text(bytes, ';', &size);

			store(pmus[i], files[k], text[0] == '!' ? NULL : text, size);
			free(text);
		}
	result = core_pmus_read(directory, &read);
	MUST(result == 0 || (result == -EINVAL && read.count == 12345));
	if (result < 0)
		return;
	MUST(read.count == 0 || (read.count >= 2 && read.count <= COUNT(pmus)));
	for (size_t i = 0; i < read.count; i++)
		check_list(&read.pmu[i].cpus, read.pmu[i].cpus.count);
	for (size_t i = 0; i < read.count; i++)
		MUST(core_pmus_of(&read, read.pmu[i].cpus.cpu[0]));
	core_pmus_free(&read);
}

/* /proc/locks, /proc/misc, lists of modules and settings of one line. */
static void fuzz_probes(struct bytes *bytes)
{
	char small[8];
	char path[80];
	const char *lockdown;

	held = bytes;
	probe_setting("/proc/sys/kernel/nmi_watchdog", small, sizeof small);
	MUST(strlen(small) < sizeof small && strlen(small) <= bytes->size);
	lockdown = probe_lockdown();
	MUST(strcmp(lockdown, "none") == 0 || memmem(bytes->data, bytes->size, lockdown, 9));
	MUST(!probe_misc_device("cuse") || memmem(bytes->data, bytes->size, "cuse", 4));
	MUST(!probe_module("msr") || memmem(bytes->data, bytes->size, "/msr.ko", 7));
	(void)probe_lock_holder(directory, 1);
	held = NULL;
	snprintf(path, sizeof path, "%s/cpu_core/cpus", directory);
	store(pmus[0], files[0], (const char *)bytes->data, bytes->size);
	(void)pidfile_holder(path);
}

/* The name of a process goes into a line of the trace: no blank, nothing that is not printed. */
static void fuzz_tracer(struct bytes *bytes)
{
	struct tracer tracer;
	char name[32];
	int process = -1;

	MUST(tracer_open("/dev/null", &tracer) == 0);
	held = bytes;
	tracer.trace.process(12345, &process, name, sizeof name);
	held = NULL;
	MUST(name[0] && strlen(name) < sizeof name);
	for (const char *at = name; *at; at++)
		MUST(isgraph((unsigned char)*at));
	MUST(process == 12345 || memmem(bytes->data, bytes->size, "Tgid:", 5));
	tracer_close(&tracer);
}

static void clean_up(void)
{
	char path[128];

	for (size_t i = 0; i < COUNT(pmus); i++) {
		for (size_t k = 0; k < COUNT(files); k++)
			store(pmus[i], files[k], NULL, 0);
		snprintf(path, sizeof path, "%s/%s", directory, pmus[i]);
		rmdir(path);
	}
	rmdir(directory);
}

static void prepare(void)
{
	char path[128];

	snprintf(directory, sizeof directory, "%s/perfmond-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(directory));
	for (size_t i = 0; i < COUNT(pmus); i++) {
		snprintf(path, sizeof path, "%s/%s", directory, pmus[i]);
		MUST(mkdir(path, 0700) == 0);
	}
	atexit(clean_up);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const fuzzers[])(struct bytes *) = { fuzz_cpulist, fuzz_interrupts,
							   fuzz_core_pmus, fuzz_probes,
							   fuzz_tracer };
	struct bytes bytes = { data, size };
	uint8_t which = bytes_one(&bytes);
	unsigned before;

	if (!directory[0])
		prepare();
	before = open_files();
	fuzzers[which % COUNT(fuzzers)](&bytes);
	MUST(open_files() == before);
	return 0;
}

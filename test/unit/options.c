/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/model.h"
#include "capture.h"
#include "transport/transport.h"
#include "unit.h"

/* What the options choose among, by name alone. */
const struct transport_operations cuse_transport = { .name = "cuse" };
const struct transport_operations fuse_transport = { .name = "fuse" };
const struct backend_operations perf_backend = { .name = "perf", .scopes = true };
const struct backend_operations msr_backend = { .name = "msr" };
const struct backend_operations sim_backend = { .name = "sim" };

/* Of the same room. */
int model_kind_by_name(const char *name, enum model_kind *ret_kind)
{
	*ret_kind = MODEL_P5;
	return strcmp(name, "p5") == 0 || strcmp(name, "p6") == 0 ? 0 : -EINVAL;
}

#define NAME_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define NAME_95 NAME_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs"

#define DEFAULTS                                                                      \
	.backend = &perf_backend, .events = EVENT_SET_AUTO, .device = "perfmon",      \
	.mode = MODE_DEFAULT, .state_directory = "/run/perfmond", .user = "perfmond", \
	.max_opens = 8192

#define WORDS 6

static const struct good {
	const char *words[WORDS];
	struct options options;
} good[] = {
	{ { NULL }, { DEFAULTS } },
	{ { "-f" }, { DEFAULTS, .foreground = true } },
	{ { "--transport", "auto" }, { DEFAULTS } },
	{ { "--transport", "cuse" }, { DEFAULTS, .transport = &cuse_transport } },
	{ { "--transport=fuse" }, { DEFAULTS, .transport = &fuse_transport } },
	{ { "--transport", "cuse", "--transport", "auto" }, { DEFAULTS } },
	{ { "--group", "kmem" }, { DEFAULTS, .group = "kmem" } },
	{ { "--pidfile", "p" }, { DEFAULTS, .pidfile = "p" } },
	{ { "--trace=t" }, { DEFAULTS, .trace = true, .trace_file = "t" } },
	{ { "--trace", "-f" }, { DEFAULTS, .trace = true, .foreground = true } },
	{ { "-f", "--trace=t" },
	  { DEFAULTS, .trace = true, .trace_file = "t", .foreground = true } },
	{ { "--scope", "system" }, { DEFAULTS } },
	{ { "--scope", "opener" }, { DEFAULTS, .scope = SCOPE_OPENER } },
	{ { "--scope=cpu:0" }, { DEFAULTS, .scope = SCOPE_CPU } },
	{ { "--scope", "cpu:17" }, { DEFAULTS, .scope = SCOPE_CPU, .scope_cpu = 17 } },
	{ { "--scope", "cpu:2147483647" },
	  { DEFAULTS, .scope = SCOPE_CPU, .scope_cpu = 2147483647 } },
	{ { "--scope", "opener", "--scope", "system" }, { DEFAULTS } },
	{ { "--scope", "system", "--scope", "opener" }, { DEFAULTS, .scope = SCOPE_OPENER } },
	{ { "--scope", "opener", "--scope", "cpu:3" },
	  { DEFAULTS, .scope = SCOPE_CPU, .scope_cpu = 3 } },
	{ { "--backend", "perf", "--scope", "opener" }, { DEFAULTS, .scope = SCOPE_OPENER } },
	{ { "--backend", "msr", "--backend", "auto", "--scope", "opener" },
	  { DEFAULTS, .scope = SCOPE_OPENER } },
	{ { "--approximate" }, { DEFAULTS, .approximate = true } },
	{ { "--approximate", "--scope", "opener" },
	  { DEFAULTS, .approximate = true, .scope = SCOPE_OPENER } },
	{ { "--" }, { DEFAULTS } },
};

/* Those that replace a default, which an initializer cannot without a warning. */
static const struct replaced {
	const char *words[WORDS];
	const char *device;
	const char *state_directory;
	const struct backend_operations *backend;
	enum event_set events;
	mode_t mode;
} replaced[] = {
	{ { "--device", "p" }, "p", 0, 0, 0, 0 },
	{ { "--device", "a-b_c.d9" }, "a-b_c.d9", 0, 0, 0, 0 },
	{ { "--device", NAME_95 }, NAME_95, 0, 0, 0, 0 },
	{ { "--state-dir", "/s" }, 0, "/s", 0, 0, 0 },
	{ { "--backend", "sim" }, 0, 0, &sim_backend, 0, 0 },
	{ { "--backend", "msr", "--scope", "system" }, 0, 0, &msr_backend, 0, 0 },
	{ { "--scope", "opener", "--backend", "sim", "--scope", "system" },
	  0,
	  0,
	  &sim_backend,
	  0,
	  0 },
	{ { "--backend=perf" }, 0, 0, &perf_backend, 0, 0 },
	{ { "--backend", "sim", "--backend", "auto" }, 0, 0, &perf_backend, 0, 0 },
	{ { "--events", "p5" }, 0, 0, 0, EVENT_SET_P5, 0 },
	{ { "--events", "p6" }, 0, 0, 0, EVENT_SET_P6, 0 },
	{ { "--events", "native" }, 0, 0, 0, EVENT_SET_NATIVE, 0 },
	{ { "--events", "native", "--events", "auto" }, 0, 0, 0, EVENT_SET_AUTO, 0 },
	{ { "--mode", "660" }, 0, 0, 0, 0, 0660 },
	{ { "--mode", "0640" }, 0, 0, 0, 0, 0640 },
	{ { "--mode", "777" }, 0, 0, 0, 0, 0777 },
	{ { "--mode", "1" }, 0, 0, 0, 0, 1 },
};

static const struct bad {
	const char *words[WORDS];
	const char *said;
} bad[] = {
	{ { "-x" }, "'x'" },
	{ { "-fx" }, "'x'" },
	{ { "--nonsense" }, "--nonsense" },
	{ { "--device" }, "--device" },
	{ { "--help=1" }, "--help" },
	{ { "file" }, "file" },
	{ { "-f", "--", "-f" }, "-f" },
	{ { "-f", "--trace", "file" }, "file" },
	{ { "--trace" }, "--trace" },
	{ { "--transport", "" }, "cuse" },
	{ { "--transport", "CUSE" }, "CUSE" },
	{ { "--transport", "cusefuse" }, "cusefuse" },
	{ { "--backend", "rdpmc" }, "rdpmc" },
	{ { "--sim-cpu", "k7" }, "k7" },
	{ { "--backend", "" }, "perf" },
	{ { "--events", "p7" }, "p7" },
	{ { "--events", "" }, "native" },
	{ { "--scope" }, "--scope" },
	{ { "--scope", "" }, "system, opener or cpu:N" },
	{ { "--scope", "SYSTEM" }, "system, opener or cpu:N" },
	{ { "--scope", "openers" }, "openers" },
	{ { "--scope", "cpu" }, "system, opener or cpu:N" },
	{ { "--scope", "cpu0" }, "system, opener or cpu:N" },
	{ { "--scope", "cpu:" }, "system, opener or cpu:N" },
	{ { "--scope", "cpu:all" }, "cpu:all" },
	{ { "--scope", "cpu:-1" }, "cpu:-1" },
	{ { "--scope", "cpu:+1" }, "cpu:+1" },
	{ { "--scope", "cpu: 1" }, "cpu: 1" },
	{ { "--scope", "cpu:1 " }, "number of a CPU" },
	{ { "--scope", "cpu:1,2" }, "number of a CPU" },
	{ { "--scope", "cpu:0x1" }, "number of a CPU" },
	{ { "--scope", "cpu:0-1" }, "number of a CPU" },
	{ { "--scope", "cpu:2147483648" }, "number of a CPU" },
	{ { "--scope", "cpu:99999999999999999999999" }, "number of a CPU" },
	{ { "--backend", "msr", "--scope", "opener" }, "backend msr counts the whole machine" },
	{ { "--scope", "opener", "--backend", "msr" }, "--backend perf" },
	{ { "--backend", "msr", "--scope", "cpu:0" }, "backend msr counts the whole machine" },
	{ { "--backend", "sim", "--scope", "opener" }, "backend sim counts the whole machine" },
	{ { "--scope", "cpu:0", "--backend", "sim" }, "backend sim counts the whole machine" },
	{ { "--approximate=1" }, "--approximate" },
	{ { "--device", "" }, "plain name" },
	{ { "--device", "." }, "plain name" },
	{ { "--device", ".." }, "plain name" },
	{ { "--device", ".hidden" }, "plain name" },
	{ { "--device", "-x" }, "-x" },
	{ { "--device", "a/b" }, "a/b" },
	{ { "--device", "/dev/perfmon" }, "/dev/perfmon" },
	{ { "--device", "a!b" }, "a!b" },
	{ { "--device", "a b" }, "a b" },
	{ { "--device", "a\nb" }, "letters" },
	{ { "--device", "\xc3\xa4" }, "letters" },
	{ { "--device", NAME_95 "x" }, "plain name" },
	{ { "--mode", "" }, "octal" },
	{ { "--max-opens", "0" }, "a number from 1 on" },
	{ { "--max-opens", "-1" }, "a number from 1 on" },
	{ { "--max-opens", "10 " }, "a number from 1 on" },
	{ { "--max-opens", "2147483648" }, "a number from 1 on" },
	{ { "--mode", "8" }, "octal" },
	{ { "--mode", "1000" }, "octal" },
	{ { "--mode", "4755" }, "octal" },
	{ { "--mode", "-1" }, "octal" },
	{ { "--mode", "+660" }, "octal" },
	{ { "--mode", " 660" }, "octal" },
	{ { "--mode", "660 " }, "octal" },
	{ { "--mode", "0x1b0" }, "octal" },
	{ { "--mode", "rw-rw----" }, "octal" },
	{ { "--mode", "2000000000000000000000" }, "octal" },
};

static enum options_verdict parse(const char *const words[WORDS], struct options *options)
{
	char texts[WORDS + 1][128] = { "perfmond" };
	char *argv[WORDS + 2] = { texts[0] };
	int argc = 1;

	for (int i = 0; i < WORDS && words[i]; i++) {
		strncpy(texts[argc], words[i], sizeof texts[argc] - 1);
		argv[argc] = texts[argc];
		argc++;
	}
	return options_parse(argc, argv, options);
}

static void check_text(const char *got, const char *wanted)
{
	if (wanted)
		assert_string_equal(got, wanted);
	else
		assert_null(got);
}

/* trace_file points into argv, which is gone: parse() is for the rest. */
static void check_equal(const char *const words[WORDS], const struct options *wanted)
{
	static char texts[WORDS + 1][128];
	char *argv[WORDS + 2] = { strcpy(texts[0], "perfmond") };
	struct options got;
	int argc = 1;

	for (int i = 0; i < WORDS && words[i]; i++, argc++)
		argv[argc] = strcpy(texts[argc], words[i]);
	assert_int_equal(options_parse(argc, argv, &got), OPTIONS_RUN);
	assert_int_equal(got.foreground, wanted->foreground);
	assert_ptr_equal(got.transport, wanted->transport);
	assert_ptr_equal(got.backend, wanted->backend);
	assert_int_equal(got.events, wanted->events);
	assert_int_equal(got.scope, wanted->scope);
	if (wanted->scope == SCOPE_CPU)
		assert_int_equal(got.scope_cpu, wanted->scope_cpu);
	assert_int_equal(got.approximate, wanted->approximate);
	check_text(got.device, wanted->device);
	check_text(got.group, wanted->group);
	assert_int_equal(got.mode, wanted->mode);
	assert_int_equal(got.max_opens, wanted->max_opens);
	assert_string_equal(got.user, wanted->user);
	check_text(got.state_directory, wanted->state_directory);
	check_text(got.pidfile, wanted->pidfile);
	assert_int_equal(got.trace, wanted->trace);
	check_text(got.trace_file, wanted->trace_file);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		check_equal(good[i].words, &good[i].options);
}

static void test_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replaced); i++) {
		const struct replaced *row = &replaced[i];
		struct options wanted = { DEFAULTS };

		if (row->device)
			wanted.device = row->device;
		if (row->state_directory)
			wanted.state_directory = row->state_directory;
		if (row->backend)
			wanted.backend = row->backend;
		if (row->mode)
			wanted.mode = row->mode;
		wanted.events = row->events;
		check_equal(row->words, &wanted);
	}
}

static void test_mode_0(void **state)
{
	static const char *const words[WORDS] = { "--mode", "0" };
	struct options options;

	(void)state;
	assert_int_equal(parse(words, &options), OPTIONS_RUN);
	assert_int_equal(options.mode, 0);
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct options options = { .device = "untouched" };
		enum options_verdict verdict;
		const char *said;

		capture_start(STDERR_FILENO);
		verdict = parse(bad[i].words, &options);
		said = capture_end();
		if (verdict != OPTIONS_BAD || !strstr(said, bad[i].said))
			fail_msg("%s %s: verdict %d, said %s", bad[i].words[0],
				 bad[i].words[1] ? bad[i].words[1] : "", verdict, said);
		assert_string_equal(options.device, "untouched");
	}
}

static void test_version(void **state)
{
	static const char *const words[WORDS] = { "--version", "--nonsense" };
	struct options options = { .device = "untouched" };
	enum options_verdict verdict;
	const char *said;

	(void)state;
	capture_start(STDOUT_FILENO);
	verdict = parse(words, &options);
	said = capture_end();
	assert_int_equal(verdict, OPTIONS_DONE);
	assert_string_equal(said, "perfmond " PERFMOND_VERSION "\n");
	assert_string_equal(options.device, "untouched");
}

static void test_user_and_opens(void **state)
{
	static const char *const words[WORDS] = { "--user", "nobody", "--max-opens", "2147483647" };
	struct options options;

	(void)state;
	assert_int_equal(parse(words, &options), OPTIONS_RUN);
	assert_string_equal(options.user, "nobody");
	assert_int_equal(options.max_opens, 2147483647);
}

static void test_help(void **state)
{
	static const char *const words[WORDS] = { "--help" };
	static const char *const names[] = {
		"-f",        "--transport",   "--device", "--backend",   "--events", "--group",
		"--scope",   "--approximate", "--mode",   "--state-dir", "--trace",  "--pidfile",
		"--version", "--help",        "--user",   "--max-opens",
	};
	struct options options;
	enum options_verdict verdict;
	const char *said;

	(void)state;
	capture_start(STDOUT_FILENO);
	verdict = parse(words, &options);
	said = capture_end();
	assert_int_equal(verdict, OPTIONS_DONE);
	assert_memory_equal(said, "usage: perfmond ", 16);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_non_null(strstr(said, names[i]));
	for (const char *line = said; *line; line = strchr(line, '\n') + 1)
		assert_true(strchr(line, '\n') - line <= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),           cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_mode_0),         cmocka_unit_test(test_bad),
		cmocka_unit_test(test_user_and_opens), cmocka_unit_test(test_version),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

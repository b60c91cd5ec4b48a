/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/tstamp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/tstamp_cpuid.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define INTEL 0x756e6547, 0x6c65746e, 0x49656e69
#define AMD   0x68747541, 0x444d4163, 0x69746e65

#define GUEST 0x80000000U
#define TSC   0x10U

struct leaf {
	uint32_t number;
	struct cpuid value;
};

/* A processor by its leaves; those that it does not list are zeros. */
struct processor {
	struct cpuid_source source;
	const char *name;
	struct leaf leaves[6];
	uint64_t crystal_hz;
	uint64_t base_hz;
	uint64_t hypervisor_hz;
};

static struct cpuid read_leaf(const struct cpuid_source *source, uint32_t number)
{
	const struct processor *processor = (const struct processor *)source;

	for (size_t i = 0; i < COUNT(processor->leaves); i++)
		if (processor->leaves[i].number == number)
			return processor->leaves[i].value;
	return (struct cpuid){ 0 };
}

static const struct processor processors[] = {
	{ .source = { read_leaf },
	  .name = "Skylake client, crystal stated",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x506e3, 0, 0, TSC } },
		      { 0x15, { 2, 216, 24000000, 0 } },
		      { 0x16, { 2600, 3500, 100, 0 } } },
	  .crystal_hz = 2592000000 },
	{ .source = { read_leaf },
	  .name = "a crystal that is no whole number of MHz",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x506ca, 0, 0, TSC } },
		      { 0x15, { 3, 171, 19200000, 0 } } },
	  .crystal_hz = 1094400000 },
	{ .source = { read_leaf },
	  .name = "more than 32 bits of Hz",
	  .leaves = { { 0, { 0x1f, INTEL } },
		      { 1, { 0x906a3, 0, 0, TSC } },
		      { 0x15, { 2, 500, 38400000, 0 } } },
	  .crystal_hz = 9600000000 },
	{ .source = { read_leaf },
	  .name = "Skylake server, no crystal",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x50654, 0, 0, TSC } },
		      { 0x15, { 2, 168, 0, 0 } },
		      { 0x16, { 2100, 3700, 100, 0 } } },
	  .base_hz = 2100000000 },
	{ .source = { read_leaf },
	  .name = "no crystal, reserved bits in the base frequency",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x50654, 0, 0, TSC } },
		      { 0x15, { 2, 168, 0, 0 } },
		      { 0x16, { 0xabcd0834, 0, 0, 0 } } },
	  .base_hz = 2100000000 },
	{ .source = { read_leaf },
	  .name = "Denverton, no crystal and no leaf 16H",
	  .leaves = { { 0, { 0x15, INTEL } },
		      { 1, { 0x506f1, 0, 0, TSC } },
		      { 0x15, { 1, 88, 0, 0 } } },
	  .crystal_hz = 2200000000 },
	{ .source = { read_leaf },
	  .name = "leaf 15H without a ratio",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x506e3, 0, 0, TSC } },
		      { 0x15, { 0, 0, 24000000, 0 } },
		      { 0x16, { 2600, 3500, 100, 0 } } } },
	{ .source = { read_leaf },
	  .name = "Haswell: no leaf 15H, what the last leaf repeats is not one",
	  .leaves = { { 0, { 0xd, INTEL } },
		      { 1, { 0x306c3, 0, 0, TSC } },
		      { 0x15, { 7, 832, 832, 0 } },
		      { 0x16, { 7, 832, 832, 0 } } } },
	{ .source = { read_leaf },
	  .name = "AMD: no leaf 15H",
	  .leaves = { { 0, { 0x10, AMD } }, { 1, { 0x800f12, 0, 0, TSC } } } },
	{ .source = { read_leaf },
	  .name = "AMD: leaf 15H means nothing",
	  .leaves = { { 0, { 0x20, AMD } },
		      { 1, { 0x800f12, 0, 0, TSC } },
		      { 0x15, { 2, 216, 24000000, 0 } } } },
	{ .source = { read_leaf },
	  .name = "KVM, timing stated",
	  .leaves = { { 0, { 0xd, AMD } },
		      { 1, { 0x800f12, 0, GUEST, TSC } },
		      { 0x40000000, { 0x40000010, 0x4b4d564b, 0x564b4d56, 0x4d } },
		      { 0x40000010, { 2599998, 1000000, 0, 0 } } },
	  .hypervisor_hz = 2599998000 },
	{ .source = { read_leaf },
	  .name = "KVM, last leaf 40000001H",
	  .leaves = { { 0, { 0x24, INTEL } },
		      { 1, { 0xa0671, 0, GUEST, TSC } },
		      { 0x40000000, { 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d } },
		      { 0x40000010, { 0, 0x70001, 0, 0 } } } },
	{ .source = { read_leaf },
	  .name = "KVM, last leaf 40000001H, rubbish above",
	  .leaves = { { 0, { 0x24, INTEL } },
		      { 1, { 0xa0671, 0, GUEST, TSC } },
		      { 0x40000000, { 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d } },
		      { 0x40000010, { 2600000, 0, 0, 0 } } } },
	{ .source = { read_leaf },
	  .name = "VMware",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x50654, 0, GUEST, TSC } },
		      { 0x15, { 2, 0, 0, 0 } },
		      { 0x16, { 2200, 3700, 100, 0 } },
		      { 0x40000000, { 0x40000010, 0x61774d56, 0x4d566572, 0x65726177 } },
		      { 0x40000010, { 2194843, 66000, 0, 0 } } },
	  .hypervisor_hz = 2194843000 },
	{ .source = { read_leaf },
	  .name = "ACRN",
	  .leaves = { { 0, { 0x16, INTEL } },
		      { 1, { 0x906ea, 0, GUEST, TSC } },
		      { 0x40000000, { 0x40000010, 0x4e524341, 0x4e524341, 0x4e524341 } },
		      { 0x40000010, { 1900000, 0, 0, 0 } } },
	  .hypervisor_hz = 1900000000 },
	{ .source = { read_leaf },
	  .name = "Hyper-V: leaf 40000010H is something else",
	  .leaves = { { 0, { 0x14, INTEL } },
		      { 1, { 0x50654, 0, GUEST, TSC } },
		      { 0x40000000, { 0x40000082, 0x7263694d, 0x666f736f, 0x76482074 } },
		      { 0x40000010, { 2600000, 0, 0, 0 } } } },
	{ .source = { read_leaf },
	  .name = "no hypervisor: its leaves are not read",
	  .leaves = { { 0, { 0xd, INTEL } },
		      { 1, { 0x306c3, 0, 0, TSC } },
		      { 0x40000000, { 0x40000010, 0x4b4d564b, 0x564b4d56, 0x4d } },
		      { 0x40000010, { 2600000, 0, 0, 0 } } } },
};

static void test_cpuid_rates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(processors); i++) {
		const struct processor *processor = &processors[i];

		if (cpuid_crystal_hz(&processor->source) != processor->crystal_hz)
			fail_msg("%s: leaf 15H", processor->name);
		if (cpuid_base_hz(&processor->source) != processor->base_hz)
			fail_msg("%s: leaf 16H", processor->name);
		if (cpuid_hypervisor_hz(&processor->source) != processor->hypervisor_hz)
			fail_msg("%s: leaf 40000010H", processor->name);
	}
}

static void test_cpuid_tsc(void **state)
{
	static const struct processor with = { .source = { read_leaf },
					       .leaves = { { 0, { 1, INTEL } },
							   { 1, { 0x52c, 0, 0, 0x1bf } } } };
	static const struct processor without = { .source = { read_leaf },
						  .leaves = { { 0, { 1, INTEL } },
							      { 1, { 0x480, 0, 0, 0x3 } } } };
	static const struct processor empty = {
		.source = { read_leaf }, .leaves = { { 0, { 0, INTEL } }, { 1, { 0, 0, 0, TSC } } }
	};

	(void)state;
	assert_true(cpuid_has_tsc(&with.source));
	assert_false(cpuid_has_tsc(&without.source));
	assert_false(cpuid_has_tsc(&empty.source));
}

/* What the kernel makes of a rate: clocks_calc_mult_shift for ns, then at most 31 bits of shift. */
static uint32_t kernel_mult(uint64_t khz, uint16_t *ret_shift)
{
	uint16_t shift = 32;

	while ((((UINT64_C(1000000) << shift) + khz / 2) / khz) >> 32)
		shift--;
	*ret_shift = shift == 32 ? 31 : shift;
	return (uint32_t)((((UINT64_C(1000000) << shift) + khz / 2) / khz) >> (shift == 32));
}

static void test_perf_page(void **state)
{
	static const uint64_t rates[] = { 133333,  999999,  1000000, 2095077, 2599998,
					  2600000, 3000001, 4199999, 5999999 };
	uint16_t shift;

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		uint32_t mult = kernel_mult(rates[i], &shift);

		assert_int_equal(tstamp_rate_of_perf(mult, shift), rates[i] * 1000);
	}
	assert_int_equal(tstamp_rate_of_perf(0, 31), 0);
	assert_int_equal(tstamp_rate_of_perf(1, 32), 0);
}

static void test_mhz(void **state)
{
	static const struct {
		double hz;
		double error_hz;
		unsigned mhz;
	} rows[] = {
		{ 2600e6, 0, 2600 },        { 2599.998e6, 0, 2599 },    { 2599.998e6, 300, 2599 },
		{ 2599.9999e6, 300, 2600 }, { 2600.0001e6, 300, 2600 }, { 2600.9e6, 300, 2600 },
		{ 2599.998e6, 7000, 2600 }, { 62.5e6, 10, 62 },         { 512e6, 0, 512 },
		{ 2600.2e6, 5e6, 2600 },    { 999999, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tstamp_rate rate = { rows[i].hz, rows[i].error_hz };

		assert_int_equal(tstamp_rate_mhz(&rate), rows[i].mhz);
	}
}

static void test_rate_between(void **state)
{
	struct tstamp_pair first = { .stamp = 1000, .time_ns = 5000000, .error_ns = 25 };
	struct tstamp_pair last = { .stamp = 1000 + 1040000000,
				    .time_ns = 405000000,
				    .error_ns = 25 };
	struct tstamp_rate rate = tstamp_rate_between(&first, &last);

	(void)state;
	assert_float_equal(rate.hz, 2600e6, 1);
	assert_float_equal(rate.error_hz, 325, 1);

	/* Two months: the product of stamp and ns would not fit into 64 bits. */
	last.stamp = first.stamp + UINT64_C(13478400000000000);
	last.time_ns = first.time_ns + UINT64_C(5184000000000000);
	rate = tstamp_rate_between(&first, &last);
	assert_float_equal(rate.hz, 2600e6, 1);
}

static void test_pair_follows(void **state)
{
	struct tstamp_pair first = { 5000, 5000, 10, 3000000000 };
	struct tstamp_pair last = { 9000, 9000, 10, 3000000200 };

	(void)state;
	assert_true(tstamp_pair_follows(&first, &last));
	last.suspended_ns = 2999999800;
	assert_true(tstamp_pair_follows(&first, &last));
	last.suspended_ns = 3500000000;
	assert_false(tstamp_pair_follows(&first, &last));
	last.suspended_ns = first.suspended_ns;
	last.stamp = 4999;
	assert_false(tstamp_pair_follows(&first, &last));
}

static void test_agrees(void **state)
{
	const struct tstamp_rate skylake_server = { 2095.077e6, 5e4 };
	const struct tstamp_rate coarse = { 2095.077e6, 5e6 };

	(void)state;
	assert_false(tstamp_rate_agrees(&skylake_server, 2100000000));
	assert_true(tstamp_rate_agrees(&skylake_server, 2095000000));
	assert_true(tstamp_rate_agrees(&skylake_server, 2096000000));
	assert_false(tstamp_rate_agrees(&skylake_server, 2090000000));
	assert_true(tstamp_rate_agrees(&coarse, 2100000000));
}

static void skip_unless_usable(void)
{
	if (!tstamp_counter_usable()) {
		print_message("# no counter that user space can read\n");
		skip();
	}
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A stamp and its time, less than 0.1 ms apart however busy the machine is. */
static uint64_t read_at(struct tstamp *ts, double *ret_seconds)
{
	for (;;) {
		double before = monotonic();
		uint64_t stamp = tstamp_read(ts);

		*ret_seconds = monotonic();
		if (*ret_seconds - before < 1e-4)
			return stamp;
	}
}

/* By another clock than the one that the code under test measures with. */
static double measure_hz(struct tstamp *ts)
{
	double start_seconds;
	double end_seconds;
	uint64_t start = read_at(ts, &start_seconds);
	uint64_t end;

	sleep_ms(500);
	end = read_at(ts, &end_seconds);
	return (double)(end - start) / (end_seconds - start_seconds);
}

static void test_open_measures_the_rate(void **state)
{
	struct tstamp ts;
	double hz;
	unsigned interim;
	unsigned mhz;

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open(&ts), 0);
	assert_true(strlen(tstamp_source(&ts)) > 0);
	interim = tstamp_mhz(&ts);
	hz = measure_hz(&ts);
	mhz = tstamp_mhz(&ts);
	print_message("# %s, %u MHz at first, %u MHz at last, %.3f MHz by CLOCK_MONOTONIC\n",
		      tstamp_source(&ts), interim, mhz, hz / 1e6);
	assert_true(ts.final);
	assert_in_range(interim, (unsigned)(hz * 0.999 / 1e6), (unsigned)(hz * 1.001 / 1e6));
	assert_in_range(mhz, (unsigned)(hz * 0.999 / 1e6), (unsigned)(hz * 1.001 / 1e6));
}

static void test_read_advances(void **state)
{
	struct tstamp ts;
	uint64_t before;

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open(&ts), 0);
	before = tstamp_read(&ts);
	sleep_ms(1);
	assert_true(tstamp_read(&ts) > before);
}

static void test_read_is_the_tsc(void **state)
{
	(void)state;
#if defined(__x86_64__) || defined(__i386__)
	struct tstamp ts;
	uint64_t before;
	uint64_t stamp;

	skip_unless_usable();
	assert_int_equal(tstamp_open(&ts), 0);
	before = __builtin_ia32_rdtsc();
	stamp = tstamp_read(&ts);
	assert_in_range(stamp, before, __builtin_ia32_rdtsc());
#else
	print_message("# not an x86\n");
	skip();
#endif
}

static void test_first_rate_waits(void **state)
{
	static const struct tstamp_claim none[] = { { NULL, NULL } };
	struct tstamp ts;
	double start = monotonic();

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open_claims(&ts, none), 0);
	tstamp_mhz(&ts);
	assert_true(monotonic() - start >= 0.0199);
}

static uint64_t true_hz;

static uint64_t claim_nothing(void)
{
	return 0;
}

static uint64_t claim_too_much(void)
{
	return true_hz + true_hz / 400; /* as much as a Skylake server's leaf 16H */
}

static uint64_t claim_the_truth(void)
{
	return true_hz;
}

static void test_claims(void **state)
{
	static const struct tstamp_claim claims[] = { { "silent", claim_nothing },
						      { "wrong", claim_too_much },
						      { "right", claim_the_truth },
						      { "late", claim_the_truth },
						      { NULL, NULL } };
	static const struct tstamp_claim wrong[] = { { "wrong", claim_too_much }, { NULL, NULL } };
	struct tstamp ts;

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open(&ts), 0);
	true_hz = (uint64_t)measure_hz(&ts);

	assert_int_equal(tstamp_open_claims(&ts, claims), 0);
	assert_string_equal(tstamp_source(&ts), "right");
	assert_true(ts.final);
	assert_int_equal(tstamp_mhz(&ts), true_hz / 1000000);

	assert_int_equal(tstamp_open_claims(&ts, wrong), 0);
	assert_string_equal(tstamp_source(&ts), tstamp_counter_calibrated);
	assert_false(ts.final);
	assert_in_range(tstamp_mhz(&ts), (uint64_t)((double)true_hz * 0.999 / 1e6),
			(uint64_t)((double)true_hz * 1.001 / 1e6));
}

/* A machine that slept, or whose counter began again, since the measurement began. */
static void test_interrupted_measurement(void **state)
{
	static const struct tstamp_claim none[] = { { NULL, NULL } };
	struct tstamp ts;
	double hz;

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open_claims(&ts, none), 0);
	hz = measure_hz(&ts);

	ts.first.suspended_ns -= 3000000000;
	ts.first.stamp /= 2;
	assert_in_range(tstamp_mhz(&ts), (unsigned)(hz * 0.999 / 1e6),
			(unsigned)(hz * 1.001 / 1e6));
	assert_false(ts.final);

	ts.first.stamp = UINT64_MAX;
	assert_in_range(tstamp_mhz(&ts), (unsigned)(hz * 0.999 / 1e6),
			(unsigned)(hz * 1.001 / 1e6));
	assert_false(ts.final);
}

/* The child's exit status, -1 where a signal killed it. */
static int run_child(void (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		child();
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void open_without_tsc(void)
{
	struct tstamp ts = { .source = "untouched" };

	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV) != 0)
		_exit(77);
	if (tstamp_open(&ts) != -ENOTTY)
		_exit(1);
	_exit(strcmp(ts.source, "untouched") == 0 ? 0 : 2);
}

static void test_tsc_turned_off(void **state)
{
	int status = run_child(open_without_tsc);

	(void)state;
	if (status == 77) {
		print_message("# this kernel cannot turn the counter off\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static struct tstamp settled;

/* Dies by SIGSYS at any other system call. */
static void allow_only_exit(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { COUNT(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(77);
}

/* Not _exit, which a sanitizer extends by system calls of its own. */
static void leave(int status)
{
	syscall(SYS_exit_group, status);
}

static void read_without_system_calls(void)
{
	uint64_t before;
	unsigned mhz = 0;

	allow_only_exit();
	before = tstamp_read(&settled);
	for (int i = 0; i < 1000; i++)
		mhz = tstamp_mhz(&settled);
	leave(mhz > 0 && tstamp_read(&settled) > before ? 0 : 1);
}

static void call_the_system(void)
{
	allow_only_exit();
	syscall(SYS_getppid);
	leave(0);
}

static void test_no_system_call(void **state)
{
	int status;

	(void)state;
	skip_unless_usable();
	assert_int_equal(tstamp_open(&settled), 0);
	sleep_ms(400);
	tstamp_mhz(&settled);
	status = run_child(read_without_system_calls);
	if (status == 77) {
		print_message("# this kernel has no seccomp filters\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(run_child(call_the_system), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpuid_rates),
		cmocka_unit_test(test_cpuid_tsc),
		cmocka_unit_test(test_perf_page),
		cmocka_unit_test(test_mhz),
		cmocka_unit_test(test_rate_between),
		cmocka_unit_test(test_pair_follows),
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_open_measures_the_rate),
		cmocka_unit_test(test_read_advances),
		cmocka_unit_test(test_read_is_the_tsc),
		cmocka_unit_test(test_first_rate_waits),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_interrupted_measurement),
		cmocka_unit_test(test_tsc_turned_off),
		cmocka_unit_test(test_no_system_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

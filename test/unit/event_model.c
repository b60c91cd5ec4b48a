/* SPDX-License-Identifier: BSD-2-Clause */

/* What libpfm4 says of this machine; the wrapped calls say it of others. */

#include "event/model.h"

#include <errno.h>
#include <perfmon/pfmlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "unit.h"

static pfm_err_t start_error;
static pfm_err_t encode_error;
static const char *present[3]; /* the PMUs that are here, in place of this machine's */
static bool elsewhere;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
pfm_err_t __real_pfm_initialize(void);
pfm_err_t __wrap_pfm_initialize(void);
pfm_err_t __real_pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info);
pfm_err_t __wrap_pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info);
pfm_err_t __real_pfm_get_os_event_encoding(const char *name, int levels, pfm_os_t os, void *args);
pfm_err_t __wrap_pfm_get_os_event_encoding(const char *name, int levels, pfm_os_t os, void *args);

pfm_err_t __wrap_pfm_initialize(void)
{
	return start_error != PFM_SUCCESS ? start_error : __real_pfm_initialize();
}

/* The first numbers of PMUs are taken for those that are present; all others are not here. */
pfm_err_t __wrap_pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	if (!elsewhere)
		return __real_pfm_get_pmu_info(pmu, info);
	if ((size_t)pmu >= COUNT(present) || !present[pmu])
		return PFM_ERR_NOTSUPP;
	info->name = present[pmu];
	info->is_present = 1;
	info->type = strncmp(present[pmu], "unc", 3) == 0 ? PFM_PMU_TYPE_UNCORE : PFM_PMU_TYPE_CORE;
	return PFM_SUCCESS;
}

pfm_err_t __wrap_pfm_get_os_event_encoding(const char *name, int levels, pfm_os_t os, void *args)
{
	return encode_error != PFM_SUCCESS
		       ? encode_error
		       : __real_pfm_get_os_event_encoding(name, levels, os, args);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int this_machine(void **state)
{
	(void)state;
	start_error = PFM_SUCCESS;
	encode_error = PFM_SUCCESS;
	elsewhere = false;
	memset(present, 0, sizeof present);
	return 0;
}

static void check(const char *pmu, enum cpu_family family, const char *words)
{
	struct event_cpu cpu = { .family = FAMILY_SKL, .pmu = "left over" };
	const char *said;

	capture_start(STDERR_FILENO);
	model_detect(&cpu);
	said = capture_end();
	assert_string_equal(cpu.pmu, pmu);
	assert_int_equal(cpu.family, family);
	if (*words)
		assert_non_null(strstr(said, words));
	else
		assert_string_equal(said, "");
}

static void test_families(void **state)
{
	static const struct {
		const char *pmu;
		enum cpu_family family;
	} rows[] = {
		{ "skl", FAMILY_SKL },
		{ "skx", FAMILY_SKL },
		{ "clx", FAMILY_SKL },
		{ "icl", FAMILY_ICL },
		{ "icx", FAMILY_ICL },
		{ "amd64_fam17h_zen2", FAMILY_ZEN2 },
		{ "amd64_fam19h_zen3", FAMILY_ZEN3 },
		{ "amd64_fam19h_zen4", FAMILY_ZEN4 },
		{ "arm_n1", FAMILY_N1 },
		{ "arm_n2", FAMILY_N2 },
		{ "power9", FAMILY_POWER9 },
		{ "hsw", FAMILIES },
		{ "amd64_fam17h_zen1", FAMILIES },
		{ "arm_v1", FAMILIES },
		{ "power10", FAMILIES },
	};

	(void)state;
	elsewhere = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		present[0] = rows[i].pmu;
		check(rows[i].pmu, rows[i].family, "");
	}
}

static void test_no_or_several_pmus(void **state)
{
	(void)state;
	elsewhere = true;
	check("", FAMILIES, "");
	present[0] = "unc_cbo_0";
	check("", FAMILIES, "");
	present[1] = "icx";
	present[2] = "unc_imc";
	check("icx", FAMILY_ICL, "");
	/* Intel's architectural events are no other model. */
	present[0] = "ix86arch";
	present[1] = "skl";
	present[2] = NULL;
	check("skl", FAMILY_SKL, "");
	present[1] = NULL;
	check("", FAMILIES, "");
	/* Nor is a Zen 1's other name. */
	present[0] = "amd64_fam17h";
	present[1] = "amd64_fam17h_zen1";
	check("amd64_fam17h_zen1", FAMILIES, "");
	present[0] = "adl_glc";
	present[1] = "adl_grt";
	check("", FAMILIES, "several models");
	present[1] = "skl";
	check("", FAMILIES, "several models");
}

static void test_no_start(void **state)
{
	(void)state;
	start_error = PFM_ERR_NOTSUPP;
	check("", FAMILIES, "libpfm4 does not start");
}

static void test_encode(void **state)
{
	static const struct {
		const char *pmu;
		const char *name;
		uint64_t config;
	} rows[] = {
		{ "skl", "INST_RETIRED:ANY_P", 0xc0 },
		{ "icx", "ARITH:DIVIDER_ACTIVE:e=1", 0x1040914 },
		{ "amd64_fam17h_zen2", "CYCLES_NOT_IN_HALT", 0x76 },
	};
	static const char *const unknown[][2] = { { "skl", "NO_SUCH_EVENT" },
						  { "skl", "" },
						  { "no_such_pmu", "INST_RETIRED:ANY_P" },
						  { "", "INST_RETIRED:ANY_P" } };
	uint64_t config = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		assert_int_equal(model_encode(unknown[i][0], unknown[i][1], &config), -EOPNOTSUPP);
		assert_int_equal(config, UNTOUCHED);
	}
#if defined(__x86_64__) || defined(__i386__)
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(model_encode(rows[i].pmu, rows[i].name, &config), 0);
		assert_int_equal(config, rows[i].config);
	}
#else
	(void)rows;
#endif
}

/* Which is not to say that there is no such event. */
static void test_no_memory(void **state)
{
	uint64_t config = UNTOUCHED;

	(void)state;
	encode_error = PFM_ERR_NOMEM;
	assert_int_equal(model_encode("skl", "INST_RETIRED:ANY_P", &config), -ENOMEM);
	assert_int_equal(config, UNTOUCHED);
}

static int group_setup(void **state)
{
	struct event_cpu cpu;

	(void)state;
	if (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) < 0)
		return -1;
	model_detect(&cpu);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_##name, this_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(families), TEST(no_or_several_pmus), TEST(no_start),
		TEST(encode),   TEST(no_memory),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "event/model.h"

#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

/* Server parts have PMU tables of their own in libpfm4, with the same codes for what is used here.
 */
static const struct {
	const char *pmu;
	enum cpu_family family;
} families[] = {
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
};

static enum cpu_family family_of(const char *pmu)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (strcmp(pmu, families[i].pmu) == 0)
			return families[i].family;
	return FAMILIES;
}

/*
 * PMUs that libpfm4 has beside the CPU's: Intel's architectural events, and a Zen 1 by the name
 * that it had before the other Zens came.
 */
static bool is_beside(const char *pmu)
{
	return strcmp(pmu, "ix86arch") == 0 || strcmp(pmu, "amd64_fam17h") == 0;
}

void model_detect(struct event_cpu *cpu)
{
	int result = pfm_initialize();
	unsigned found = 0;
	pfm_pmu_t pmu;

	cpu->pmu[0] = '\0';
	cpu->family = FAMILIES;
	if (result != PFM_SUCCESS) {
		log_warning("libpfm4 does not start (%s): no event of this CPU model's own can be "
			    "counted",
			    pfm_strerror(result));
		return;
	}
	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = { .size = sizeof info };

		if (pfm_get_pmu_info(pmu, &info) != PFM_SUCCESS || !info.is_present ||
		    info.type != PFM_PMU_TYPE_CORE || is_beside(info.name))
			continue;
		found++;
		snprintf(cpu->pmu, sizeof cpu->pmu, "%s", info.name);
	}
	if (found > 1) {
		log_info("CPUs of several models: the events of each one's own are not counted");
		cpu->pmu[0] = '\0';
	}
	cpu->family = family_of(cpu->pmu);
}

int model_encode(const char *pmu, const char *name, uint64_t *ret_config)
{
	struct perf_event_attr attr = { 0 };
	pfm_perf_encode_arg_t argument = { .attr = &attr, .size = sizeof argument };
	char full[sizeof((struct event_cpu *)NULL)->pmu + EVENT_COUNTED];
	pfm_err_t result;

	snprintf(full, sizeof full, "%s::%s", pmu, name);
	result = pfm_get_os_event_encoding(full, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &argument);
	if (result != PFM_SUCCESS)
		return result == PFM_ERR_NOMEM ? -ENOMEM : -EOPNOTSUPP;
	*ret_config = attr.config;
	return 0;
}

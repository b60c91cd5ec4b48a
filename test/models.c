/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether libpfm4 makes of each name in the event tables the configuration that stands there: for
 * all PMUs of this processor's architecture that libpfm4 has. Prints TAP.
 */

#include <perfmon/pfmlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/legacy.h"
#include "event/model.h"

static const struct {
	const char *pmu;
	enum cpu_family family;
} pmus[] = {
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

/* Whether this libpfm4 was built with a PMU: it has those of one architecture. */
static bool has_pmu(const char *name)
{
	pfm_pmu_t pmu;

	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = { .size = sizeof info };

		if (pfm_get_pmu_info(pmu, &info) == PFM_SUCCESS && !strcmp(info.name, name))
			return true;
	}
	return false;
}

/* Counts the names of a family in a table, and says which are not as they stand there. */
static bool check_table(const struct legacy_event *table, const char *pmu, enum cpu_family family,
			unsigned *names)
{
	bool good = true;

	for (const struct legacy_event *row = table; row->name; row++)
		for (const struct legacy_model *model = row->model[family]; model && model->name;
		     model++) {
			uint64_t config = 0;
			int result = model_encode(pmu, model->name, &config);

			++*names;
			if (result == 0 && config == model->config)
				continue;
			printf("# %s: %s::%s is 0x%llx, not 0x%llx\n", row->name, pmu, model->name,
			       (unsigned long long)config, (unsigned long long)model->config);
			good = false;
		}
	return good;
}

static bool check_pmu(unsigned number, const char *pmu, enum cpu_family family)
{
	unsigned names = 0;
	bool good;

	if (!has_pmu(pmu)) {
		printf("ok %u - %s # SKIP this libpfm4 is of another architecture\n", number, pmu);
		return true;
	}
	good = check_table(legacy_p6, pmu, family, &names);
	good = check_table(legacy_p5, pmu, family, &names) && good;
	printf("%s %u - %s: %u names\n", good && names ? "ok" : "not ok", number, pmu, names);
	return good && names;
}

int main(void)
{
	unsigned count = sizeof pmus / sizeof *pmus;
	struct event_cpu cpu;
	bool good = true;

	/* Before libpfm4 starts: it encodes for PMUs that are not on this machine. */
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	model_detect(&cpu);
	for (unsigned i = 0; i < count; i++)
		good &= check_pmu(i + 1, pmus[i].pmu, pmus[i].family);
	printf("1..%u\n", count);
	return !good;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "backend/model.h"
#include "backend/msr.h"
#include "log.h"
#include "report.h"

struct model_source {
	struct cpuid_source source;
	enum model_kind kind;
};

static struct cpuid cpuid_of_model(const struct cpuid_source *source, uint32_t leaf)
{
	return model_cpuid(((const struct model_source *)source)->kind, leaf);
}

/* The model of a modelled CPU is found as that of any, by what its CPUID says. */
static int identify(enum model_kind kind, struct registers *registers, struct pmu *ret_pmu)
{
	const struct model_source model = { { cpuid_of_model }, kind };
	uint64_t capabilities = 0;
	const char *reason;
	int result;

	if (pmu_has_capabilities(&model.source))
		(void)model_peek(registers, 0, PMU_CAPABILITIES, &capabilities);
	result = pmu_identify(&model.source, capabilities, ret_pmu, &reason);
	if (result < 0)
		log_error("backend sim: %s", reason);
	return result;
}

static const char *describe(enum model_kind kind)
{
	static const char *const descriptions[] = {
		[MODEL_P5] = "sim (a simulated Pentium: no count is a measurement)",
		[MODEL_P6] = "sim (a simulated P6: no count is a measurement)",
		[MODEL_ARCH] = "sim (a simulated Intel CPU: no count is a measurement)",
		[MODEL_AMD] = "sim (a simulated AMD CPU: no count is a measurement)",
	};

	return descriptions[kind];
}

static int sim_open(const struct backend_options *options, struct backend **ret_backend)
{
	struct msr_options msr_options = { 0 };
	struct registers *registers;
	enum model_kind kind;
	struct pmu pmu;
	int result = model_kind_by_name(options->sim_cpu, &kind);

	if (result < 0)
		return result;
	result = model_open(kind, 1, &registers);
	if (result < 0)
		return result;
	msr_options.description = describe(kind);
	result = identify(kind, registers, &pmu);
	if (result < 0)
		goto cleanup;
	result = msr_open(registers, &pmu, &msr_options, &sim_backend, ret_backend);
	if (result == 0)
		(*ret_backend)->source.note = "simulated: no measurement";
cleanup:
	if (result < 0)
		registers->operations->close(registers);
	return result;
}

/* Opening a model opens nothing of the machine. */
static int sim_check(const struct backend_options *options, struct report *report)
{
	struct backend *backend;
	int result = sim_open(options, &backend);

	if (result < 0) {
		report_add(report, "backend", "sim", false, NULL, "%s", strerror(-result));
		return result;
	}
	report->source = backend->source;
	report->counts = NULL;
	report_add(report, "backend", "sim", true, NULL, "%s", backend->description);
	msr_close(backend);
	return 0;
}

/* A model takes nothing of the machine. */
static void sim_add_rights(const struct backend *backend, struct rights *rights)
{
	(void)backend;
	(void)rights;
}

const struct backend_operations sim_backend = {
	.name = "sim",
	.open = sim_open,
	.add_rights = sim_add_rights,
	.close = msr_close,
	.setup = msr_setup,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read,
	.release = msr_release,
	.check = sim_check,
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/model.h"
#include "backend/msr.h"

static int sim_open(struct backend **ret_backend)
{
	struct registers *registers;
	int result = model_open(1, &registers);

	if (result < 0)
		return result;
	result = msr_open(registers, &sim_backend,
			  "sim (a simulated P6: no count is a measurement)", ret_backend);
	if (result < 0)
		registers->operations->close(registers);
	return result;
}

const struct backend_operations sim_backend = {
	.name = "sim",
	.open = sim_open,
	.close = msr_close,
	.setup = msr_setup,
	.start = msr_start,
	.stop = msr_stop,
	.read = msr_read,
	.release = msr_release,
};

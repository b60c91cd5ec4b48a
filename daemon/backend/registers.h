/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_REGISTERS_H
#define PERFMOND_BACKEND_REGISTERS_H

#include <stdint.h>

/*
 * Model-specific registers, of all CPUs that take part. Two ends: the kernel's msr(4) files, and a
 * modelled CPU. CPUs are counted from 0 to cpus - 1 here, whatever numbers the kernel gives them.
 */
struct registers;

struct register_operations {
	/*
	 * Reads or writes one 64-bit register, named by the address that RDMSR takes.
	 * Errors: -EIO for a register that the CPU does not have, or that refuses the value; -EPERM
	 * where the kernel forbids writing (lockdown, msr.allow_writes=off); -ENXIO for a CPU that
	 * went offline.
	 */
	int (*read)(struct registers *registers, unsigned cpu, uint32_t address,
		    uint64_t *ret_value);
	int (*write)(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value);
	void (*close)(struct registers *registers);
};

struct registers {
	const struct register_operations *operations;
	unsigned cpus;
};

/*
 * The msr(4) files DIRECTORY/N/msr of the CPUs that the list names, as
 * /sys/devices/system/cpu/online has it. directory: "/dev/cpu", or where a test has its own.
 * Errors: -EINVAL for a malformed list, -ENOENT for a missing file (no module msr), -EACCES,
 * -EPERM.
 */
int register_files_open(const char *directory, const char *cpus, struct registers **ret_registers);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_REGISTERS_H
#define PERFMOND_BACKEND_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "backend/cpulist.h"

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
	/*
	 * Whether every CPU that is online takes part. Errors, logged: -ENXIO where one does not,
	 * because it came online after the registers were opened. NULL: they all do.
	 */
	int (*check_cpus)(struct registers *registers);
};

struct registers {
	const struct register_operations *operations;
	unsigned cpus;
	const unsigned *number; /* the kernel's numbers of the CPUs; NULL: the same */
};

/* The kernel's number of a CPU. */
static inline unsigned registers_number(const struct registers *registers, unsigned cpu)
{
	return registers->number ? registers->number[cpu] : cpu;
}

/*
 * The msr(4) files DIRECTORY/N/msr of some CPUs. directory: "/dev/cpu", or where a test has its
 * own. Takes list->cpu over where it succeeds. Errors, logged: -ENOMEM, -ENOENT for a missing file
 * (no module msr), -EACCES, -EPERM.
 */
int register_files_open(const char *directory, const struct cpulist *list,
			struct registers **ret_registers);

#endif

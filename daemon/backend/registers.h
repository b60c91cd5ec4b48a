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
 * One process at a time programs the registers of a machine, whatever its node and its state
 * directory: two would take each other's stopped counters for free ones. Locks a file (flock(2))
 * that root alone can open, and gives the descriptor that holds the lock. Errors, not logged:
 * -EBUSY where another process has it, others as open(2).
 */
int register_files_lock(const char *path);

/*
 * The msr(4) files DIRECTORY/N/msr of some CPUs. directory: "/dev/cpu", or where a test has its
 * own. lock: of register_files_lock(), closed with the registers; -1: the files are opened for
 * reading only. Takes list->cpu and the lock over where it succeeds. Errors, logged with what to do
 * where there is a lock: -ENOMEM, -ENOENT for a missing file (no module msr), -ENXIO for a CPU that
 * is offline, -EMFILE, -EACCES, -EPERM and others as open(2).
 */
int register_files_open(const char *directory, const struct cpulist *list, int lock,
			struct registers **ret_registers);

/* What to do about an error of register_files_open(); NULL: there is nothing to say. */
const char *register_files_remedy(int error);

#endif

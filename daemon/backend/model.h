/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_MODEL_H
#define PERFMOND_BACKEND_MODEL_H

#include "backend/registers.h"

/*
 * A modelled register file: CPUs of the P6 kind that run a program of their own, by a clock of
 * their own, so that every count can be told beforehand.
 *
 * Clock: each access to a CPU's registers lets that CPU run MODEL_ACCESS_CLOCKS first. model_step()
 * lets it run further. Nothing else moves it; real time does not. Mode: of every 4 clocks, 3 are in
 * user mode and 1 is in kernel mode. Events: the event of code E happens, in each mode, once every
 * E + 1 clocks of that mode, for one clock. CPU_CLK_UNHALTED (0x79) happens in every clock. Counter
 * mask M: counts clocks in which at least M events happen (at most one does); inverted, clocks in
 * which fewer do. Edge: counts the clocks in which that begins to hold. (SDM volume 3B, 18.22)
 * Registers: 0x186, 0x187, 0xc1, 0xc2 as in msr.h. EN of select 0 gates both. Any other is -EIO.
 */
#define MODEL_ACCESS_CLOCKS 1000

/* Errors: -ENOMEM. */
int model_open(unsigned cpus, struct registers **ret_registers);

/* Lets one CPU run for some clocks. */
void model_step(struct registers *registers, unsigned cpu, uint64_t clocks);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_BACKEND_TSTAMP_CPUID_H
#define PERFMOND_BACKEND_TSTAMP_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/cpuid.h"

/* What the CPUID instruction says about the time stamp counter. */

/* CPUID.1:EDX bit 4. */
bool cpuid_has_tsc(const struct cpuid_source *source);

/*
 * Intel's crystal and its ratio, leaf 15H (SDM volume 3B, Determining the Processor Base
 * Frequency). Denverton, which has no leaf 16H and leaves the crystal out, has one of 25 MHz
 * (Linux 6.1, native_calibrate_tsc). Returns Hz, 0 where the processor does not say.
 */
uint64_t cpuid_crystal_hz(const struct cpuid_source *source);

/*
 * Intel's base frequency, leaf 16H: the rate, rounded, of processors whose leaf 15H has the ratio
 * without the crystal (same sources). Returns Hz, 0 where the processor does not say.
 */
uint64_t cpuid_base_hz(const struct cpuid_source *source);

/*
 * The rate that a hypervisor states in leaf 40000010H EAX, in kHz: VMware's, in the same place in
 * KVM (QEMU, vmware-cpuid-freq) and ACRN. Other hypervisors have other things there.
 * Returns Hz, 0 where it is not stated.
 */
uint64_t cpuid_hypervisor_hz(const struct cpuid_source *source);

#endif

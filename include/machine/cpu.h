/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_MACHINE_CPU_H
#define PERFMOND_MACHINE_CPU_H

/*
 * <machine/cpu.h> as sources written for perfmon(4) include it. None of them takes anything of the
 * CPU from it; what they lack on Linux is a name that BSD's <sys/cdefs.h> brings along with every
 * header.
 */

/*
 * Function attribute: does not return. Source: FreeBSD style(9), <sys/cdefs.h>.
 *
 * BSD's other attributes are left out on purpose. Linux's own headers have members called __unused
 * (struct stat, struct icmphdr), and a macro of that name breaks them.
 */
#ifndef __dead2
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is BSD's */
#define __dead2 __attribute__((__noreturn__))
#endif

#endif

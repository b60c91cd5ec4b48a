/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_SYS_IOCCOM_H
#define PERFMOND_SYS_IOCCOM_H

/*
 * BSD's names for the parts of a request number. Linux's <sys/ioctl.h> makes the numbers (_IO,
 * _IOR, _IOW, _IOWR) and has IOC_IN, IOC_OUT and IOC_INOUT; the rest is expressed here by Linux's
 * own decoding macros, so that it holds on each architecture. Source: FreeBSD <sys/ioccom.h>, Linux
 * <asm/ioctl.h>.
 *
 * IOC_VOID is left out on purpose. Sources test it as a bit (request & IOC_VOID), but on most
 * machines Linux marks a request without argument by no bit at all: it is better that such a source
 * does not compile than that its test never holds.
 */

#include <sys/ioctl.h>

/* Width of the argument's size within a request, in bits: 14, or 13 (powerpc, mips). */
#ifndef IOCPARM_SHIFT
#define IOCPARM_SHIFT _IOC_SIZEBITS
#endif

/* Mask of the argument's size, once it is shifted down. */
#ifndef IOCPARM_MASK
#define IOCPARM_MASK ((1 << _IOC_SIZEBITS) - 1)
#endif

/* The largest argument that a request can carry, in bytes. */
#ifndef IOCPARM_MAX
#define IOCPARM_MAX IOCPARM_MASK
#endif

/* Size of a request's argument, in bytes: 0..IOCPARM_MAX. */
#ifndef IOCPARM_LEN
#define IOCPARM_LEN(request) _IOC_SIZE(request)
#endif

/* A request with the argument's size taken out. */
#ifndef IOCBASECMD
#define IOCBASECMD(request) _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), 0)
#endif

/* A request's group, 0..255: the character that _IOW and the others have as first argument. */
#ifndef IOCGROUP
#define IOCGROUP(request) _IOC_TYPE(request)
#endif

/* The direction bits. Under this mask a request with an argument is IOC_IN, IOC_OUT or both. */
#ifndef IOC_DIRMASK
#define IOC_DIRMASK ((unsigned)_IOC_DIRMASK << _IOC_DIRSHIFT)
#endif

#endif

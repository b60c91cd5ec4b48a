/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_SO_PASSRIGHTS_H
#define PERFMOND_PASS_SO_PASSRIGHTS_H

/* <sys/socket.h> has it from Linux 6.16 on: whether a socket takes descriptors, SCM_RIGHTS. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_LISTENER_H
#define PERFMOND_PASS_LISTENER_H

#include <sys/types.h>

/*
 * Makes a socket that listens, of type SOCK_SEQPACKET, and passes credentials, unix(7). path: its
 * name, shorter than sun_path of struct sockaddr_un; a socket that is left there is taken away.
 * Returns its descriptor. Errors, logged: -EEXIST where something else has the name, others as the
 * system has them.
 */
int listener_open(const char *path, gid_t group, mode_t mode);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_PASS_DROP_H
#define PERFMOND_PASS_DROP_H

/*
 * Closes a socket. Before Linux 6.16 its clients can leave descriptors in it that nobody asked for,
 * which are closed with it, and one of those may take its time: a socket with SO_LINGER, a file of
 * the client's own FUSE. There a thread of its own closes it, as long as fewer than DROPS_MAX are
 * at it.
 */
#define DROPS_MAX 64

void drop(int socket);

#endif

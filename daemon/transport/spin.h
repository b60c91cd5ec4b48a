/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TRANSPORT_SPIN_H
#define PERFMOND_TRANSPORT_SPIN_H

/*
 * Whether to look for the next request before a sleep. No clock is read for it.
 *
 * A client on this CPU has made his next request before this process runs again, or takes the CPU
 * from it while it looks: it is there at the first looks, and none was needed. Nothing is faster
 * than this. One on a CPU that wakes as fast gains little.
 *
 * A client on another CPU makes it later. To look until it is there saves the time that an
 * idle CPU takes to wake. But it keeps this CPU busy, and so the two apart for good, where the
 * scheduler may bring them together again within some hundred requests: first it gets that chance,
 * and another one now and then.
 *
 * Where requests come far apart, looking is in vain: after each time, more of them are let go by.
 */
struct spin {
	unsigned looks; /* at the most, until it gives up; 0: this machine has one CPU */
	unsigned left;  /* requests that have to go by before it looks again */
	unsigned rest;  /* that go by after looks in vain */
	unsigned run;   /* requests from another CPU until the next chance; 0: it has had none */
	unsigned found; /* of these */
	unsigned soon;  /* in a row */
};

/* At the most, us: of 100 requests a second, less than 2 % of a CPU. */
#define SPIN_TIME 100

/* What is found in this part of it is found soon; so many in a row are from this CPU. */
#define SPIN_SOON     32
#define SPIN_SOON_RUN 8

/* In requests. */
#define SPIN_REST_MIN  4
#define SPIN_REST_MAX  512
#define SPIN_REST_SOON 64
#define SPIN_CHANCE    512
#define SPIN_RUN_MIN   2048
#define SPIN_RUN_MAX   16384

/* Measures how long a look at a descriptor takes: some 10 us. */
void spin_open(struct spin *spin, int fd);

/* Before a read(2) of fd that may sleep. Nothing is read. */
void spin_wait(struct spin *spin, int fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_EBB_CALLS_KINDS_H
#define PERFMOND_TEST_EBB_CALLS_KINDS_H

#include <stdatomic.h>
#include <stdbool.h>

/* The caller's is mine; its peer is a thread with no event. */
struct ends {
	int mine;
	int peers;
};

/* A system call that waits, and what a peer does for it to end. */
struct call_kind {
	const char *name;
	int (*open)(struct ends *ends);         /* 0, or -1 and errno */
	bool (*call)(const struct ends *ends);  /* as asked for; else errno may say why */
	void (*serve)(const struct ends *ends); /* NULL: it ends by itself */
	bool restarts; /* after any signal, signal(7): with all that was asked for */
};

/* Ends with one that has no name. */
extern const struct call_kind call_kinds[];

/* No call comes any more: a peer is not to wait for one. */
extern atomic_bool calls_done;

#endif

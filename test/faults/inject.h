/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_FAULTS_INJECT_H
#define PERFMOND_TEST_FAULTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A library that is preloaded into perfmond, and makes a call of the C library fail. The
 * environment tells it what to do:
 *
 * PERFMOND_TEST_RECORD=FILE: FILE is made anew, and has each call site that is met as a line
 *     FUNCTION@MODULE+0xOFFSET KIND; the offset is the return address's in the module. Where the
 *     caller is the C library itself, "<MODULE+0xOFFSET" of who called that follows. KIND is fuse
 *     where the descriptor is /dev/fuse or /dev/cuse, else a dash. NULs follow the last line.
 * PERFMOND_TEST_FAULT=SITE:ERROR:NUMBER: the NUMBERth call from that site fails with the error: a
 *     number, or short, where half of the data is read or written. What follows is not
 *     looked at.
 * PERFMOND_TEST_HIT=FILE: an 8 byte file, the first byte of which is set when the call has failed.
 *     What is forked fails no more then.
 *
 * Programs that perfmond executes are left alone.
 */

/* The data is halved, instead of an errno. */
#define FAULT_SHORT (-1)

#define SITE_MAX 192

/* The call sites are those of the modules that are loaded when it is called. */
void site_open(void);

/*
 * Names in `ret_site` the call of `function` that returns to `address`. false for what is no call
 * site: of this library, or of a module that was loaded later.
 */
bool site_name(const char *function, const void *address, char ret_site[SITE_MAX]);

/*
 * The errno that this call has to fail with, FAULT_SHORT, or 0. `fd` is the call's descriptor, or
 * -1.
 */
int inject(const char *function, const void *address, int fd);

/* Whether the descriptor is a connection of FUSE or CUSE. */
bool inject_is_fuse(int fd);

/* The kernel hung up: every later read of the connection is ENODEV. */
extern bool inject_gone;

#endif

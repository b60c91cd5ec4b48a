/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RIGHTS_TRIES_H
#define RIGHTS_TRIES_H

/*
 * Tries what perfmond has no right to, and some of what it has, each so that an ordinary user who
 * is not confined is not answered EPERM; writes what came of each to standard error, as
 * "inside: NAME ERRNO" or "inside: NAME done", and "inside: end" at last.
 *
 * journal: the directory that perfmond may write in; elsewhere: another one, which anybody may,
 * with a file `kept` of the user.
 */
void tries_run(const char *journal, const char *elsewhere);

#endif

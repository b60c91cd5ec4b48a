/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_READDIR_WRAP_H
#define PERFMOND_TEST_UNIT_READDIR_WRAP_H

/*
 * A directory that cannot be read to its end, by the linker's --wrap of readdir64: how many entries
 * come before EIO; -1: all do.
 */
extern int readdir_wrap_left;

#endif

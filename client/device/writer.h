/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DEVICE_WRITER_H
#define PERFMON_DEVICE_WRITER_H

#include <perfmon/device.h>

/* The process of a thread, by /proc: its id and command; 0 and "" where it has ended. */
void writer_find(const struct perfmon_holder *holder, struct perfmon_writer *ret_writer);

/*
 * Who has the node open for writing, in words, for who may read it and was not let in to write: ""
 * where it cannot be told.
 */
void writer_describe(const char *node, char *text, size_t size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_TEST_UNIT_OPEN_FILES_H
#define PERFMOND_TEST_UNIT_OPEN_FILES_H

/* How many descriptors this process has open, to see whether one was left. */
unsigned open_files(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_DEVICE_TRACE_H
#define PERFMOND_DEVICE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * --trace: one line per request, in the manner of strace(1):
 *
 *   1234 client PMIOREAD {num=0, value=5121} = 0 <9 us>
 *
 * The device formats, and whoever makes the struct trace has the system: the clock, the callers'
 * names and the place where lines go. Every function takes NULL, for no trace, and does nothing
 * then.
 */
struct caller;
struct device;
struct request;
struct argument;

struct trace {
	uint64_t (*nanoseconds)(void);
	/*
	 * Gives the process id and the name of a caller's process; where /proc does not show that,
	 * the thread's id, 0 where the kernel names none, and "?".
	 */
	void (*process)(int thread, int *ret_pid, char *ret_name, size_t size);
	/* line: with its newline, less than PIPE_BUF bytes. Must not block. */
	void (*write)(struct trace *trace, const char *line, size_t length);
};

/* The time at which serving a request begins. */
uint64_t trace_begin(struct trace *trace);

/* result: 0 or a negative errno. */
void trace_open(struct trace *trace, const struct caller *caller, bool write, int result,
		uint64_t begin);
void trace_release(struct trace *trace, const struct caller *caller, bool write, uint64_t begin);
void trace_request(struct trace *trace, const struct caller *caller, const struct device *device,
		   const struct request *request, const struct argument *argument, int result,
		   uint64_t begin);
void trace_unknown(struct trace *trace, const struct caller *caller, uint32_t number, int result,
		   uint64_t begin);

#endif

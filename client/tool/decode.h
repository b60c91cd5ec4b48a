/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_DECODE_H
#define PERFMON_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* What is left of a line. Bytes of any value, NUL too. */
struct span {
	const char *at;
	const char *end;
};

enum decode_layout {
	DECODE_PMC,
	DECODE_INT,
	DECODE_DATA,
	DECODE_TSTAMP,
	DECODE_EVENT,
	DECODE_EBB,
	DECODE_SNAP,
	DECODE_DIRECT,
	DECODE_HOLDER,
};

/* A number that a request can have. */
struct decode_request {
	uint32_t number;
	const char *name;
	const char *remark; /* behind the name, "" where it is this machine's number */
	enum decode_layout layout;
	bool bsd;
};

/* What event codes mean: --events. */
enum decode_events { DECODE_P6, DECODE_P5, DECODE_NATIVE };

#define DECODE_PENDING 64

/* An ioctl of a process that strace said to be unfinished. */
struct decode_pending {
	long pid;                             /* 0 where the line names none */
	const struct decode_request *request; /* NULL: free */
};

struct decoder {
	enum decode_events events;
	struct decode_pending pending[DECODE_PENDING];
	size_t oldest; /* the next to be given up where none is free */
};

/* Skips text. false, and skips nothing, where it does not begin so. */
bool span_take(struct span *rest, const char *text);

/* Skips up to behind text. false, and skips nothing, where there is none. */
bool span_past(struct span *rest, const char *text);

bool span_is(struct span span, const char *text);

/* Takes a number, hexadecimal or decimal, of no more than 64 bits, with or without a sign. */
bool span_number(struct span *rest, uint64_t *ret_value);

/*
 * Takes a request as strace shows it, by number or by name: _IOC(...), 0x..., -1073138428,
 * NAME or NAME. Returns NULL where it is none of the device's.
 */
const struct decode_request *decode_request(struct span *rest);

/* The request of a name as perfmond's trace has it, or NULL. */
const struct decode_request *decode_request_by_name(struct span name);

/*
 * What an error means, or NULL. request: NULL for an open(2). value: the argument is no address,
 * but a small number.
 */
const char *decode_meaning(const struct decode_request *request, struct span error, bool value);

/*
 * Takes bytes, "\1\0..." or {0x01, 0x00, ...}. Returns how many; -1 where it is none, or not all
 * are shown, or they are more than size.
 */
ssize_t decode_bytes(struct span *rest, unsigned char *bytes, size_t size);

/* More than any argument has. */
#define DECODE_ARGUMENT_MAX 1024

size_t decode_argument_size(const struct decode_request *request);

/* bytes: decode_argument_size() of them, in this machine's order. */
void decode_argument_print(FILE *out, const struct decode_request *request,
			   enum decode_events events, const unsigned char *bytes);

/* Prints a line, without its newline, decoded where it is one of the device's. */
void decode_line(struct decoder *decoder, struct span line, FILE *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "decode.h"

/* An address below is none: the kernel keeps the first page free. */
#define ADDRESS_LEAST 4096

static const struct decode_request *forget(struct decoder *decoder, long pid)
{
	const struct decode_request *request = NULL;

	for (size_t i = 0; i < DECODE_PENDING; i++)
		if (decoder->pending[i].request && decoder->pending[i].pid == pid) {
			request = decoder->pending[i].request;
			decoder->pending[i].request = NULL;
		}
	return request;
}

static void remember(struct decoder *decoder, long pid, const struct decode_request *request)
{
	size_t i = 0;

	while (i < DECODE_PENDING && decoder->pending[i].request)
		i++;
	if (i == DECODE_PENDING) {
		i = decoder->oldest;
		decoder->oldest = (i + 1) % DECODE_PENDING;
	}
	decoder->pending[i] = (struct decode_pending){ pid, request };
}

static void print(FILE *out, const char *from, const char *to)
{
	fwrite(from, 1, (size_t)(to - from), out);
}

/* A process, with its name where -Y shows it, or a time. */
static bool take_number(struct span *rest, long *ret_pid)
{
	struct span at = *rest;
	uint64_t number;
	bool is_pid = true;

	span_take(&at, "+");
	if (!span_number(&at, &number))
		return false;
	while (at.at < at.end && strchr("0123456789.:", *at.at) && *at.at) {
		is_pid = false;
		at.at++;
	}
	if (!span_take(&at, " ") && !(span_take(&at, "<") && span_past(&at, "> ")))
		return false;
	if (is_pid)
		*ret_pid = (long)number;
	*rest = at;
	return true;
}

/* [pid 12], of -n the system call's number, of -i where it was called. */
static bool take_brackets(struct span *rest, long *ret_pid)
{
	uint64_t number;

	if (span_take(rest, "[pid ")) {
		while (span_take(rest, " "))
			;
		if (span_number(rest, &number))
			*ret_pid = (long)number;
		return span_past(rest, "] ");
	}
	return span_take(rest, "[") && span_past(rest, "] ");
}

/* What options of strace put before a call. false where something else stands there. */
static bool take_prefix(struct span *rest, long *ret_pid)
{
	*ret_pid = 0;
	while (rest->at < rest->end && !(*rest->at && strchr("io<", *rest->at))) {
		if (span_take(rest, " ") || take_number(rest, ret_pid) ||
		    take_brackets(rest, ret_pid))
			continue;
		if (span_take(rest, "(+") && span_past(rest, ") "))
			continue;
		if (span_take(rest, "/* ") && span_past(rest, " */ "))
			continue;
		return false;
	}
	return true;
}

/* What -y says of a descriptor, behind its <. An arrow in it, as of a socket's ends, is no end. */
static bool take_path(struct span *rest)
{
	for (int depth = 1; rest->at < rest->end; rest->at++) {
		if (*rest->at == '<')
			depth++;
		else if (*rest->at == '>' && rest->at[-1] != '-' && --depth == 0) {
			rest->at++;
			return true;
		}
	}
	return false;
}

static bool take_descriptor(struct span *rest)
{
	uint64_t descriptor;

	return span_number(rest, &descriptor) && (!span_take(rest, "<") || take_path(rest)) &&
	       span_take(rest, ", ");
}

/* The name of the error that a line ends with, as strace and perfmond print it. */
static bool find_error(struct span line, struct span *ret_error)
{
	struct span rest = line;
	bool found = false;

	while (span_past(&rest, "= -1 E")) {
		ret_error->at = rest.at - 1;
		ret_error->end = rest.at;
		found = true;
	}
	if (!found)
		return false;
	while (ret_error->end < line.end && isalnum((unsigned char)*ret_error->end))
		ret_error->end++;
	return true;
}

/* The end of a line, with what its error means, unless that is there, or strace made the error. */
static void print_end(FILE *out, const struct decode_request *request, struct span rest, bool value)
{
	const char *end = rest.end;
	const char *meaning = NULL;
	struct span behind;
	struct span error;

	if (end > rest.at && end[-1] == '\r')
		end--;
	if (find_error(rest, &error)) {
		behind = (struct span){ error.end, end };
		if (!span_past(&behind, " # ") && !span_past(&behind, "(INJECTED)"))
			meaning = decode_meaning(request, error, value);
	}
	print(out, rest.at, end);
	if (meaning)
		fprintf(out, " # %s", meaning);
	print(out, end, rest.end);
}

/*
 * The argument, decoded where its bytes are shown. Returns whether it is a number whose address was
 * wanted.
 */
static bool print_argument(const struct decoder *decoder, const struct decode_request *request,
			   struct span *rest, FILE *out)
{
	unsigned char bytes[DECODE_ARGUMENT_MAX] = { 0 };
	size_t size = decode_argument_size(request);
	struct span at = *rest;
	bool string = at.at < at.end && *at.at == '"';
	uint64_t value;
	ssize_t length;

	if (span_number(&at, &value))
		return request->layout == DECODE_INT && value > 0 && value < ADDRESS_LEAST;
	length = decode_bytes(&at, bytes, sizeof bytes);
	/* gdb leaves out the NUL that a string ends with. */
	if (length < 0 || ((size_t)length != size && !(string && (size_t)length + 1 == size)))
		return false;
	if (at.at == at.end || (*at.at != ')' && *at.at != ' '))
		return false;
	decode_argument_print(out, request, decoder->events, bytes);
	*rest = at;
	return false;
}

/* rest: behind "ioctl(". false, and nothing is printed, where it is none of ours. */
static bool print_call(struct decoder *decoder, struct span line, struct span rest, long pid,
		       FILE *out)
{
	const struct decode_request *request;
	const char *from;
	struct span end;
	bool value = false;

	forget(decoder, pid);
	if (!take_descriptor(&rest))
		return false;
	from = rest.at;
	request = decode_request(&rest);
	if (!request || rest.at == rest.end || !strchr(",) ", *rest.at) || *rest.at == '\0')
		return false;
	print(out, line.at, from);
	fprintf(out, "%s%s", request->name, request->remark);
	if (span_take(&rest, ", ")) {
		fputs(", ", out);
		value = print_argument(decoder, request, &rest, out);
	}
	end = rest;
	if (span_past(&end, "<unfinished ...>"))
		remember(decoder, pid, request);
	print_end(out, request, rest, value);
	return true;
}

static bool print_resumed(struct decoder *decoder, struct span line, long pid, FILE *out)
{
	const struct decode_request *request = forget(decoder, pid);

	if (!request)
		return false;
	print_end(out, request, line, false);
	return true;
}

/* openat(AT_FDCWD, "/dev/perfmon", O_RDWR) = -1 EBUSY (Device or resource busy) */
static bool print_open(struct span line, struct span rest, FILE *out)
{
	struct span at = rest;

	if ((!span_take(&at, "openat(") && !span_take(&at, "open(")) || !span_past(&at, "\"") ||
	    !span_take(&at, "/dev/perfmon"))
		return false;
	print_end(out, NULL, line, false);
	return true;
}

static bool print_strace(struct decoder *decoder, struct span line, FILE *out)
{
	struct span rest = line;
	long pid;

	if (!take_prefix(&rest, &pid))
		return false;
	if (rest.at < rest.end && *rest.at == 'o')
		return print_open(line, rest, out);
	if (span_take(&rest, "ioctl("))
		return print_call(decoder, line, rest, pid, out);
	return span_take(&rest, "<... ioctl resumed>") && print_resumed(decoder, line, pid, out);
}

/* What a line has from the last begin on. */
static bool find_last(struct span line, const char *begin, struct span *ret_found)
{
	bool found = false;

	while (span_past(&line, begin)) {
		*ret_found = (struct span){ line.at - strlen(begin), line.end };
		found = true;
	}
	return found;
}

static bool ends_as_trace(struct span line)
{
	static const char end[] = " us>";

	if (line.end > line.at && line.end[-1] == '\r')
		line.end--;
	return (size_t)(line.end - line.at) > strlen(end) &&
	       memcmp(line.end - strlen(end), end, strlen(end)) == 0;
}

/* "4368 client PMIOREAD {num=0} = -1 EBUSY <3 us>" */
static bool print_trace_request(struct span line, FILE *out)
{
	const struct decode_request *request;
	struct span rest;
	struct span name;

	if (!find_last(line, " PMIO", &rest))
		return false;
	span_take(&rest, " ");
	name = rest;
	if (!span_past(&rest, " ") || rest.at == rest.end || (*rest.at != '{' && *rest.at != '['))
		return false;
	name.end = rest.at - 1;
	request = decode_request_by_name(name);
	if (!request)
		return false;
	print(out, line.at, rest.at);
	print_end(out, request, rest, false);
	return true;
}

/* "4368 client ioctl 0x80083501 = -1 ENOTTY <3 us>", and what a number is that perfmond refused. */
static bool print_trace_unknown(struct span line, FILE *out)
{
	const struct decode_request *request;
	const char *number;
	struct span rest;

	if (!find_last(line, " ioctl 0x", &rest))
		return false;
	span_take(&rest, " ioctl ");
	number = rest.at;
	request = decode_request(&rest);
	if (!request)
		return false;
	print(out, line.at, number);
	fprintf(out, "%s%s", request->name, request->remark);
	print_end(out, request, rest, false);
	return true;
}

static bool print_trace_open(struct span line, FILE *out)
{
	struct span rest;

	if (!find_last(line, " open = -1 E", &rest) &&
	    !find_last(line, " open for writing = -1 E", &rest))
		return false;
	print_end(out, NULL, line, false);
	return true;
}

void decode_line(struct decoder *decoder, struct span line, FILE *out)
{
	if (print_strace(decoder, line, out))
		return;
	if (ends_as_trace(line) && (print_trace_request(line, out) ||
				    print_trace_unknown(line, out) || print_trace_open(line, out)))
		return;
	print(out, line.at, line.end);
}

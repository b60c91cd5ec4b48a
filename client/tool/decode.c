/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* A line of ours is never so long; what is longer goes through as it comes. */
#define LINE_MAX_LENGTH 65536

struct stream {
	struct decoder *decoder;
	char line[LINE_MAX_LENGTH];
	size_t length;
	bool through; /* the rest of a line that is too long */
};

static void end_line(struct stream *stream)
{
	decode_line(stream->decoder, (struct span){ stream->line, stream->line + stream->length },
		    stdout);
	stream->length = 0;
}

static void add(struct stream *stream, const char *bytes, size_t length)
{
	if (!stream->through && length <= sizeof stream->line - stream->length) {
		memcpy(stream->line + stream->length, bytes, length);
		stream->length += length;
		return;
	}
	fwrite(stream->line, 1, stream->length, stdout);
	fwrite(bytes, 1, length, stdout);
	stream->length = 0;
	stream->through = true;
}

static void take(struct stream *stream, const char *bytes, size_t length)
{
	const char *end = bytes + length;
	const char *newline;

	while ((newline = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		add(stream, bytes, (size_t)(newline - bytes));
		if (!stream->through)
			end_line(stream);
		stream->through = false;
		putchar('\n');
		bytes = newline + 1;
	}
	add(stream, bytes, (size_t)(end - bytes));
}

/* So that what was taken can be read. Returns 0 or a negative errno. */
static int flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return errno ? -errno : -EIO;
}

/* Returns an exit status, of a write with *ret_written a negative errno. */
static int decode_file(struct stream *stream, int file, const char *name, int *ret_written)
{
	char bytes[16384];
	ssize_t got;

	while ((got = read(file, bytes, sizeof bytes)) > 0) {
		take(stream, bytes, (size_t)got);
		*ret_written = flush();
		if (*ret_written < 0)
			return STATUS_FAILURE;
	}
	if (got < 0)
		tool_fail("%s: %s", name, strerror(errno));
	if (!stream->through)
		end_line(stream);
	stream->through = false;
	*ret_written = flush();
	return got < 0 || *ret_written < 0 ? STATUS_FAILURE : EXIT_SUCCESS;
}

static int decode_named(struct stream *stream, const char *name, int *ret_written)
{
	int status;
	int file;

	if (strcmp(name, "-") == 0)
		return decode_file(stream, STDIN_FILENO, "standard input", ret_written);
	file = open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return tool_fail("%s: %s", name, strerror(errno));
	status = decode_file(stream, file, name, ret_written);
	close(file);
	return status;
}

static int decode_all(struct decoder *decoder, char **names)
{
	static struct stream stream;
	static char dash[] = "-";
	static char *standard_input[] = { dash, NULL };
	int status = EXIT_SUCCESS;
	int written = 0;

	stream.decoder = decoder;
	for (char **name = *names ? names : standard_input; *name && written == 0; name++)
		if (decode_named(&stream, *name, &written))
			status = STATUS_FAILURE;
	/* Who read the output has enough of it. */
	if (written == -EPIPE)
		return EXIT_SUCCESS;
	if (written < 0)
		return tool_fail("standard output: %s", strerror(-written));
	return status;
}

static int parse_events(const char *word, enum decode_events *ret_events)
{
	static const char *const words[] = { "p6", "p5", "native" };

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0) {
			*ret_events = (enum decode_events)i;
			return 0;
		}
	return tool_usage(&decode_subcommand, "--events takes p6, p5 or native, not \"%s\"", word);
}

static int decode(int argc, char **argv)
{
	static const struct option options[] = { { "events", required_argument, NULL, 'e' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	static struct decoder decoder;
	int option;
	int status;

	while ((option = tool_option(&decode_subcommand, argc, argv, "h", options, &status)) !=
	       -1) {
		if (option == '?')
			return status;
		status = parse_events(optarg, &decoder.events);
		if (status)
			return status;
	}
	/* As an error of the write it is told from others. */
	signal(SIGPIPE, SIG_IGN);
	return decode_all(&decoder, argv + optind);
}

const struct subcommand decode_subcommand = {
	.name = "decode",
	.summary = "names the requests in strace's output, and explains their errors",
	.usage = "[--events p6|p5|native] [FILE...]",
	.help = "  FILE      what strace, or perfmond --trace, printed; else standard input\n"
		"  --events  what event codes mean, as perfmond takes them (p6)\n"
		"All other lines go through as they are. strace shows where an argument is, not\n"
		"what is in it; bytes that stand there (\"\\1\\0...\", {0x01, 0x00, ...}) are "
		"decoded.\n"
		"    strace -e trace=ioctl ./client 2>&1 | perfmon decode\n",
	.run = decode,
};

/* SPDX-License-Identifier: BSD-2-Clause */
#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* What gnuplot printed. */
struct picture {
	char *text;
	size_t size;
};

/* The script as a file, which gnuplot reads as slowly as it likes. Returns a descriptor or -1. */
static int write_script(const struct plot *plot)
{
	int fd = memfd_create("perfmon-plot", MFD_CLOEXEC);
	int own = fd < 0 ? -1 : dup(fd);
	FILE *script = own < 0 ? NULL : fdopen(own, "w");
	bool failed = !script;

	if (script) {
		plot_write(plot, script);
		failed = ferror(script) != 0;
		failed |= fclose(script) != 0;
	}
	if (!failed && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * It prints to a pipe, and is told no name of a file: one that begins with | would be a command to
 * it. -d: the user's own settings are for other pictures.
 */
static pid_t begin_gnuplot(int script, int *ret_output)
{
	int ends[2];
	pid_t process;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	process = fork();
	if (process == 0) {
		dup2(script, STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execlp("gnuplot", "gnuplot", "-d", "-", (char *)NULL);
		_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
	}
	close(ends[1]);
	*ret_output = ends[0];
	return process;
}

static int read_picture(int output, struct picture *ret_picture)
{
	FILE *memory = open_memstream(&ret_picture->text, &ret_picture->size);
	char bytes[4096];
	ssize_t length;
	bool failed;

	if (!memory)
		return -1;
	while ((length = read(output, bytes, sizeof bytes)) > 0)
		fwrite(bytes, 1, (size_t)length, memory);
	failed = ferror(memory) != 0;
	failed |= fclose(memory) != 0;
	return failed || length < 0 ? -1 : 0;
}

/* gnuplot's status does not tell whether it could draw. */
static int check(const struct picture *picture, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOT_FOUND)
		return tool_fail("there is no gnuplot, which draws: install Debian's package "
				 "gnuplot-nox");
	if (status || !memmem(picture->text, picture->size, "</svg>", strlen("</svg>")))
		return tool_fail("gnuplot could not draw it");
	return 0;
}

static int draw(const struct plot *plot, struct picture *ret_picture)
{
	int script = write_script(plot);
	int output = -1;
	int status = 0;
	pid_t process = script < 0 ? -1 : begin_gnuplot(script, &output);
	int result;

	if (script >= 0)
		close(script);
	if (process < 0) {
		if (output >= 0)
			close(output);
		return tool_fail("gnuplot: %s", strerror(errno));
	}
	result = read_picture(output, ret_picture);
	close(output);
	if (waitpid(process, &status, 0) < 0 || result < 0)
		return tool_fail("gnuplot: %s", strerror(errno));
	return check(ret_picture, status);
}

/* By a descriptor of our own, so that what could not be written is told. */
static int write_picture(const struct picture *picture, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!file)
		return tool_fail("%s: %s", path, strerror(errno));
	fwrite(picture->text, 1, picture->size, file);
	failed = fflush(file) != 0 || ferror(file);
	failed |= fclose(file) != 0;
	return failed ? tool_fail("%s: %s", path, strerror(errno)) : 0;
}

static int plot_command(int argc, char **argv)
{
	static const struct option names[] = { { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	struct plot plot = { 0 };
	struct picture picture = { 0 };
	const char *output = NULL;
	int option;
	int status;

	while ((option = tool_option(&plot_subcommand, argc, argv, "o:h", names, &status)) != -1) {
		if (option == '?')
			return status;
		output = optarg;
	}
	if (argc - optind != 1 || !output)
		return tool_usage(&plot_subcommand, "it takes a file, and -o with another");
	plot.path = argv[optind];
	status = plot_read(&plot);
	if (status == 0)
		status = draw(&plot, &picture);
	if (status == 0)
		status = write_picture(&picture, output);
	free(picture.text);
	plot_free(&plot);
	return status;
}

const struct subcommand plot_subcommand = {
	.name = "plot",
	.summary = "draws the intervals that stat wrote, by gnuplot",
	.usage = "FILE.csv -o OUT.svg",
	.help = "  FILE.csv   what perfmon stat -I MS --csv -o FILE.csv wrote, of up to 8 events\n"
		"  -o OUT.svg the picture\n",
	.run = plot_command,
};

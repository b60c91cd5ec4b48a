/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

#define SERIES_MAX 16
#define LINE_MAX   512

/* A line of what perfmon stat -I MS --csv wrote. */
struct point {
	unsigned run;
	double time;
	double rate;
	bool partial;
	size_t series;
};

struct plot {
	const char *path;
	char *names[SERIES_MAX];
	size_t series_count;
	struct point *points;
	size_t point_count;
};

static int find_series(struct plot *plot, const char *name, size_t *ret_series)
{
	for (size_t i = 0; i < plot->series_count; i++) {
		if (strcmp(plot->names[i], name) == 0) {
			*ret_series = i;
			return 0;
		}
	}
	if (plot->series_count == SERIES_MAX)
		return tool_fail("%s: more than %d events", plot->path, SERIES_MAX);
	plot->names[plot->series_count] = strdup(name);
	if (!plot->names[plot->series_count])
		return tool_fail("%s: no memory", plot->path);
	*ret_series = plot->series_count++;
	return 0;
}

static int add_point(struct plot *plot, const char *line, size_t number)
{
	struct point point;
	struct point *grown;
	char name[80];
	char class[24];
	char mark[16] = "";

	if (sscanf(line, "%u,%lf,%*f,%79[^,],%*u,%lf,%23[^,],%15s", &point.run, &point.time, name,
		   &point.rate, class, mark) < 5)
		return tool_fail("%s:%zu: this is no line of perfmon stat --csv", plot->path,
				 number);
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:=") !=
	    strlen(name))
		return tool_fail("%s:%zu: this is no event: %s", plot->path, number, name);
	if (find_series(plot, name, &point.series))
		return STATUS_FAILURE;
	point.partial = strncmp(mark, "partial", 7) == 0;
	grown = reallocarray(plot->points, plot->point_count + 1, sizeof *grown);
	if (!grown)
		return tool_fail("%s: no memory", plot->path);
	plot->points = grown;
	plot->points[plot->point_count++] = point;
	return 0;
}

static int read_points(struct plot *plot)
{
	FILE *file = fopen(plot->path, "re");
	char line[LINE_MAX];
	size_t number = 0;
	int status = 0;

	if (!file)
		return tool_fail("%s: %s", plot->path, strerror(errno));
	while (status == 0 && fgets(line, sizeof line, file))
		if (++number > 1 || strncmp(line, "run,", 4) != 0)
			status = add_point(plot, line, number);
	if (status == 0 && ferror(file))
		status = tool_fail("%s: %s", plot->path, strerror(errno));
	else if (status == 0 && plot->point_count == 0)
		status = tool_fail("%s: there is nothing in it: perfmon stat -I MS --csv -o %s "
				   "COMMAND writes such a file",
				   plot->path, plot->path);
	fclose(file);
	return status;
}

/* In single quotes, where gnuplot takes all but these as they are. */
static void write_quoted(FILE *gnuplot, const char *text)
{
	fputc('\'', gnuplot);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', gnuplot);
		fputc(*text, gnuplot);
	}
	fputc('\'', gnuplot);
}

static bool has_partial(const struct plot *plot)
{
	for (size_t i = 0; i < plot->point_count; i++)
		if (plot->points[i].partial)
			return true;
	return false;
}

/* Lines are told apart without their colours: by dashes and points. */
static void write_script(FILE *gnuplot, const struct plot *plot, const char *output)
{
	fputs("set terminal svg size 800,480 dynamic background rgb 'white' font 'sans,13'\n"
	      "set output ",
	      gnuplot);
	write_quoted(gnuplot, output);
	fputs("\nset title ", gnuplot);
	write_quoted(gnuplot, has_partial(plot) ? "Events in a second (x: a partial count)"
						: "Events in a second");
	fputs(" noenhanced\nset xlabel 'time in s'\n"
	      "set ylabel 'events in 1/s'\nset format y '%.0s %c'\nset yrange [0:]\n"
	      "set xrange [0:]\nset grid lc rgb '#d0d0d0'\nset key outside bottom center "
	      "noenhanced\n"
	      "set border 3\nset tics nomirror\nplot ",
	      gnuplot);
	for (size_t i = 0; i < plot->series_count; i++) {
		static const char *const colours[] = { "#000000", "#0060b0", "#a04000", "#606060" };

		fprintf(gnuplot,
			"%s'-' with linespoints lw 2 dt %zu pt %zu ps 0.6 lc rgb '%s' title ",
			i ? ", " : "", i % 5 + 1, 2 * i % 14 + 5, colours[i % 4]);
		write_quoted(gnuplot, plot->names[i]);
	}
	if (has_partial(plot))
		fputs(", '-' with points pt 2 ps 1.2 lw 2 lc rgb 'black' title 'partial'", gnuplot);
	fputc('\n', gnuplot);
}

/* An empty line between runs breaks the curve. */
static void write_series(FILE *gnuplot, const struct plot *plot, size_t series)
{
	unsigned run = 0;

	for (size_t i = 0; i < plot->point_count; i++) {
		const struct point *point = &plot->points[i];

		if (point->series != series)
			continue;
		if (run && point->run != run)
			fputc('\n', gnuplot);
		run = point->run;
		fprintf(gnuplot, "%.6f %.3f\n", point->time, point->rate);
	}
	fputs("e\n", gnuplot);
}

static void write_all(FILE *gnuplot, const struct plot *plot, const char *output)
{
	write_script(gnuplot, plot, output);
	for (size_t i = 0; i < plot->series_count; i++)
		write_series(gnuplot, plot, i);
	if (!has_partial(plot))
		return;
	for (size_t i = 0; i < plot->point_count; i++)
		if (plot->points[i].partial)
			fprintf(gnuplot, "%.6f %.3f\n", plot->points[i].time, plot->points[i].rate);
	fputs("e\n", gnuplot);
}

static pid_t begin_gnuplot(FILE **ret_input)
{
	int ends[2];
	pid_t process;

	if (pipe(ends) < 0)
		return -1;
	process = fork();
	if (process == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("gnuplot", "gnuplot", "-", (char *)NULL);
		_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
	}
	close(ends[0]);
	*ret_input = fdopen(ends[1], "we");
	return process;
}

/* What gnuplot does not say by its status: whether the picture is whole. */
static int check_output(const char *output)
{
	FILE *file = fopen(output, "re");
	char end[16] = "";

	if (!file)
		return tool_fail("%s: %s", output, strerror(errno));
	if (fseek(file, -9, SEEK_END) == 0)
		(void)!fread(end, 1, sizeof end - 1, file);
	fclose(file);
	if (strstr(end, "</svg>"))
		return 0;
	return tool_fail("%s: the picture is not whole: is the disk full?", output);
}

static int draw(const struct plot *plot, const char *output)
{
	FILE *input = NULL;
	int status = 0;
	pid_t process;

	/* A gnuplot that is not there, or ends: told by its status. */
	signal(SIGPIPE, SIG_IGN);
	process = begin_gnuplot(&input);
	if (process < 0 || !input)
		return tool_fail("gnuplot: %s", strerror(errno));
	write_all(input, plot, output);
	fclose(input);
	if (waitpid(process, &status, 0) < 0)
		return tool_fail("gnuplot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOT_FOUND)
		return tool_fail("there is no gnuplot, which draws: install Debian's package "
				 "gnuplot-nox");
	if (status)
		return tool_fail("gnuplot could not draw %s", output);
	return check_output(output);
}

static void free_plot(struct plot *plot)
{
	for (size_t i = 0; i < plot->series_count; i++)
		free(plot->names[i]);
	free(plot->points);
}

static int plot_command(int argc, char **argv)
{
	static const struct option names[] = { { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	struct plot plot = { 0 };
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
	status = read_points(&plot);
	if (status == 0)
		status = draw(&plot, output);
	free_plot(&plot);
	return status;
}

const struct subcommand plot_subcommand = {
	.name = "plot",
	.summary = "draws the intervals that stat wrote, by gnuplot",
	.usage = "FILE.csv -o OUT.svg",
	.help = "  FILE.csv   what perfmon stat -I MS --csv -o FILE.csv wrote\n"
		"  -o OUT.svg the picture\n",
	.run = plot_command,
};

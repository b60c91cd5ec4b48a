/* SPDX-License-Identifier: BSD-2-Clause */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "spec.h"
#include "watch.h"

#define WIDTH_LEAST  60
#define HEIGHT_LEAST 14
#define HEAD         4 /* lines above the counters */
#define TEXT         4 /* lines of a counter above its graph */
#define STEPS        8 /* of a cell's height */

enum { PAIR_GRAPH = 1, PAIR_ERROR, PAIR_DIM };

static SCREEN *terminal;
static bool utf8;
static bool coloured;
static volatile sig_atomic_t continued; /* after it was stopped */

static void begin_colours(void)
{
	const char *none = getenv("NO_COLOR");

	coloured = has_colors() && !(none && *none);
	if (!coloured)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_GRAPH, COLOR_CYAN, -1);
	init_pair(PAIR_ERROR, COLOR_RED, -1);
	init_pair(PAIR_DIM, COLOR_BLUE, -1);
}

static void note_continued(int signal)
{
	(void)signal;
	continued = true;
}

/* Who was stopped by SIGSTOP finds the terminal as the shell has it. */
static void catch_continued(void)
{
	struct sigaction action = { .sa_handler = note_continued };

	sigemptyset(&action.sa_mask);
	sigaction(SIGCONT, &action, NULL);
}

bool screen_begin(void)
{
	setlocale(LC_ALL, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	/* Numbers are printed as everywhere. */
	setlocale(LC_NUMERIC, "C");
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return false;
	begin_colours();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	catch_continued();
	return true;
}

void screen_end(void)
{
	endwin();
	delscreen(terminal);
	terminal = NULL;
}

static void paint(int pair)
{
	attron(coloured ? (attr_t)COLOR_PAIR(pair) : A_NORMAL);
}

static void unpaint(int pair)
{
	attroff(coloured ? (attr_t)COLOR_PAIR(pair) : A_NORMAL);
}

/* At the right end of a line. */
static void put_right(int line, const char *text)
{
	int column = COLS - (int)strlen(text);

	if (column > 0)
		mvaddnstr(line, column, text, COLS - column);
}

static void draw_head(const struct watch *watch)
{
	char text[160];
	char digits[32];

	attron(A_BOLD);
	mvprintw(0, 0, "%.*s", COLS - 1, watch->node);
	attroff(A_BOLD);
	snprintf(text, sizeof text, "every %g s, for %.0f s    q ends", watch->interval,
		 watch->at - watch->begin);
	put_right(0, text);
	if (watch->stamp)
		mvprintw(1, 0, "time stamp  %s at %u MHz", report_digits(watch->stamp, digits),
			 watch->mhz);
	else
		mvaddstr(1, 0, "time stamp  none on this machine");
	mvprintw(2, 0, "held by     %.*s", COLS - 13, watch_holder(watch, text, sizeof text));
}

static double highest(const struct series *series, size_t columns)
{
	double most = 0;

	for (size_t ago = 0; ago < columns; ago++)
		if (series_rate(series, ago) > most)
			most = series_rate(series, ago);
	return most;
}

/* One cell of a column that is so many steps high: line 0 is the lowest. */
static const char *cell(int steps, int line)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { " ", ".", ".", ":", ":", "+", "+", "#", "#" };
	int here = steps - line * STEPS;

	here = here < 0 ? 0 : here > STEPS ? STEPS : here;
	return utf8 ? blocks[here] : plain[here];
}

/* The latest at the right; what is above 0 is seen. */
static void draw_graph(const struct series *series, int top, int lines)
{
	int columns = COLS - 12;
	double most = highest(series, (size_t)columns);
	char rate[32];

	if (lines < 1 || most <= 0)
		return;
	mvprintw(top, 0, "%10s", report_rate(most, rate));
	if (lines > 1)
		mvprintw(top + lines - 1, 0, "%10s", "0 /s");
	paint(PAIR_GRAPH);
	for (int column = 0; column < columns; column++) {
		double value = series_rate(series, (size_t)(columns - 1 - column));
		int steps;

		if (value < 0)
			continue;
		steps = (int)(value / most * lines * STEPS + 0.5);
		if (value > 0 && steps == 0)
			steps = 1;
		for (int line = 0; line < lines; line++)
			mvaddstr(top + lines - 1 - line, 12 + column, cell(steps, line));
	}
	unpaint(PAIR_GRAPH);
}

static void draw_state(const struct series *series, int line)
{
	if (series->error) {
		paint(PAIR_ERROR);
		put_right(line, series->error == EBUSY ? "not set up" : "PARTIAL");
		unpaint(PAIR_ERROR);
	} else {
		put_right(line, series->running ? "running" : "stopped");
	}
}

/* As much as there is room for, the note first: it is what is to be known of the count. */
static void draw_event(const struct perfmon_event *event, int line)
{
	char text[700];

	snprintf(text, sizeof text, "%s%s%s: %s", event->pme_note, *event->pme_note ? "; " : "",
		 spec_class(event), event->pme_counted);
	paint(PAIR_DIM);
	mvaddnstr(line, 12, text, COLS - 12);
	unpaint(PAIR_DIM);
}

static void draw_counter(const struct series *series, int counter, int top, int lines)
{
	char digits[32];
	char total[32];
	char rate[32];

	attron(A_BOLD);
	mvprintw(top, 0, "counter %d   %.*s", counter, COLS - 24, series->label);
	attroff(A_BOLD);
	draw_state(series, top);
	if (series->error == EBUSY)
		return;
	draw_event(&series->event, top + 1);
	mvprintw(top + 2, 0, "value       %s, total %s", report_digits(series->count, digits),
		 report_digits(series->total, total));
	attron(A_BOLD);
	put_right(top + 2, report_rate(series->rate, rate));
	attroff(A_BOLD);
	draw_graph(series, top + TEXT - 1, lines - TEXT);
}

void screen_draw(const struct watch *watch)
{
	int lines = (LINES - HEAD) / NPMC;

	erase();
	if (COLS < WIDTH_LEAST || LINES < HEIGHT_LEAST) {
		mvprintw(0, 0, "%dx%d: it takes %dx%d", COLS, LINES, WIDTH_LEAST, HEIGHT_LEAST);
	} else {
		draw_head(watch);
		for (int i = 0; i < NPMC; i++)
			draw_counter(&watch->series[i], i, HEAD + i * lines, lines);
	}
	refresh();
}

/* A terminal that has gone gives no key for ever, at once. */
static bool has_gone(const struct pollfd *ends)
{
	return (ends[0].revents | ends[1].revents) & (POLLHUP | POLLERR | POLLNVAL);
}

bool screen_wait(const struct watch *watch, double seconds)
{
	struct pollfd ends[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .fd = STDOUT_FILENO } };
	int key;

	if (poll(ends, 2, (int)(seconds * 1000) + 1) > 0 && has_gone(ends))
		return true;
	if (continued) {
		continued = false;
		reset_prog_mode();
		clearok(curscr, TRUE);
		screen_draw(watch);
	}
	timeout(0);
	key = getch();
	if (key == KEY_RESIZE)
		screen_draw(watch);
	return key == 'q' || key == 'Q';
}

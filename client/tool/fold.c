/* SPDX-License-Identifier: BSD-2-Clause */
#include "fold.h"

#include <string.h>
#include <sys/ioctl.h>

#define WIDTH_USUAL 80
#define WIDTH_LEAST 40

int fold_width(FILE *file)
{
	struct winsize size;

	if (ioctl(fileno(file), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_USUAL;
	return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

/* To the next place where the text may be folded; the spaces behind it are left out there. */
static size_t piece(const char *text)
{
	size_t length = strcspn(text, " +");

	return text[length] == '+' ? length + 1 : length;
}

void fold_print(FILE *file, const char *text, int at, int indent, int width)
{
	while (*text) {
		size_t spaces = strspn(text, " ");
		size_t length = piece(text + spaces);

		if (at + (int)(spaces + length) > width && at > indent) {
			fprintf(file, "\n%*s", indent, "");
			at = indent;
			text += spaces;
			spaces = 0;
		}
		fwrite(text, 1, spaces + length, file);
		at += (int)(spaces + length);
		text += spaces + length;
	}
	fputc('\n', file);
}

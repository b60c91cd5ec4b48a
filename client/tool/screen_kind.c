/* SPDX-License-Identifier: BSD-2-Clause */

/* By itself: <term.h> makes macros of words as common as lines. */

#include <curses.h>
#include <term.h>
#include <unistd.h>

#include "watch.h"

bool screen_may_begin(void)
{
	bool may = false;
	int error;

	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	may = tigetnum("lines") >= 0 && tigetstr("cup");
	del_curterm(cur_term);
	return may;
}

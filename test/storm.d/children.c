/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

/* Out of its slot, or the one that it forks for, before its number can be another's. */
static void leave_slot(pid_t process)
{
	for (int i = 0; i < PROCESSES; i++) {
		pid_t in = process;
		pid_t forks = -process;

		if (!atomic_compare_exchange_strong(&storm->slot[i], &in, 0))
			atomic_compare_exchange_strong(&storm->slot[i], &forks, 0);
	}
}

static void judge_end(const siginfo_t *how, struct reaped *reaped)
{
	char text[64];

	if (how->si_code == CLD_KILLED && how->si_status == SIGKILL) {
		reaped->killed++;
	} else if (how->si_code != CLD_EXITED || how->si_status != 0) {
		snprintf(text, sizeof text, "a process ended with %s %d",
			 how->si_code == CLD_EXITED ? "status" : "signal", how->si_status);
		note_wrong(text, 0);
	}
}

bool children_tend(struct reaped *reaped)
{
	siginfo_t how;

	for (;;) {
		how.si_pid = 0;
		if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) < 0)
			return false;
		if (how.si_pid == 0)
			break;
		leave_slot(how.si_pid);
		waitid(P_PID, (id_t)how.si_pid, &how, WEXITED);
		judge_end(&how, reaped);
	}
	for (;;) {
		how.si_pid = 0;
		if (waitid(P_ALL, 0, &how, WSTOPPED | WNOHANG) < 0 || how.si_pid == 0)
			return true;
		reaped->stopped++;
		kill(how.si_pid, SIGCONT);
	}
}

static int slot_of(pid_t process)
{
	for (int i = 0; i < PROCESSES; i++)
		if (storm->slot[i] == process)
			return i;
	return -1;
}

static void show(const char *process, const char *file)
{
	char path[64];
	char line[256];
	FILE *stream;

	snprintf(path, sizeof path, "/proc/%.16s/%s", process, file);
	stream = fopen(path, "r");
	if (!stream)
		return;
	while (fgets(line, sizeof line, stream))
		printf("#   %s: %.*s\n", file, (int)strcspn(line, "\n"), line);
	fclose(stream);
}

/* The parent and the state. */
static pid_t parent_of(const char *process, char *ret_state)
{
	char path[64];
	FILE *stream;
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%.16s/stat", process);
	stream = fopen(path, "r");
	if (!stream)
		return 0;
	if (fscanf(stream, "%*d (%*[^)]) %c %d", ret_state, &parent) != 2)
		parent = 0;
	fclose(stream);
	return parent;
}

void children_report(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	char state = '?';

	while (processes && (entry = readdir(processes)) != NULL) {
		const char *process = entry->d_name;

		if (!isdigit((unsigned char)process[0]) || parent_of(process, &state) != getpid())
			continue;
		printf("# process %s of slot %d: %c\n", process, slot_of(atoi(process)), state);
		show(process, "wchan");
		show(process, "syscall");
		show(process, "stack");
		kill(atoi(process), SIGKILL);
	}
	if (processes)
		closedir(processes);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: rights-filter PID
 *
 * Prints the system calls that the seccomp(2) filter of a process lets through, one a line, by
 * name; with a '*' behind one that it lets through with some arguments only. Takes root, and a
 * kernel with CONFIG_CHECKPOINT_RESTORE: status 77 where it has none.
 */

#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define NUMBERS 512
#define SKIPPED 77

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

enum { LETS = 1, REFUSES = 2 };

static struct sock_filter program[BPF_MAXINSNS];
static uint32_t architecture;

/* What a call of a number can come to; known: the accumulator is `value`, and no argument. */
static unsigned follow(size_t at, uint32_t number, bool known, uint32_t value)
{
	for (;; at++) {
		const struct sock_filter *step = &program[at];
		bool jumps;

		switch (BPF_CLASS(step->code)) {
		case BPF_LD:
			known = step->k == offsetof(struct seccomp_data, nr) ||
				step->k == offsetof(struct seccomp_data, arch);
			value = step->k == offsetof(struct seccomp_data, nr) ? number
									     : architecture;
			continue;
		case BPF_ALU:
			if (BPF_OP(step->code) != BPF_AND)
				errx(EXIT_FAILURE, "an operation that is not expected");
			value &= step->k;
			continue;
		case BPF_RET:
			return (step->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW ? LETS
											: REFUSES;
		case BPF_JMP:
			break;
		default:
			errx(EXIT_FAILURE, "an instruction that is not expected");
		}
		if (BPF_OP(step->code) == BPF_JA) {
			at += step->k;
			continue;
		}
		if (!known)
			return follow(at + 1 + step->jt, number, false, 0) |
			       follow(at + 1 + step->jf, number, false, 0);
		switch (BPF_OP(step->code)) {
		case BPF_JEQ:
			jumps = value == step->k;
			break;
		case BPF_JGT:
			jumps = value > step->k;
			break;
		case BPF_JGE:
			jumps = value >= step->k;
			break;
		default:
			jumps = value & step->k;
		}
		at += jumps ? step->jt : step->jf;
	}
}

static void fetch(pid_t process)
{
	long length;

	if (ptrace(PTRACE_ATTACH, process, NULL, NULL) < 0)
		err(EXIT_FAILURE, "ptrace of %d", (int)process);
	if (waitpid(process, NULL, 0) != process)
		err(EXIT_FAILURE, "waitpid");
	length = ptrace((enum __ptrace_request)PTRACE_SECCOMP_GET_FILTER, process, NULL, program);
	if (length < 0 && (errno == EINVAL || errno == EIO))
		errx(SKIPPED, "this kernel gives no filter (CONFIG_CHECKPOINT_RESTORE)");
	if (length < 0)
		err(EXIT_FAILURE, "the filter");
	ptrace(PTRACE_DETACH, process, NULL, NULL);
}

int main(int argc, char *argv[])
{
	if (argc != 2)
		errx(2, "usage: rights-filter PID");
	fetch((pid_t)atoi(argv[1]));
	architecture = seccomp_arch_native();
	for (uint32_t number = 0; number < NUMBERS; number++) {
		unsigned outcome = follow(0, number, false, 0);
		char *name;

		if (!(outcome & LETS))
			continue;
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
		printf("%s%s\n", name ? name : "?", outcome & REFUSES ? "*" : "");
		free(name);
	}
	return EXIT_SUCCESS;
}

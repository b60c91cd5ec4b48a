/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: rights-filter PID [CALL]
 *
 * Prints the system calls that the seccomp(2) filter of a process lets through, one a line, by
 * name; with a '*' behind one that it lets through with some arguments only. With CALL, pread64 or
 * pwrite64, the addresses of registers that the call may have as its offset, msr(4). Takes root,
 * and a kernel with CONFIG_CHECKPOINT_RESTORE: status 77 where it has none.
 */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define NUMBERS   512
#define REGISTERS 0x20000
#define SKIPPED   77

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

enum { LETS = 1, REFUSES = 2 };

static struct sock_filter program[BPF_MAXINSNS];

/* A call, of which the arguments may be any. */
struct call {
	struct seccomp_data data;
	bool any;
};

static uint32_t word(const struct call *call, uint32_t offset)
{
	uint32_t value;

	if (offset > sizeof call->data - sizeof value)
		errx(EXIT_FAILURE, "a word that no call has");
	memcpy(&value, (const char *)&call->data + offset, sizeof value);
	return value;
}

/* What a call can come to; known: the accumulator is `value`, and not an argument that may be any.
 */
static unsigned follow(size_t at, const struct call *call, bool known, uint32_t value)
{
	for (;; at++) {
		const struct sock_filter *step = &program[at];
		bool jumps;

		switch (BPF_CLASS(step->code)) {
		case BPF_LD:
			known = !call->any ||
				step->k < offsetof(struct seccomp_data, instruction_pointer);
			value = word(call, step->k);
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
			return follow(at + 1 + step->jt, call, false, 0) |
			       follow(at + 1 + step->jf, call, false, 0);
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

static void print_calls(void)
{
	for (int number = 0; number < NUMBERS; number++) {
		const struct call call = {
			.data = { .nr = number, .arch = seccomp_arch_native() },
			.any = true,
		};
		unsigned outcome = follow(0, &call, false, 0);
		char *name;

		if (!(outcome & LETS))
			continue;
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		printf("%s%s\n", name ? name : "?", outcome & REFUSES ? "*" : "");
		free(name);
	}
}

static void print_addresses(const char *name)
{
	/* Where x86 CPUs have registers; the file takes the lower half of an offset. */
	static const uint64_t from[] = { 0, 0x40000000, 0xc0000000, 0x100000000, 0x1c0000000 };
	struct call call = {
		.data = { .nr = seccomp_syscall_resolve_name(name), .arch = seccomp_arch_native() },
	};

	for (size_t i = 0; i < sizeof from / sizeof *from; i++)
		for (uint64_t address = from[i]; address < from[i] + REGISTERS; address++) {
			call.data.args[3] = address;
			if (follow(0, &call, false, 0) & LETS)
				printf("0x%" PRIx64 "\n", address);
		}
}

int main(int argc, char *argv[])
{
	if (argc != 2 && argc != 3)
		errx(2, "usage: rights-filter PID [CALL]");
	fetch((pid_t)atoi(argv[1]));
	if (argc == 3)
		print_addresses(argv[2]);
	else
		print_calls();
	return EXIT_SUCCESS;
}

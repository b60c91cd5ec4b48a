/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into linux.uml, so that User-Mode Linux starts on CPUs with large vector registers, and
 * ends as a whole.
 *
 * UML keeps a process's extended registers in a buffer of fixed size (all up to AVX-512 fits) and
 * writes that much back. The host's kernel takes them back whole or not at all: where it has more,
 * as on a CPU with AMX (about 11 KiB), PTRACE_SETREGSET of NT_X86_XSTATE fails with EFAULT and UML
 * panics ("ptrace set fp regs failed, errno = 14"). So a short write is laid over what the process
 * has, and the whole is written. What lies beyond UML's buffer is never in use: a process has to
 * ask the host for AMX first, and the system calls of a guest's processes do not reach the host.
 */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

typedef long (*ptrace_function)(int request, pid_t pid, void *address, void *data);

/* Off the stack: UML's kernel stacks are smaller than this. UML calls from one thread only. */
static unsigned char whole[64 * 1024];

static long write_whole(ptrace_function next, pid_t pid, void *address, struct iovec *part)
{
	struct iovec all = { whole, sizeof(whole) };

	if (next(PTRACE_GETREGSET, pid, address, &all) != 0)
		return -1;
	if (all.iov_len <= part->iov_len)
		return next(PTRACE_SETREGSET, pid, address, part);
	memcpy(whole, part->iov_base, part->iov_len);
	return next(PTRACE_SETREGSET, pid, address, &all);
}

/* ptrace(2), in place of the C library's. */
long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_function next;
	va_list rest;
	pid_t pid;
	void *address;
	void *data;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "ptrace");
	va_start(rest, request);
	pid = va_arg(rest, pid_t);
	address = va_arg(rest, void *);
	data = va_arg(rest, void *);
	va_end(rest);
	if (request == PTRACE_SETREGSET && (size_t)address == NT_X86_XSTATE)
		return write_whole(next, pid, address, data);
	return next((int)request, pid, address, data);
}

/*
 * setsid(2), in place of the C library's: does nothing. UML would leave the process group of its
 * starter, which could then not kill UML's helper threads with it: they outlive a killed UML and
 * wait for ever.
 */
pid_t setsid(void)
{
	return getpid();
}

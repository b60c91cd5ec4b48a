/* SPDX-License-Identifier: BSD-2-Clause */
#include "tries.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Where a system call enters the kernel, and a counter's select, which perfmond writes. */
#define ENTRY  0x174
#define SELECT 0x186

/* msr(4) takes the lower half of an offset for the address. */
#define ALIAS (UINT64_C(1) << 32 | SELECT)

#define X32 0x40000000

/* As the journal is opened. */
#define MADE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

static void tell(const char *name, long result)
{
	char line[96];
	int size = snprintf(line, sizeof line, "inside: %s %s\n", name,
			    result < 0 ? strerrorname_np(errno) : "done");

	if (write(STDERR_FILENO, line, (size_t)size) != size)
		_exit(1);
}

static void tell_open(const char *name, int fd)
{
	tell(name, fd);
	if (fd >= 0)
		close(fd);
}

static const char *in(const char *directory, const char *name, char text[PATH_MAX])
{
	snprintf(text, PATH_MAX, "%s/%s", directory, name);
	return text;
}

/* With arguments that change nothing: without a filter they come to nothing, or to another error.
 */
static void try_process(void)
{
	char *const none[] = { NULL };
	struct utsname names;

	tell("execve", execve("/no-such-file", none, none));
	tell("kill", kill(getpid(), 0));
	tell("ptrace", ptrace(PTRACE_CONT, getpid(), NULL, NULL));
	/* The C library's would have all threads make it. */
	tell("setresuid", syscall(SYS_setresuid, -1, -1, -1));
	tell("capset", syscall(SYS_capset, NULL, NULL));
	tell("prctl", prctl(PR_GET_DUMPABLE));
	tell("personality", personality(UINT32_MAX));
	tell("uname", uname(&names));
	tell("mmap-exec", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	tell("mprotect-exec", mprotect(NULL, 0, PROT_READ | PROT_EXEC));
	tell("bpf", syscall(SYS_bpf, -1, NULL, 0));
#ifdef __x86_64__
	tell("x32", syscall(X32 + SYS_getpid));
#endif
}

static void try_namespaces(void)
{
	tell("unshare", unshare(0));
	tell("setns", setns(-1, 0));
	tell("clone-user", syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS, NULL, NULL, NULL, NULL));
	tell("clone3", syscall(SYS_clone3, NULL, 0));
	tell("mount", syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
	tell("umount2", umount2("/proc", -1));
}

static void try_files(void)
{
	tell_open("open-to-write", open("/tmp", O_WRONLY | O_TMPFILE, 0600));
	tell_open("open-msr-to-write", open("/dev/cpu/0/msr", O_RDWR));
	tell_open("open-to-read", open("/etc/passwd", O_RDONLY));
	tell_open("open-to-read-proc", open("/proc/self/status", O_RDONLY));
	tell_open("open-to-read-cpus", open("/sys/devices/system/cpu", O_RDONLY));
	tell("chmod", chmod("/no-such-file", 0666));
	tell("ioctl", ioctl(-1, TIOCSTI, NULL));
	tell_open("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
}

static void try_journal(const char *journal, const char *elsewhere)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	tell_open("journal-make", open(in(journal, "made", from), MADE, 0600));
	tell_open("journal-open-to-write", open(from, O_WRONLY));
	tell("journal-move-out", rename(from, in(elsewhere, "moved", to)));
	rename(to, from);
	tell("journal-rename", rename(from, in(journal, "renamed", to)));
	tell("journal-remove", unlink(to));
	tell_open("elsewhere-make", open(in(elsewhere, "made", from), MADE, 0600));
	tell("elsewhere-rename", rename(in(elsewhere, "kept", from), in(elsewhere, "left", to)));
	rename(to, from);
	tell("elsewhere-remove", unlink(from));
}

static void try_registers(void)
{
	uint64_t value = 0;

	tell("pwrite64-0x174", pwrite(-1, &value, sizeof value, ENTRY));
	tell("pread64-0x174", pread(-1, &value, sizeof value, ENTRY));
	tell("pwrite64-0x186", pwrite(-1, &value, sizeof value, SELECT));
	tell("pread64-0x186", pread(-1, &value, sizeof value, SELECT));
	tell("pwrite64-0x100000186", pwrite(-1, &value, sizeof value, ALIAS));
	tell("pread64-0x100000186", pread(-1, &value, sizeof value, ALIAS));
}

void tries_run(const char *journal, const char *elsewhere)
{
	try_process();
	try_namespaces();
	try_files();
	try_journal(journal, elsewhere);
	try_registers();
	tell("end", 0);
}

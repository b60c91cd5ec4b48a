/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Laid over perfmond by LD_PRELOAD: at SIGUSR1 it tries from inside what perfmond has no right to,
 * and writes what came of each to standard error, as "inside: NAME ERRNO".
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(const char *name, long result)
{
	char line[96];
	int size = snprintf(line, sizeof line, "inside: %s %s\n", name,
			    result < 0 ? strerrorname_np(errno) : "done");

	if (write(STDERR_FILENO, line, (size_t)size) != size)
		_exit(1);
}

/* Registers: 0x174 is where a system call enters the kernel, 0x186 a counter's select. */
static void try_registers(void)
{
	uint64_t value = 0;

	tell("pwrite64-0x174", pwrite(-1, &value, sizeof value, 0x174));
	tell("pread64-0x174", pread(-1, &value, sizeof value, 0x174));
	tell("pwrite64-0x186", pwrite(-1, &value, sizeof value, 0x186));
	tell("pread64-0x186", pread(-1, &value, sizeof value, 0x186));
}

static void try_all(int number)
{
	char *const none[] = { NULL };
	int error = errno;

	(void)number;
	tell("execve", execve("/bin/true", none, none));
	tell("open-to-write", open("/tmp", O_WRONLY | O_TMPFILE, 0600));
	tell("open-to-read", open("/etc/passwd", O_RDONLY));
	tell("open-to-read-proc", open("/proc/self/status", O_RDONLY));
	tell("unlink", unlink("/tmp/no-such-file"));
	tell("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
	tell("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	tell("umount2", umount2("/proc", MNT_DETACH));
	tell("unshare", unshare(CLONE_NEWNS));
	tell("setns", setns(-1, 0));
	tell("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	tell("kill", kill(getppid(), SIGCONT));
	tell("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0));
	tell("setresuid", setresuid(0, 0, 0));
	tell("capset", syscall(SYS_capset, NULL, NULL));
	tell("chmod", chmod("/dev/null", 0666));
	tell("mmap-exec", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	tell("ioctl", ioctl(-1, 0x5412, NULL));
	tell("init_module", syscall(SYS_init_module, NULL, 0, ""));
	try_registers();
	errno = error;
}

__attribute__((constructor)) static void lie_in_wait(void)
{
	struct sigaction action = { .sa_handler = try_all, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
}

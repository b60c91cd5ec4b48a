/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

bool probe_capability(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

void probe_setting(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	text[0] = '\0';
	if (!file)
		return;
	if (!fgets(text, (int)size, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

/* The file has all of them, the one that is in force in brackets. */
const char *probe_lockdown(void)
{
	char text[128];

	probe_setting("/sys/kernel/security/lockdown", text, sizeof text);
	if (strstr(text, "[integrity]"))
		return "integrity";
	return strstr(text, "[confidentiality]") ? "confidentiality" : "none";
}

bool probe_misc_device(const char *name)
{
	FILE *file = fopen("/proc/misc", "re");
	char seen[64];
	bool found = false;

	if (!file)
		return false;
	while (!found && fscanf(file, "%*u %63s", seen) == 1)
		found = strcmp(seen, name) == 0;
	fclose(file);
	return found;
}

/* A line of either list begins with the module's file: "kernel/fs/fuse/cuse.ko.xz: ...". */
static bool list_has(const char *list, const char *name)
{
	char path[256];
	char wanted[64];
	char line[4096];
	struct utsname kernel;
	bool found = false;
	FILE *file;

	if (uname(&kernel) < 0)
		return false;
	snprintf(path, sizeof path, "/lib/modules/%s/%s", kernel.release, list);
	snprintf(wanted, sizeof wanted, "/%s.ko", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof line, file)) {
		const char *end = line + strcspn(line, ":\n");
		const char *match = strstr(line, wanted);

		found = match && match < end && strchr(".:\n", match[strlen(wanted)]);
	}
	fclose(file);
	return found;
}

bool probe_module(const char *name)
{
	char disabled[8];

	if (list_has("modules.builtin", name))
		return true;
	probe_setting("/proc/sys/kernel/modules_disabled", disabled, sizeof disabled);
	return strcmp(disabled, "1") != 0 && list_has("modules.dep", name);
}

static long owner_of_lock(const char *line, const struct stat *status, long likely)
{
	unsigned long inode;
	unsigned device[2];
	long pid;

	if (sscanf(line, "%*u: FLOCK %*s WRITE %ld %x:%x:%lu", &pid, &device[0], &device[1],
		   &inode) != 4 ||
	    inode != status->st_ino)
		return 0;
	if (makedev(device[0], device[1]) == status->st_dev || pid == likely)
		return pid;
	return 0;
}

long probe_lock_holder(const char *path, long likely)
{
	struct stat status;
	long holder = 0;
	char line[256];
	FILE *locks;

	if (stat(path, &status) < 0)
		return 0;
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return 0;
	while (holder == 0 && fgets(line, sizeof line, locks))
		holder = owner_of_lock(line, &status, likely);
	fclose(locks);
	return holder;
}

bool probe_hypervisor(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned eax;
	unsigned ebx;
	unsigned ecx;
	unsigned edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & (1u << 31);
#else
	return false;
#endif
}

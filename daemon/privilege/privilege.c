/* SPDX-License-Identifier: BSD-2-Clause */
#include "privilege/privilege.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "privilege/filter.h"
#include "privilege/landlock.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define NEW_NAMESPACES                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)

/* What the C library, the log and the end of the process take. */
static const struct rights_call process_calls[] = {
	{ .name = "brk" },
	{ .name = "clock_gettime" },
	{ .name = "clone", .argument = 0, .mask = NEW_NAMESPACES, .value = 0 },
	{ .name = "close" },
	{ .name = "dup2" },
	{ .name = "dup3" },
	{ .name = "exit" },
	{ .name = "exit_group" },
	{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_GETFL },
	{ .name = "fcntl", .argument = 1, .mask = UINT32_MAX, .value = F_SETFL },
	{ .name = "fstat" },
	{ .name = "futex" },
	{ .name = "getpid" },
	{ .name = "getrandom" },
	{ .name = "gettid" },
	{ .name = "lseek" },
	{ .name = "madvise" },
	{ .name = "mmap", .argument = 2, .mask = PROT_EXEC, .value = 0 },
	{ .name = "mprotect", .argument = 2, .mask = PROT_EXEC, .value = 0 },
	{ .name = "mremap" },
	{ .name = "munmap" },
	{ .name = "newfstatat" },
	{ .name = "openat",
	  .argument = 2,
	  .mask = O_ACCMODE | O_CREAT | O_TRUNC,
	  .value = O_RDONLY },
	{ .name = "poll" },
	{ .name = "ppoll" },
	{ .name = "read" },
	{ .name = "restart_syscall" },
	{ .name = "rseq" },
	{ .name = "rt_sigaction" },
	{ .name = "rt_sigprocmask" },
	{ .name = "rt_sigreturn" },
	{ .name = "sched_getaffinity" },
	{ .name = "sendto" },
	{ .name = "set_robust_list" },
	{ .name = "socket", .argument = 0, .mask = UINT32_MAX, .value = AF_UNIX },
	{ .name = "wait4" },
	{ .name = "write" },
};

/* Of getpwnam(3) and its like, which leave errno alone or have one of these where nobody is found.
 */
static int lookup_error(void)
{
	switch (errno) {
	case 0:
	case EBADF:
	case ENOENT:
	case EPERM:
	case ESRCH:
		return -ENOENT;
	default:
		return -errno;
	}
}

static int find_entry(const char *name, const struct passwd **ret_entry)
{
	errno = 0;
	*ret_entry = getpwnam(name);
	return *ret_entry ? 0 : lookup_error();
}

static int find_entry_of(uid_t number, const struct passwd **ret_entry)
{
	errno = 0;
	*ret_entry = getpwuid(number);
	return *ret_entry ? 0 : lookup_error();
}

static bool is_number(const char *name, uid_t *ret_number)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	*ret_number = (uid_t)number;
	return isdigit((unsigned char)*name) && *end == '\0' && number < (uid_t)-1;
}

/* A number need not be of the user database. */
int privilege_find(const char *name, struct privilege_user *ret_user)
{
	const struct passwd *entry;
	uid_t number = 0;
	int result = find_entry(name, &entry);

	if (result == -ENOENT && is_number(name, &number)) {
		result = find_entry_of(number, &entry);
		result = result == -ENOENT ? 0 : result;
	}
	if (result < 0)
		return result;
	*ret_user = (struct privilege_user){
		.name = name,
		.user = entry ? entry->pw_uid : number,
		.group = entry ? entry->pw_gid : (gid_t)number,
		.known = entry != NULL,
	};
	return 0;
}

int privilege_find_group(const char *name, gid_t *ret_group)
{
	const struct group *entry;

	errno = 0;
	entry = getgrnam(name);
	if (!entry)
		return lookup_error();
	*ret_group = entry->gr_gid;
	return 0;
}

static int fail(const char *what)
{
	int result = -errno;

	log_error("%s: %s", what, strerror(errno));
	return result;
}

static int empty_bounding_set(void)
{
	for (cap_value_t capability = 0; capability < cap_max_bits(); capability++)
		if (cap_drop_bound(capability) < 0)
			return fail("capabilities: the bounding set cannot be emptied");
	return 0;
}

static int become(const struct privilege_user *user)
{
	int result = user->known ? initgroups(user->name, user->group) : setgroups(0, NULL);

	if (result < 0 || setresgid(user->group, user->group, user->group) < 0 ||
	    setresuid(user->user, user->user, user->user) < 0)
		return fail("--user");
	return 0;
}

/* Where perfmond was started with a part of root's, as in a container, what it lacks stays away. */
static int find_capabilities(uint64_t wanted, uint64_t *ret_found)
{
	cap_t all = cap_get_proc();

	if (!all)
		return fail("capabilities");
	*ret_found = 0;
	for (cap_value_t capability = 0; capability < cap_max_bits(); capability++) {
		cap_flag_value_t permitted = CAP_CLEAR;
		char *name;

		if (!(wanted & UINT64_C(1) << capability))
			continue;
		if (cap_get_flag(all, capability, CAP_PERMITTED, &permitted) == 0 &&
		    permitted == CAP_SET) {
			*ret_found |= UINT64_C(1) << capability;
			continue;
		}
		name = cap_to_name(capability);
		log_warning("perfmond was started without %s: what takes it will fail",
			    name ? name : "a capability");
		cap_free(name);
	}
	cap_free(all);
	return 0;
}

static int keep_capabilities(uint64_t wanted)
{
	cap_t set = cap_init();
	int result = set ? 0 : -ENOMEM;

	for (cap_value_t capability = 0; result == 0 && capability < cap_max_bits(); capability++) {
		if (!(wanted & UINT64_C(1) << capability))
			continue;
		if (cap_set_flag(set, CAP_PERMITTED, 1, &capability, CAP_SET) < 0 ||
		    cap_set_flag(set, CAP_EFFECTIVE, 1, &capability, CAP_SET) < 0)
			result = -errno;
	}
	if (result == 0 && (cap_set_proc(set) < 0 || cap_reset_ambient() < 0))
		result = -errno;
	if (set)
		cap_free(set);
	if (result < 0)
		log_error("capabilities: %s", strerror(-result));
	return result;
}

/* Counts stand in the memory; who may trace the process could read them there. */
static int hide_memory(void)
{
	static const struct rlimit none;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return fail("no core dump");
	return 0;
}

static int forbid_new_rights(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail("no_new_privs") : 0;
}

static int filter_calls(const struct rights *rights)
{
	struct rights all = *rights;

	rights_add_calls(&all, process_calls, COUNT(process_calls));
	return filter_load(&all);
}

/* user: NULL to stay root. *ret_kept: of the wanted capabilities those that there are. */
static int drop(const struct privilege_user *user, uint64_t wanted, uint64_t *ret_kept)
{
	int result = find_capabilities(wanted, ret_kept);

	if (result == 0)
		result = empty_bounding_set();
	if (result == 0 && prctl(PR_SET_KEEPCAPS, 1) < 0)
		result = fail("capabilities cannot be kept");
	if (result == 0 && user)
		result = become(user);
	if (result == 0)
		result = keep_capabilities(*ret_kept);
	if (result == 0)
		result = hide_memory();
	if (result == 0)
		result = forbid_new_rights();
	return result;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
							 const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

static void describe(const struct privilege_user *user, uint64_t capabilities, bool landlocked,
		     bool filtered, char *text, size_t size)
{
	snprintf(text, size, "user %s, capabilities", user->name);
	if (capabilities == 0)
		append(text, size, " none");
	for (cap_value_t capability = 0; capability < cap_max_bits(); capability++) {
		char *name;

		if (!(capabilities & UINT64_C(1) << capability))
			continue;
		name = cap_to_name(capability);
		append(text, size, " %s", name ? name : "?");
		cap_free(name);
	}
	append(text, size, ", system calls %s, files %s",
	       filtered ? "filtered" : "not filtered (this kernel has no seccomp)",
	       landlocked ? "by Landlock" : "as the user (this kernel has no Landlock)");
}

int privilege_confine(const struct privilege_user *user, const struct rights *rights,
		      char *ret_text, size_t size)
{
	uint64_t capabilities = 0;
	int landlocked = 0;
	int filtered = 0;
	int result = drop(user, rights->capabilities, &capabilities);

	if (result == 0)
		landlocked = landlock_confine(rights);
	if (result == 0 && landlocked < 0)
		result = landlocked;
	if (result == 0)
		filtered = filter_calls(rights);
	if (result == 0 && filtered < 0 && filtered != -ENOSYS)
		result = filtered;
	if (result == 0)
		describe(user, capabilities, landlocked, filtered == 0, ret_text, size);
	return result;
}

int privilege_confine_root(const struct rights *rights)
{
	uint64_t kept = 0;
	int result = drop(NULL, rights->capabilities, &kept);

	if (result == 0)
		result = filter_calls(rights);
	return result == -ENOSYS ? 0 : result;
}

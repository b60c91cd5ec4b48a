/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * usage: msr-server [-f] -k p5|p6|arch|amd [-n CPUS] DIRECTORY
 *
 * Mounts over DIRECTORY what the kernel has in /dev/cpu, for modelled CPUs
 * (daemon/backend/model.h): a client of msr(4) and cpuid(4) sees no difference. Goes into the
 * background (-f: does not) once that is so; ends by SIGTERM or umount(8).
 *
 *   N/msr      as msr(4): 8 bytes, or several times the same register, at the offset that is its
 *              address; of a CPU that is offline the open, and each access, is ENXIO
 *   N/cpuid    as cpuid(4): 16 bytes per leaf, at the offset that is the first leaf
 *   control    takes one command per write(2); EINVAL for one that is not in `commands`
 *   registers  tells what every register of every CPU holds, and lets no CPU run
 *   accesses   tells how many accesses there were
 */

#include <errno.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/model.h"

#define CPUS_MAX 1024

struct server {
	enum model_kind kind;
	unsigned cpus;
	struct registers *registers;
	bool short_reads;
	bool offline[CPUS_MAX];
};

enum node {
	NODE_NONE,
	NODE_TOP,
	NODE_CPU,
	NODE_MSR,
	NODE_CPUID,
	NODE_CONTROL,
	NODE_REGISTERS,
	NODE_ACCESSES,
};

static struct server *server(void)
{
	return fuse_get_context()->private_data;
}

static enum node find_cpu(const char *path, unsigned *ret_cpu)
{
	char *end;
	unsigned long number = strtoul(path, &end, 10);

	if (end == path || number >= server()->cpus || (*path == '0' && end > path + 1))
		return NODE_NONE;
	*ret_cpu = (unsigned)number;
	if (*end == '\0')
		return NODE_CPU;
	if (strcmp(end, "/msr") == 0)
		return NODE_MSR;
	return strcmp(end, "/cpuid") == 0 ? NODE_CPUID : NODE_NONE;
}

static enum node find(const char *path, unsigned *ret_cpu)
{
	if (strcmp(path, "/") == 0)
		return NODE_TOP;
	if (strcmp(path, "/control") == 0)
		return NODE_CONTROL;
	if (strcmp(path, "/registers") == 0)
		return NODE_REGISTERS;
	if (strcmp(path, "/accesses") == 0)
		return NODE_ACCESSES;
	return find_cpu(path + 1, ret_cpu);
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *fi)
{
	unsigned cpu;
	enum node node = find(path, &cpu);

	(void)fi;
	if (node == NODE_NONE)
		return -ENOENT;
	memset(status, 0, sizeof *status);
	status->st_mode = node == NODE_TOP || node == NODE_CPU ? S_IFDIR | 0755 : S_IFREG | 0600;
	status->st_nlink = 1;
	return 0;
}

static int read_directory(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
			  struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	unsigned cpu;
	bool top = find(path, &cpu) == NODE_TOP;
	char name[16];

	(void)offset;
	(void)fi;
	(void)flags;
	fill(buffer, ".", NULL, 0, 0);
	fill(buffer, "..", NULL, 0, 0);
	if (!top) {
		fill(buffer, "msr", NULL, 0, 0);
		fill(buffer, "cpuid", NULL, 0, 0);
		return 0;
	}
	for (cpu = 0; cpu < server()->cpus; cpu++) {
		snprintf(name, sizeof name, "%u", cpu);
		fill(buffer, name, NULL, 0, 0);
	}
	fill(buffer, "control", NULL, 0, 0);
	fill(buffer, "registers", NULL, 0, 0);
	fill(buffer, "accesses", NULL, 0, 0);
	return 0;
}

static int open_node(const char *path, struct fuse_file_info *fi)
{
	unsigned cpu;
	enum node node = find(path, &cpu);

	if ((node == NODE_MSR || node == NODE_CPUID) && server()->offline[cpu])
		return -ENXIO;
	fi->direct_io = 1;
	return 0;
}

/* A shell's `>` truncates. */
static int truncate_node(const char *path, off_t size, struct fuse_file_info *fi)
{
	(void)path;
	(void)size;
	(void)fi;
	return 0;
}

/* Linux 6.1, arch/x86/kernel/msr.c: what was done before a failure counts. */
static int read_msr(unsigned cpu, char *buffer, size_t size, off_t offset)
{
	struct registers *registers = server()->registers;
	size_t done;

	if (size % sizeof(uint64_t) != 0)
		return -EINVAL;
	for (done = 0; done < size; done += sizeof(uint64_t)) {
		uint64_t value;
		int result = registers->operations->read(registers, cpu, (uint32_t)offset, &value);

		if (result < 0)
			return done > 0 ? (int)done : result;
		memcpy(buffer + done, &value, sizeof value);
	}
	return server()->short_reads ? (int)done / 2 : (int)done;
}

static int write_msr(unsigned cpu, const char *buffer, size_t size, off_t offset)
{
	struct registers *registers = server()->registers;
	size_t done;

	if (size % sizeof(uint64_t) != 0)
		return -EINVAL;
	for (done = 0; done < size; done += sizeof(uint64_t)) {
		uint64_t value;
		int result;

		memcpy(&value, buffer + done, sizeof value);
		result = registers->operations->write(registers, cpu, (uint32_t)offset, value);
		if (result < 0)
			return done > 0 ? (int)done : result;
	}
	return (int)done;
}

/* Linux 6.1, arch/x86/kernel/cpuid.c. */
static int read_cpuid(char *buffer, size_t size, off_t offset)
{
	size_t done;

	if (size % sizeof(struct cpuid) != 0)
		return -EINVAL;
	for (done = 0; done < size; done += sizeof(struct cpuid)) {
		struct cpuid leaf = model_cpuid(server()->kind, (uint32_t)offset++);

		memcpy(buffer + done, &leaf, sizeof leaf);
	}
	return (int)done;
}

static void print_registers(FILE *text)
{
	const uint32_t *address = model_addresses(server()->kind);
	uint64_t value;

	for (unsigned cpu = 0; cpu < server()->cpus; cpu++)
		for (unsigned i = 0; address[i]; i++)
			if (model_peek(server()->registers, cpu, address[i], &value) == 0)
				fprintf(text, "%u 0x%x 0x%llx\n", cpu, address[i],
					(unsigned long long)value);
}

static int read_text(enum node node, char *buffer, size_t size, off_t offset)
{
	char *content = NULL;
	size_t length;
	FILE *text = open_memstream(&content, &length);

	if (!text)
		return -ENOMEM;
	if (node == NODE_REGISTERS)
		print_registers(text);
	else
		fprintf(text, "%lu\n", model_accesses(server()->registers));
	if (fclose(text) != 0 || !content)
		return -ENOMEM;
	length = (size_t)offset < length ? length - (size_t)offset : 0;
	if (size > length)
		size = length;
	if (size > 0)
		memcpy(buffer, content + offset, size);
	free(content);
	return (int)size;
}

static int read_node(const char *path, char *buffer, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	unsigned cpu;
	enum node node = find(path, &cpu);

	(void)fi;
	switch (node) {
	case NODE_MSR:
		return read_msr(cpu, buffer, size, offset);
	case NODE_CPUID:
		return read_cpuid(buffer, size, offset);
	case NODE_REGISTERS:
	case NODE_ACCESSES:
		return read_text(node, buffer, size, offset);
	default:
		return -EINVAL;
	}
}

/* A number in C's notation; UINT64_MAX for anything else. */
static uint64_t number(const char *word)
{
	char *end;
	unsigned long long value = strtoull(word, &end, 0);

	return end == word || *end != '\0' ? UINT64_MAX : value;
}

/* The words of a command after its name; of those that have a CPU, the first is checked. */
static int take(char **word)
{
	uint64_t counter = number(word[1]);

	if (counter > 1)
		return -EINVAL;
	model_take(server()->registers, (unsigned)number(word[0]), (unsigned)counter);
	return 0;
}

static int release(char **word)
{
	uint64_t counter = number(word[1]);

	if (counter > 1)
		return -EINVAL;
	model_release(server()->registers, (unsigned)number(word[0]), (unsigned)counter);
	return 0;
}

static int set_online(const char *cpu, bool online)
{
	server()->offline[number(cpu)] = !online;
	model_set_online(server()->registers, (unsigned)number(cpu), online);
	return 0;
}

static int online(char **word)
{
	return set_online(word[0], true);
}

static int offline(char **word)
{
	return set_online(word[0], false);
}

static int poke(char **word)
{
	return model_poke(server()->registers, (unsigned)number(word[0]), (uint32_t)number(word[1]),
			  number(word[2]));
}

static int fail(char **word)
{
	uint64_t after = number(word[0]);
	int error = strcmp(word[1], "EPERM") == 0 ? -EPERM : -EIO;

	if (after > INT32_MAX || (error == -EIO && strcmp(word[1], "EIO") != 0))
		return -EINVAL;
	model_fail(server()->registers, (long)after, error, strcmp(word[2], "lasting") == 0);
	return 0;
}

static int heal(char **word)
{
	(void)word;
	model_fail(server()->registers, -1, 0, false);
	server()->short_reads = false;
	return 0;
}

static int short_reads(char **word)
{
	(void)word;
	server()->short_reads = true;
	return 0;
}

static int hollow(char **word)
{
	(void)word;
	model_hollow(server()->registers);
	return 0;
}

#define WORDS_MAX 4

static const struct command {
	const char *name;
	int words; /* after the name */
	bool cpu;  /* the first of them is a CPU */
	int (*run)(char **word);
} commands[] = {
	{ "take", 2, true, take },       /* CPU COUNTER: another owner does, as perf would */
	{ "release", 2, true, release }, /* CPU COUNTER: it stops */
	{ "offline", 1, true, offline }, /* CPU */
	{ "online", 1, true, online },   /* CPU */
	{ "poke", 3, true, poke },       /* CPU ADDRESS VALUE */
	{ "fail", 3, false, fail }, /* AFTER EIO|EPERM once|lasting: the access after so many */
	{ "short", 0, false, short_reads }, /* reads of msr give half */
	{ "heal", 0, false, heal },         /* takes fail and short back */
	{ "hollow", 0, false, hollow },     /* writes vanish */
};

static int run_command(char **word, int words)
{
	for (size_t i = 0; words > 0 && i < sizeof commands / sizeof *commands; i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, word[0]) != 0 || command->words != words - 1)
			continue;
		if (command->cpu && (words < 2 || number(word[1]) >= server()->cpus))
			return -EINVAL;
		return command->run(word + 1);
	}
	return -EINVAL;
}

static int write_control(const char *buffer, size_t size)
{
	char *word[WORDS_MAX];
	char line[128];
	char *rest;
	int words = 0;
	int result;

	if (size >= sizeof line)
		return -EINVAL;
	memcpy(line, buffer, size);
	line[size] = '\0';
	for (char *next = strtok_r(line, " \n", &rest); next && words < WORDS_MAX;
	     next = strtok_r(NULL, " \n", &rest))
		word[words++] = next;
	result = run_command(word, words);
	return result < 0 ? result : (int)size;
}

static int write_node(const char *path, const char *buffer, size_t size, off_t offset,
		      struct fuse_file_info *fi)
{
	unsigned cpu;
	enum node node = find(path, &cpu);

	(void)fi;
	if (node == NODE_MSR)
		return write_msr(cpu, buffer, size, offset);
	return node == NODE_CONTROL ? write_control(buffer, size) : -EINVAL;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.readdir = read_directory,
	.open = open_node,
	.truncate = truncate_node,
	.read = read_node,
	.write = write_node,
};

static int usage(void)
{
	fprintf(stderr, "usage: msr-server [-f] -k p5|p6|arch|amd [-n CPUS] DIRECTORY\n");
	return 2;
}

/* Requests one after the other: the model is no thread's. */
static int serve(struct server *is, const char *directory, int foreground)
{
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
	struct fuse *fuse = NULL;
	int status = 1;

	if (fuse_opt_add_arg(&arguments, "msr-server") == 0 &&
	    fuse_opt_add_arg(&arguments, "-oallow_other,default_permissions,fsname=msr-server") ==
		    0)
		fuse = fuse_new(&arguments, &operations, sizeof operations, is);
	if (!fuse)
		goto cleanup;
	if (fuse_mount(fuse, directory) < 0)
		goto cleanup;
	if (fuse_set_signal_handlers(fuse_get_session(fuse)) == 0 &&
	    fuse_daemonize(foreground) == 0)
		status = fuse_loop(fuse) < 0 ? 1 : 0;
	fuse_remove_signal_handlers(fuse_get_session(fuse));
	fuse_unmount(fuse);
cleanup:
	if (fuse)
		fuse_destroy(fuse);
	fuse_opt_free_args(&arguments);
	return status;
}

int main(int argc, char *argv[])
{
	static struct server is = { .cpus = 1 };
	struct registers *registers = NULL;
	const char *kind = NULL;
	int foreground = 0;
	int option;
	int status;

	while ((option = getopt(argc, argv, "fk:n:")) != -1)
		switch (option) {
		case 'f':
			foreground = 1;
			break;
		case 'k':
			kind = optarg;
			break;
		case 'n':
			is.cpus = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			return usage();
		}
	if (optind != argc - 1 || !kind || model_kind_by_name(kind, &is.kind) < 0 || is.cpus < 1 ||
	    is.cpus > CPUS_MAX)
		return usage();
	if (model_open(is.kind, is.cpus, &registers) < 0 || !registers) {
		perror("msr-server");
		return 1;
	}
	is.registers = registers;
	status = serve(&is, argv[optind], foreground);
	registers->operations->close(registers);
	return status;
}

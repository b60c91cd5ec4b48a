/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject.h"

#include <execinfo.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MODULES_MAX 16
#define FRAMES_MAX  24

struct module {
	const char *name;
	uintptr_t base;
	uintptr_t begin;
	uintptr_t end;
	bool library; /* the C library or its loader: who called it is the call site */
};

static struct module module[MODULES_MAX];
static size_t modules;
static const struct module *own;

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct module *made = &module[modules];

	(void)size;
	(void)unused;
	if (modules == MODULES_MAX)
		return 1;
	/* The program itself has no name there. */
	made->name = *info->dlpi_name ? last_part(info->dlpi_name) : "perfmond";
	made->base = info->dlpi_addr;
	made->begin = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type != PT_LOAD)
			continue;
		if (info->dlpi_addr + part->p_vaddr < made->begin)
			made->begin = info->dlpi_addr + part->p_vaddr;
		made->end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
	}
	made->library = strncmp(made->name, "libc.", 5) == 0 || strncmp(made->name, "ld-", 3) == 0;
	modules++;
	return 0;
}

static const struct module *find(const void *address)
{
	for (size_t i = 0; i < modules; i++)
		if ((uintptr_t)address >= module[i].begin && (uintptr_t)address < module[i].end)
			return &module[i];
	return NULL;
}

void site_open(void)
{
	void *frame[1];

	dl_iterate_phdr(add_module, NULL);
	own = find(&inject_gone);
	/* Its first call allocates, which must not happen inside of malloc(). */
	backtrace(frame, 1);
}

/* The nearest caller outside of the C library and of this one. */
static const void *outer_caller(const struct module **ret_module)
{
	void *frame[FRAMES_MAX];
	int frames = backtrace(frame, FRAMES_MAX);

	for (int i = 0; i < frames; i++) {
		const struct module *of = find(frame[i]);

		if (of && of != own && !of->library) {
			*ret_module = of;
			return frame[i];
		}
	}
	return NULL;
}

static size_t offset(const struct module *of, const void *address)
{
	return (uintptr_t)address - of->base;
}

bool site_name(const char *function, const void *address, char ret_site[SITE_MAX])
{
	const struct module *of = find(address);
	int size;

	if (!of || of == own)
		return false;
	size = snprintf(ret_site, SITE_MAX, "%s@%s+0x%zx", function, of->name, offset(of, address));
	if (of->library) {
		address = outer_caller(&of);
		if (!address)
			return false;
		snprintf(ret_site + size, SITE_MAX - (size_t)size, "<%s+0x%zx", of->name,
			 offset(of, address));
	}
	return true;
}

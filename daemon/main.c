/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/aside.h"
#include "backend/tstamp.h"
#include "background.h"
#include "branch/branches.h"
#include "device/device.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "pass/direct.h"
#include "pass/passing.h"
#include "pidfile.h"
#include "privilege/keeper.h"
#include "privilege/privilege.h"
#include "rights.h"
#include "tracer.h"
#include "transport/node.h"
#include "transport/transport.h"

struct daemon {
	struct options options;
	struct node node;
	const char *group;                         /* the node's, by name */
	const struct transport_operations *opened; /* whose node it is, once it is there */
	struct privilege_user user;
	struct keeper keeper;
	struct pidfile lock;
	struct pidfile pidfile;
	char lock_path[PATH_MAX];
	struct tstamp stamp;
	struct time_stamp stamp_source; /* what the device sees of it */
	bool has_stamp;
	struct tracer tracer;
	struct device device;
	struct transport *transport;
	struct passing passing;
	bool passes;
	struct branches branches;
	struct direct direct;
};

static struct daemon self;

static int read_stamp(struct time_stamp *source, uint32_t *ret_mhz, uint64_t *ret_value)
{
	(void)source;
	if (!self.has_stamp)
		return -ENOTTY;
	*ret_mhz = (uint32_t)tstamp_mhz(&self.stamp);
	*ret_value = tstamp_read(&self.stamp);
	return 0;
}

/* root:perfmon 0660; root:root 0600 where there is no such group and none was asked for. */
static int choose_rights(void)
{
	const char *name = self.options.group ? self.options.group : GROUP_DEFAULT;
	int result = privilege_find_group(name, &self.node.group);

	if (result < 0 && result != -ENOENT) {
		log_error("--group %s: %s", name, strerror(-result));
		return result;
	}
	self.node.name = self.options.device;
	self.group = result == 0 ? name : "root";
	self.node.mode = self.options.mode;
	if (result == 0) {
		if (self.node.mode == MODE_DEFAULT)
			self.node.mode = 0660;
		return 0;
	}
	if (self.options.group) {
		log_error("--group %s: there is no such group (groupadd --system %s)", name, name);
		return -ENOENT;
	}
	if (self.node.mode == MODE_DEFAULT)
		self.node.mode = 0600;
	log_warning("there is no group perfmon, so /dev/%s is root's alone, mode %04o "
		    "(groupadd --system perfmon, or --group)",
		    self.node.name, (unsigned)self.node.mode);
	return 0;
}

/* Before anything is made: that there is no such user is found out early. */
static int choose_user(void)
{
	const char *name = self.options.user;
	int result = privilege_find(name, &self.user);

	if (result == -ENOENT)
		log_error("--user %s: there is no such user: " PRIVILEGE_REMEDY, name);
	else if (result < 0)
		log_error("--user %s: %s", name, strerror(-result));
	return result;
}

/* One perfmond per node: the lock names the other one. */
static int take_lock(void)
{
	const char *directory = self.options.state_directory;

	if (mkdir(directory, 0755) < 0 && errno != EEXIST) {
		int result = -errno;

		log_error("--state-dir %s: %s", directory, strerror(errno));
		return result;
	}
	if (options_lock_path(&self.options, self.lock_path) < 0) {
		log_error("--state-dir %s: the name is too long", directory);
		return -ENAMETOOLONG;
	}
	return pidfile_open(self.lock_path, &self.lock);
}

static int open_device(void)
{
	struct device *device = &self.device;
	struct event_rules *rules = &device->rules;
	struct backend_options options = {
		.state_directory = self.options.state_directory,
		.sim_cpu = self.options.sim_cpu,
		.scope = self.options.scope,
		.scope_cpu = self.options.scope_cpu,
		.user = self.user.user,
		.group = self.user.group,
	};
	int result;

	device->max_opens = self.options.max_opens;
	if (self.options.backend != &msr_backend)
		msr_recover(&options);
	self.has_stamp = tstamp_open(&self.stamp) == 0;
	self.stamp_source.read = read_stamp;
	device->stamp = &self.stamp_source;
	options.stamp = self.has_stamp ? &self.stamp : NULL;
	result = self.options.backend->open(&options, &device->backend);
	if (result == 0 && self.options.scope == SCOPE_OPENER)
		result = aside_open(device->backend, &device->backend);
	if (result < 0)
		return result;
	if (device->trace)
		device->backend->pass.clock = device->trace->nanoseconds;
	rules->source = device->backend->source;
	rules->scope = self.options.scope;
	rules->approximate = self.options.approximate;
	result = event_set_choose(self.options.events, &rules->source, &rules->set);
	if (result == 0 && rules->set == EVENT_SET_NATIVE && !rules->source.native)
		log_warning(
			"this machine has no counters for --events native: every open will answer "
			"ENXIO");
	return result;
}

/* What clients are passed is the kernel's perf events, which msr and sim keep away from. */
static int open_passing(void)
{
	char path[NODE_PATH_MAX];
	int result;

	if (self.options.backend != &perf_backend)
		return 0;
	node_path(&self.node, path);
	result = passing_open(&self.passing, path, self.node.group, self.node.mode);
	if (result < 0)
		return result;
	self.passes = true;
	branches_open(&self.branches, &self.passing);
	self.device.brancher = &self.branches.brancher;
	direct_open(&self.direct, &self.passing);
	self.device.passer = &self.direct.passer;
	return 0;
}

static int choose_transport(void)
{
	int result;

	if (self.options.transport)
		return self.options.transport->open(&self.node, &self.device, &self.transport);
	result = cuse_transport.open(&self.node, &self.device, &self.transport);
	if (result == 0 || result == -EEXIST || result == -EINTR)
		return result;
	log_info("transport auto: cuse cannot be had, going on with fuse");
	return fuse_transport.open(&self.node, &self.device, &self.transport);
}

static int open_transport(void)
{
	int result = choose_transport();

	if (result == 0)
		self.opened = transport_operations_of(self.transport);
	return result;
}

/* What stands in root's directories. */
static void remove_names(void)
{
	if (self.opened)
		self.opened->remove(&self.node);
	if (self.passes)
		passing_remove(&self.passing);
	pidfile_remove(&self.pidfile);
	pidfile_remove(&self.lock);
}

/* It holds the locks, so that no other perfmond comes before it is done. */
static int start_keeper(bool detached)
{
	static const struct rights_call calls[] = { { .name = "unlink" }, { .name = "unlinkat" } };
	const int held[] = { self.lock.fd, self.pidfile.path ? self.pidfile.fd : -1 };
	struct keeper_task task = {
		.clean = remove_names,
		.held = held,
		.held_count = sizeof held / sizeof *held,
		.detached = detached,
	};

	rights_add_capability(&task.rights, CAP_DAC_OVERRIDE);
	rights_add_calls(&task.rights, calls, sizeof calls / sizeof *calls);
	self.opened->add_remover_rights(&task.rights);
	return keeper_start(&task, &self.keeper);
}

static void add_rights(struct rights *rights)
{
	transport_add_rights(rights);
	self.device.backend->operations->add_rights(self.device.backend, rights);
	if (self.passes) {
		passing_add_rights(rights);
		branches_add_rights(rights);
	}
	if (self.device.trace)
		rights_add_path(rights, "/proc", false);
}

static int drop_rights(bool detached)
{
	struct rights rights = { 0 };
	char text[256];
	int result;

	result = start_keeper(detached);
	if (result == 0 && self.user.user == 0) {
		log_warning("--user root: perfmond keeps all of root's rights");
		return 0;
	}
	add_rights(&rights);
	if (result == 0)
		result = privilege_confine(&self.user, &rights, text, sizeof text);
	if (result == 0)
		log_info("rights: %s", text);
	return result;
}

/* "p6", and where the CPU model's own events are counted as well, whose. */
static const char *events_text(char *text, size_t size)
{
	const struct event_rules *rules = &self.device.rules;
	bool own = rules->set != EVENT_SET_NATIVE && rules->source.pmu &&
		   rules->source.cpu.family != FAMILIES;

	snprintf(text, size, "%s%s%s%s", event_set_name(rules->set), own ? " (with those of " : "",
		 own ? rules->source.cpu.pmu : "", own ? ")" : "");
	return text;
}

static const char *scope_text(char *text, size_t size)
{
	switch (self.options.scope) {
	case SCOPE_SYSTEM:
		return "system";
	case SCOPE_CPU:
		snprintf(text, size, "cpu:%u", self.options.scope_cpu);
		return text;
	case SCOPE_OPENER:
		break;
	}
	return "opener";
}

static void say_ready(void)
{
	char events[64];
	char scope[24];
	char text[512];

	snprintf(text, sizeof text,
		 "ready: /dev/%s (root:%s %04o), transport %s, backend %s, events %s, scope %s, "
		 "time stamp %s",
		 self.node.name, self.group, (unsigned)self.node.mode, self.opened->name,
		 self.device.backend->description, events_text(events, sizeof events),
		 scope_text(scope, sizeof scope),
		 self.has_stamp ? tstamp_source(&self.stamp) : "none (PMIOTSTAMP answers ENOTTY)");
	log_info("%s", text);
	log_limit();
	notify("READY=1");
}

static int start(void)
{
	int result = choose_rights();

	if (result == 0)
		result = choose_user();
	if (result < 0)
		return result;
	result = take_lock();
	if (result < 0)
		return result;
	if (self.options.pidfile) {
		result = pidfile_open(self.options.pidfile, &self.pidfile);
		if (result < 0)
			return result;
	}
	if (self.options.trace) {
		result = tracer_open(self.options.trace_file, &self.tracer);
		if (result < 0)
			return result;
		self.device.trace = &self.tracer.trace;
	}
	result = open_device();
	if (result < 0)
		return result;
	result = open_passing();
	if (result < 0)
		return result;
	return open_transport();
}

static void finish(void)
{
	if (self.transport)
		transport_close(self.transport);
	if (self.passes)
		passing_close(&self.passing);
	if (self.device.backend) {
		device_close(&self.device);
		self.device.backend->operations->close(self.device.backend);
	}
	if (self.device.trace)
		tracer_close(&self.tracer);
	if (self.keeper.process == 0)
		remove_names();
	pidfile_close(&self.pidfile);
	pidfile_close(&self.lock);
	keeper_end(&self.keeper);
}

/* With the node up, and nobody served yet. */
static int settle(int background)
{
	int result;

	if (background >= 0)
		background_detach();
	result = drop_rights(background >= 0);
	if (result == 0 && self.passes)
		result = passing_start(&self.passing);
	return result;
}

static int serve(int background)
{
	int result = start();

	if (result == 0)
		result = settle(background);
	if (result == 0) {
		say_ready();
		if (background >= 0)
			background_ready(background);
		result = transport_run(self.transport);
		log_finish();
		if (result < 0)
			log_error("/dev/%s was taken away: %s", self.node.name,
				  result == -ENODEV ? "unmounted" : strerror(-result));
		notify("STOPPING=1");
	}
	if (result == -ENOMEM)
		log_error("out of memory");
	if (result == -EINTR)
		log_error("a signal ended it before it was ready");
	finish();
	return result;
}

/* A descriptor that is closed at the start would be given to the node, and the log written to it.
 */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* One perf event per CPU and counter can be more than the usual 1024. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
	int background = -1;

	open_standard_descriptors();
	/* A reader of the log or trace that went away is an error of that write, and no more. */
	signal(SIGPIPE, SIG_IGN);
	/* Ignored by whoever started the daemon, no child would tell how it ended. */
	signal(SIGCHLD, SIG_DFL);
	switch (options_parse(argc, argv, &self.options)) {
	case OPTIONS_DONE:
		return finish_output();
	case OPTIONS_BAD:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	if (self.options.check != CHECK_NONE)
		return check_run(&self.options);
	if (geteuid() != 0) {
		log_error("only root can make a device node; start perfmond as root");
		return EXIT_FAILURE;
	}
	/* Its processes rely on it: the end of a pipe is not to stay open in one of them. */
	if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0) {
		log_error("close_range: %s: it takes Linux 5.9, and a sandbox that allows it",
			  strerror(errno));
		return EXIT_FAILURE;
	}
	umask(022);
	raise_descriptor_limit();
	if (!self.options.foreground) {
		background = background_start();
		if (background < 0)
			return EXIT_FAILURE;
	}
	/* In the daemon alone: whoever waits for it stays killable. */
	transport_catch_signals();
	return serve(background) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/tstamp.h"
#include "check_events.h"
#include "json.h"
#include "log.h"
#include "options.h"
#include "pidfile.h"
#include "privilege/privilege.h"
#include "report.h"
#include "transport/node.h"
#include "transport/transport.h"

/* What a start with the options would choose; NULL for what it would not find. */
struct check {
	struct report report;
	const struct options *options;
	size_t findings;
	const struct transport_operations *transport;
	const struct backend_operations *backend;
	const char *events;
	struct tstamp stamp;
	bool has_stamp;
	bool start; /* all that is asked for is there */
};

static void print_text(struct report *report, const struct finding *finding)
{
	(void)report;
	printf("%s %s: %s: %s\n", finding->kind, finding->name, finding->usable ? "yes" : "no",
	       finding->reason);
	if (finding->remedy)
		printf("    to do: %s\n", finding->remedy);
}

static void print_json(struct report *report, const struct finding *finding)
{
	struct check *check = (struct check *)report;

	printf("%s\n    {\"kind\": ", check->findings++ ? "," : "");
	json_string(stdout, finding->kind);
	fputs(", \"name\": ", stdout);
	json_string(stdout, finding->name);
	printf(", \"usable\": %s, \"reason\": ", finding->usable ? "true" : "false");
	json_string(stdout, finding->reason);
	fputs(", \"remedy\": ", stdout);
	json_string(stdout, finding->remedy);
	fputs("}", stdout);
}

/* As main() opens them: `auto` is cuse, and fuse where the kernel has no CUSE. */
static void check_transports(struct check *check)
{
	const struct transport_operations *asked = check->options->transport;
	int cuse = cuse_transport.check(&check->report);
	int fuse = fuse_transport.check(&check->report);

	if (cuse == 0 && asked != &fuse_transport)
		check->transport = &cuse_transport;
	else if (fuse == 0 && (asked == &fuse_transport || (!asked && cuse == -ENODEV)))
		check->transport = &fuse_transport;
	check->start &= check->transport != NULL;
}

/* What the chosen one says of its events comes last, for check_events(). */
static void check_backends(struct check *check)
{
	const struct backend_options options = {
		.state_directory = check->options->state_directory,
		.sim_cpu = check->options->sim_cpu,
		.scope = check->options->scope,
		.scope_cpu = check->options->scope_cpu,
		.stamp = check->has_stamp ? &check->stamp : NULL,
	};
	struct report chosen = { 0 };

	for (size_t i = 0; options_backends[i]; i++) {
		int result = options_backends[i]->check(&options, &check->report);

		if (options_backends[i] == check->options->backend && result == 0) {
			check->backend = options_backends[i];
			chosen = check->report;
		}
	}
	check->report = chosen.add ? chosen : check->report;
}

static void check_stamp(struct check *check)
{
	if (check->has_stamp)
		report_add(&check->report, "time stamp", tstamp_source(&check->stamp), true, NULL,
			   "%u MHz", tstamp_mhz(&check->stamp));
	else
		report_add(&check->report, "time stamp", "none", false, NULL,
			   "no counter that user space can read: PMIOTSTAMP answers ENOTTY");
}

static void report_held(struct check *check, const char *name, long holder)
{
	char remedy[64];

	snprintf(remedy, sizeof remedy, "stop it (kill %ld), or use --device", holder);
	report_add(&check->report, "node", name, false, remedy, "held by perfmond, process %ld",
		   holder);
}

static bool report_state(struct check *check, const char *name, enum node_state state)
{
	static const struct {
		bool usable;
		const char *reason;
		const char *remedy;
	} findings[] = {
		[NODE_FREE] = { true, "free", NULL },
		[NODE_LEFT_OVER] = { true, "free: what a killed perfmond left is taken over",
				     NULL },
		[NODE_FUSE] = { false, "taken by a FUSE mount",
				"it may be of a perfmond with another --state-dir: stop it, or "
				"use --device" },
		[NODE_CUSE] = { false, "taken by a CUSE device",
				"it may be of a perfmond with another --state-dir: stop it, or "
				"use --device" },
		[NODE_OTHER] = { false, "taken by something that is not perfmond's",
				 "remove it, or use --device" },
		[NODE_UNKNOWN] = { false, "a mount whose server cannot be asked",
				   "the message on standard error tells why, or use --device" },
	};

	report_add(&check->report, "node", name, findings[state].usable, findings[state].remedy,
		   "%s", findings[state].reason);
	return findings[state].usable;
}

static void check_node(struct check *check)
{
	const struct node node = { .name = check->options->device };
	char lock[PATH_MAX];
	char path[NODE_PATH_MAX];
	long holder;

	node_path(&node, path);
	holder = options_lock_path(check->options, lock) == 0 ? pidfile_holder(lock) : 0;
	if (holder > 0) {
		report_held(check, path, holder);
		check->start = false;
		return;
	}
	check->start &= report_state(check, path, node_look(&node));
}

/* Of the last descriptor there can be, which nobody has. */
static void check_kernel(struct check *check)
{
	if (close_range(~0U, ~0U, 0) == 0)
		return;
	report_add(&check->report, "kernel", "close_range", false,
		   "run Linux 5.9 or later, in a sandbox that allows the call", "%s",
		   strerror(errno));
	check->start = false;
}

static void check_user(struct check *check)
{
	bool root = geteuid() == 0;

	report_add(
		&check->report, "user", "root", root, root ? NULL : "start perfmond as root", "%s",
		root ? "only root can make a device node"
		     : "only root can make a device node, and the answers above are this user's");
	check->start &= root;
}

static void check_run_as(struct check *check)
{
	const char *name = check->options->user;
	struct privilege_user user;
	int result = privilege_find(name, &user);

	if (result < 0)
		report_add(&check->report, "run as", name, false,
			   result == -ENOENT ? PRIVILEGE_REMEDY : NULL, "%s",
			   result == -ENOENT ? "there is no such user" : strerror(-result));
	else
		report_add(&check->report, "run as", name, true, NULL, "%s",
			   user.user == 0 ? "perfmond would keep all of root's rights"
					  : "what perfmond is when the node is up");
	check->start &= result == 0;
}

static void check_group(struct check *check)
{
	const char *asked = check->options->group;
	const char *name = asked ? asked : GROUP_DEFAULT;
	gid_t group;
	int result = privilege_find_group(name, &group);

	if (result == 0)
		report_add(&check->report, "group", name, true, NULL, "the node's, number %u",
			   (unsigned)group);
	else if (result != -ENOENT)
		report_add(&check->report, "group", name, false, NULL, "%s", strerror(-result));
	else
		report_add(&check->report, "group", name, !asked,
			   "make it (groupadd --system), or use --group",
			   "there is no such group%s",
			   asked ? "" : ": the node would be root's alone");
	check->start &= result == 0 || (result == -ENOENT && !asked);
}

static int look_at_directory(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0 || access(path, W_OK | X_OK) < 0)
		return -errno;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

static void check_state_directory(struct check *check)
{
	const char *path = check->options->state_directory;
	char parent[PATH_MAX];
	int result = look_at_directory(path);
	bool made = result == -ENOENT;

	if (made) {
		snprintf(parent, sizeof parent, "%s", path);
		result = look_at_directory(dirname(parent));
	}
	if (result == 0)
		report_add(&check->report, "state directory", path, true, NULL, "%s",
			   made ? "is made at the start" : "can be written to");
	else
		report_add(&check->report, "state directory", path, false,
			   "use a --state-dir on a disk that this user can write to",
			   "the lock of the node cannot be kept there: %s", strerror(-result));
	check->start &= result == 0;
}

static void end_text(const struct check *check)
{
	if (check->start)
		printf("perfmond can start: /dev/%s, transport %s, backend %s, events %s\n",
		       check->options->device, check->transport->name, check->backend->name,
		       check->events);
	else
		puts("perfmond cannot start with these options");
}

static void end_json(const struct check *check)
{
	fputs("\n  ],\n  \"transport\": ", stdout);
	json_string(stdout, check->transport ? check->transport->name : NULL);
	fputs(",\n  \"backend\": ", stdout);
	json_string(stdout, check->backend ? check->backend->name : NULL);
	fputs(",\n  \"events\": ", stdout);
	json_string(stdout, check->events);
	printf(",\n  \"start\": %s\n}\n", check->start ? "true" : "false");
}

int check_run(const struct options *options)
{
	bool json = options->check == CHECK_JSON;
	struct check check = {
		.report.add = json ? print_json : print_text,
		.options = options,
		.start = true,
	};

	if (json)
		printf("{\n  \"perfmond\": \"" PERFMOND_VERSION "\",\n  \"node\": \"/dev/%s\",\n"
		       "  \"findings\": [",
		       options->device);
	check.has_stamp = tstamp_open(&check.stamp) == 0;
	check_transports(&check);
	check_backends(&check);
	check.events = check_events(options, check.backend, &check.report);
	check.start &= check.events != NULL;
	check_stamp(&check);
	check_node(&check);
	check_kernel(&check);
	check_user(&check);
	check_run_as(&check);
	check_group(&check);
	check_state_directory(&check);
	if (json)
		end_json(&check);
	else
		end_text(&check);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_error("--check: the answer cannot be printed: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return check.start ? EXIT_SUCCESS : EXIT_FAILURE;
}

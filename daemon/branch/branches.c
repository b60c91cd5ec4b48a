/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/branches.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "branch/attributes.h"
#include "log.h"
#include "pass/target.h"

/* s, for which no other process's thread is looked at after one that hung: a tenth is lost. */
#define HUNG_REST 1

static time_t seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Clients can ask again and again: each cause is logged once. */
static bool is_first(struct branches *branches, unsigned cause)
{
	bool first = !(branches->told & cause);

	branches->told |= cause;
	return first;
}

static int refuse(struct branches *branches, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		if (is_first(branches, TOLD_RIGHTS))
			log_error("PMIOEBB: the kernel forbids the event (%s): perfmond needs "
				  "CAP_PERFMON and CAP_KILL, or CAP_SYS_ADMIN where "
				  "kernel.perf_event_paranoid is 3",
				  strerrorname_np(error));
		return -EACCES;
	case EMFILE:
	case ENFILE:
		if (is_first(branches, TOLD_LIMIT))
			log_error("PMIOEBB: %s; raise the limit of open files (ulimit -n, "
				  "LimitNOFILE=)",
				  strerror(error));
		return -error;
	case ENOSYS:
		if (is_first(branches, TOLD_KERNEL))
			log_error("PMIOEBB: this kernel has no perf_event_open(2): run one with "
				  "CONFIG_PERF_EVENTS");
		return -EOPNOTSUPP;
	/* ENOENT is for the leader, ENODEV for the node. */
	case ENOENT:
	case ENODEV:
		return -EOPNOTSUPP;
	default:
		return -error;
	}
}

static int open_event(struct branches *branches, const struct perfmon_ebb *request, uid_t user,
		      const struct target *target, uint64_t token)
{
	struct perf_event_attr attr;
	int group = -1;
	int result = branch_attributes(request, &attr);

	if (result < 0)
		return result;
	if (request->peb_leader) {
		group = offers_leader(&branches->passing->offers, request->peb_leader,
				      target->thread);
		if (group < 0)
			return group;
	}
	attr.sig_data = attr.sigtrap ? token : 0;
	result = holders_open_event(&branches->passing->holders, target->process, user, &attr,
				    target->thread, group, token);
	if (result < 0)
		result = refuse(branches, -result);
	if (group >= 0)
		close(group);
	return result;
}

static int offer(struct branches *branches, const struct perfmon_ebb *request,
		 const struct caller *caller, const struct target *target, uint64_t token)
{
	struct offer offer = {
		.token = token,
		.descriptors = 1,
		.process = target->process,
		.user = caller->user,
		.what = { .pet_thread = target->thread,
			  .pet_type = request->peb_type,
			  .pet_config = request->peb_config,
			  .pet_period = request->peb_period,
			  .pet_leader = request->peb_leader },
	};
	int result = open_event(branches, request, caller->user, target, token);

	if (result < 0)
		return result;
	offer.fd[0] = result;
	/* It may have become another's program, or user, before the event was on it. */
	result = target_check(target, caller->thread, caller->user);
	if (result == 0)
		result = passing_offer(branches->passing, &offer);
	if (result < 0) {
		close(offer.fd[0]);
		holders_drop(&branches->passing->holders, target->process, token);
	}
	return result;
}

static int choose_and_offer(struct branches *branches, const struct perfmon_ebb *request,
			    const struct caller *caller, bool others, uint64_t *ret_token)
{
	struct target target = { 0 };
	uint64_t token = 0;
	int result =
		target_choose(caller->thread, caller->user, request->peb_thread, others, &target);

	if (result < 0)
		return result;
	result = passing_token(TOKEN_BRANCH, &token);
	if (result == 0)
		result = offer(branches, request, caller, &target, token);
	target_close(&target);
	if (result == 0)
		*ret_token = token;
	return result;
}

/* Another process can hang in its exec or end, and who names it ask again and again. */
static int attach(struct brancher *brancher, const struct perfmon_ebb *request,
		  const struct caller *caller, uint64_t *ret_token)
{
	struct branches *branches = (struct branches *)brancher;
	bool others = !branches->hung || seconds() - branches->hung > HUNG_REST;
	int result = choose_and_offer(branches, request, caller, others, ret_token);

	if (result == -EAGAIN && others)
		branches->hung = seconds();
	return result;
}

void branches_open(struct branches *branches, struct passing *passing)
{
	*branches = (struct branches){ .brancher.attach = attach, .passing = passing };
}

void branches_add_rights(struct rights *rights)
{
	rights_add_capability(rights, CAP_KILL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "branch/branches.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "branch/attributes.h"
#include "branch/target.h"
#include "log.h"
#include "thread_event.h"

/* The library knows its own signals by the upper bits of sig_data, and perfmond's tokens by these.
 */
#define TOKEN_MARK (UINT64_C(0x0ebd) << 48)
#define TOKEN_BITS (~(UINT64_C(0xffff) << 48))

/* s, for which no other process's thread is looked at after one that hung: a tenth is lost. */
#define HUNG_REST 1

static time_t seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static int make_token(uint64_t *ret_token)
{
	uint64_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return -EIO;
	*ret_token = TOKEN_MARK | (random & TOKEN_BITS);
	return 0;
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

static int open_event(struct branches *branches, const struct perfmon_ebb *request, pid_t thread,
		      uint64_t token)
{
	struct perf_event_attr attr;
	int group = -1;
	int result = branch_attributes(request, &attr);

	if (result < 0)
		return result;
	if (request->peb_leader) {
		group = offers_leader(&branches->offers, request->peb_leader, thread);
		if (group < 0)
			return group;
	}
	attr.sig_data = attr.sigtrap ? token : 0;
	result = (int)thread_event_open(&attr, thread, group);
	if (result < 0)
		result = refuse(branches, errno);
	if (group >= 0)
		close(group);
	return result;
}

static int offer(struct branches *branches, const struct perfmon_ebb *request,
		 const struct caller *caller, const struct target *target, uint64_t token)
{
	struct offer offer = {
		.token = token,
		.process = target->process,
		.user = caller->user,
		.what = { .pet_thread = target->thread,
			  .pet_type = request->peb_type,
			  .pet_config = request->peb_config,
			  .pet_period = request->peb_period,
			  .pet_leader = request->peb_leader },
	};
	int result = open_event(branches, request, target->thread, token);

	if (result < 0)
		return result;
	offer.fd = result;
	offer.since = seconds();
	/* It may have become another's program, or user, before the event was on it. */
	result = target_check(target, caller->thread, caller->user);
	if (result == 0)
		result = offers_add(&branches->offers, &offer);
	if (result < 0)
		close(offer.fd);
	else
		server_watch(&branches->server);
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
	result = make_token(&token);
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

/* Each event takes a descriptor, and its connection another; half of them are the counters'. */
static int capacity(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 4 > OFFERS_MAX)
		return OFFERS_MAX;
	return (int)(limit.rlim_cur / 4);
}

int branches_open(struct branches *branches, const char *node, gid_t group, mode_t mode)
{
	branches->brancher.attach = attach;
	branches->told = 0;
	branches->hung = 0;
	offers_open(&branches->offers, capacity());
	return server_open(&branches->server, node, group, mode, &branches->offers);
}

void branches_close(struct branches *branches)
{
	server_close(&branches->server);
	offers_close(&branches->offers);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "branch/attributes.h"
#include "pass/offers.h"
#include "pass/target.h"
#include "unit.h"

#define EBB (UINT64_C(1) << 63)

static struct offers offers;

static int setup(void **state)
{
	(void)state;
	offers_open(&offers, OFFERS_MAX, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	offers_close(&offers);
	return 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* An event of process 10, thread 11; its descriptor, which is any. */
static int add(uint64_t token, uid_t user, time_t since)
{
	struct offer offer = { .token = token,
			       .fd = { open("/dev/null", O_RDONLY | O_CLOEXEC) },
			       .descriptors = 1,
			       .process = 10,
			       .user = user,
			       .since = since,
			       .what = { .pet_thread = 11, .pet_period = 5 } };

	assert_int_equal(offers_add(&offers, &offer), 0);
	return offer.fd[0];
}

static int take(uint64_t token, pid_t process)
{
	const struct offer *offer = NULL;
	int place = offers_take(&offers, token, process, &offer);

	if (place < 0) {
		assert_null(offer);
		return place;
	}
	assert_int_equal(offer->descriptors, 1);
	assert_true(is_open(offer->fd[0]));
	assert_int_equal(offer->what.pet_thread, 11);
	assert_int_equal(offer->what.pet_period, 5);
	return place;
}

static void test_take(void **state)
{
	int fd = add(3, 1000, 0);
	int place;

	(void)state;
	assert_int_equal(take(4, 10), -ENOENT);
	assert_int_equal(take(0, 10), -ENOENT);
	assert_int_equal(take(3, 11), -ENOENT);
	place = take(3, 10);
	assert_true(place >= 0);
	assert_int_equal(take(3, 10), -ENOENT);
	assert_true(is_open(fd));
	offers_end(&offers, place);
	assert_false(is_open(fd));
}

static void test_drop(void **state)
{
	int fd = add(3, 1000, 0);

	(void)state;
	offers_drop(&offers, 4);
	assert_true(is_open(fd));
	assert_true(take(3, 10) >= 0);
	offers_drop(&offers, 3);
	assert_true(is_open(fd));
	fd = add(5, 1000, 0);
	offers_drop(&offers, 5);
	assert_false(is_open(fd));
	assert_int_equal(take(5, 10), -ENOENT);
}

static void test_leader(void **state)
{
	int fd = add(3, 1000, 0);
	int copy = offers_leader(&offers, 3, 11);

	(void)state;
	assert_true(copy >= 0 && copy != fd);
	assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
	close(copy);
	assert_int_equal(offers_leader(&offers, 3, 12), -ENOENT);
	assert_int_equal(offers_leader(&offers, 4, 11), -ENOENT);
	assert_int_equal(offers_leader(&offers, 0, 0), -ENOENT);
	/* A member leads nobody. */
	offers.offer[0].what.pet_leader = 99;
	assert_int_equal(offers_leader(&offers, 3, 11), -ENOENT);
	offers.offer[0].what.pet_leader = 0;
	/* Taken, it leads all the same. */
	assert_true(take(3, 10) >= 0);
	copy = offers_leader(&offers, 3, 11);
	assert_true(copy >= 0);
	close(copy);
}

static void test_waiting(void **state)
{
	struct offer offer = {
		.token = 1000, .fd = { -1 }, .descriptors = 1, .process = 10, .user = 1
	};

	(void)state;
	for (unsigned i = 0; i < OFFERS_WAITING_MAX; i++)
		add(1 + i, 1, 0);
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
	/* Another user, and one's own that were taken. */
	add(2000, 2, 0);
	assert_true(take(1, 10) >= 0);
	add(3000, 1, 0);
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
}

static void test_expire(void **state)
{
	int old = add(1, 1, 100);
	int taken = add(2, 1, 100);
	int young = add(3, 1, 101);

	(void)state;
	assert_true(take(2, 10) >= 0);
	assert_true(offers_expire(&offers, 100));
	assert_false(is_open(old));
	assert_true(is_open(taken));
	assert_true(is_open(young));
	assert_int_equal(take(1, 10), -ENOENT);
	assert_false(offers_expire(&offers, 101));
	assert_false(is_open(young));
	assert_true(is_open(taken));
}

static struct perfmon_ebb plain(void)
{
	return (struct perfmon_ebb){ .peb_type = PERF_TYPE_SOFTWARE,
				     .peb_config = PERF_COUNT_SW_PAGE_FAULTS | EBB,
				     .peb_period = 1 };
}

/* A client gets user mode and its own thread, whatever it asks for. */
static void test_attributes(void **state)
{
	struct perfmon_ebb request = plain();
	struct perf_event_attr attr;

	(void)state;
	assert_int_equal(branch_attributes(&request, &attr), 0);
	assert_true(attr.exclude_kernel && attr.exclude_hv && attr.disabled);
	assert_true(attr.pinned && attr.exclusive && attr.remove_on_exec);
	assert_false(attr.inherit || attr.freq || attr.enable_on_exec || attr.sample_type);
#ifdef __powerpc64__
	assert_int_equal(attr.config, request.peb_config);
	assert_int_equal(attr.sample_period, 0);
#else
	assert_int_equal(attr.config, PERF_COUNT_SW_PAGE_FAULTS);
	assert_int_equal(attr.sample_period, 1);
	assert_true(attr.sigtrap);
#endif
	request.peb_leader = 5;
	assert_int_equal(branch_attributes(&request, &attr), 0);
	assert_false(attr.pinned || attr.exclusive || attr.disabled);
#ifdef __x86_64__
	request = (struct perfmon_ebb){ .peb_type = PERF_TYPE_BREAKPOINT,
					.peb_config = EBB,
					.peb_address = 0x1000,
					.peb_length = 4,
					.peb_period = 1 };
	assert_int_equal(branch_attributes(&request, &attr), 0);
	assert_int_equal(attr.bp_type, HW_BREAKPOINT_W);
	assert_int_equal(attr.bp_addr, 0x1000);
	assert_int_equal(attr.bp_len, 4);
#endif
}

static void test_refused_attributes(void **state)
{
	static const struct {
		struct perfmon_ebb request;
		int error;
	} rows[] = {
		{ { .peb_type = 1, .peb_config = 2, .peb_period = 1 }, -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 2 }, -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 2, .peb_period = 0x80000000 }, -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 2, .peb_period = 1, .peb_address = 1 },
		  -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 2, .peb_period = 1, .peb_length = 1 },
		  -EINVAL },
		/* Clocks; context switches, which are the kernel's. */
		{ { .peb_type = 1, .peb_config = EBB | 0, .peb_period = 99999 }, -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 1, .peb_period = 99999 }, -EINVAL },
		{ { .peb_type = 1, .peb_config = EBB | 3, .peb_period = 1 }, -EOPNOTSUPP },
		/* A tracepoint, and PMUs with numbers of their own: kprobe has a pointer in
		   config1. */
		{ { .peb_type = 2, .peb_config = EBB, .peb_period = 1 }, -EOPNOTSUPP },
		{ { .peb_type = 6, .peb_config = EBB, .peb_period = 1 }, -EOPNOTSUPP },
		{ { .peb_type = 0x7fffffff, .peb_config = EBB, .peb_period = 1 }, -EOPNOTSUPP },
#ifndef __powerpc64__
		/* Of the PMU, by each of its types. */
		{ { .peb_type = 0, .peb_config = EBB, .peb_period = 999 }, -EINVAL },
		{ { .peb_type = 3, .peb_config = EBB, .peb_period = 999 }, -EINVAL },
		{ { .peb_type = 4, .peb_config = EBB, .peb_period = 999 }, -EINVAL },
#endif
#ifndef __x86_64__
		{ { .peb_type = 5, .peb_config = EBB, .peb_period = 1 }, -EOPNOTSUPP },
#else
		/* AnyThread, and the bits that perf or nobody sets. */
		{ { .peb_type = 4, .peb_config = EBB | 1 << 21, .peb_period = 1000 }, -EINVAL },
		{ { .peb_type = 4, .peb_config = EBB | 1 << 16, .peb_period = 1000 }, -EINVAL },
		{ { .peb_type = 4, .peb_config = EBB | 1ULL << 36, .peb_period = 1000 }, -EINVAL },
#endif
	};
	struct perf_event_attr attr = { .type = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(branch_attributes(&rows[i].request, &attr), rows[i].error);
		assert_int_equal(attr.type, 77);
	}
}

/* What a process is that waits to be looked at. */
struct kind {
	uid_t user;
	gid_t group;
	bool shielded;
	bool has_capability;
};

static void become(const struct kind *kind)
{
	prctl(PR_SET_KEEPCAPS, kind->has_capability);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setresgid(kind->group, kind->group, kind->group) < 0 ||
	    setresuid(kind->user, kind->user, kind->user) < 0 ||
	    prctl(PR_SET_DUMPABLE, !kind->shielded) < 0)
		_exit(1);
}

/* Returns when it is what it shall be. */
static pid_t start(const struct kind *kind)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		become(kind);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static int choose(pid_t caller, uid_t user, pid_t named)
{
	struct target target = { .thread = 77 };
	int result = target_choose(caller, user, named, true, &target);

	assert_int_equal(target.thread, result == 0 ? (named ? named : caller) : 77);
	if (result == 0)
		target_close(&target);
	return result;
}

static void test_target(void **state)
{
	pid_t child = start(&(struct kind){ 0 });
	struct target target;
	struct target unseen;

	(void)state;
	assert_int_equal(target_choose(gettid(), 0, child, true, &target), 0);
	assert_int_equal(target.process, child);
	assert_int_equal(target_check(&target, gettid(), 0), 0);
	assert_int_equal(choose(gettid(), 0, 0), 0);
	assert_int_equal(choose(gettid(), 0, gettid()), 0);
	/* A caller that is not to be seen, or is another's by that id meanwhile; ids of nobody. */
	assert_int_equal(choose(0, 0, 0), -ESRCH);
	assert_int_equal(choose(gettid(), 1, 0), -ESRCH);
	assert_int_equal(choose(gettid(), 1, child), -ESRCH);
	assert_int_equal(choose(gettid(), 0, -1), -ESRCH);
	/* Others are not looked at. */
	assert_int_equal(target_choose(gettid(), 0, child, false, &unseen), -EAGAIN);
	assert_int_equal(target_choose(gettid(), 0, gettid(), false, &unseen), 0);
	target_close(&unseen);
	assert_int_equal(choose(gettid(), 0, 0x7fffffff), -ESRCH);
	end(child);
	assert_int_equal(choose(gettid(), 0, child), -ESRCH);
	assert_int_equal(target_check(&target, gettid(), 0), -ESRCH);
	target_close(&target);
}

/* Whom a user's process might trace. */
static void test_traced(void **state)
{
	static const struct {
		struct kind kind;
		int result;
	} rows[] = {
		{ { .user = 65534, .group = 65534 }, 0 },
		{ { .user = 65533, .group = 65534 }, -EPERM },
		{ { .user = 65534, .group = 65533 }, -EPERM },
		{ { .user = 65534, .group = 65534, .shielded = true }, -EPERM },
		{ { .user = 65534, .group = 65534, .has_capability = true }, -EPERM },
	};
	pid_t caller;

	(void)state;
	if (getuid() != 0) {
		print_message("only root becomes another user\n");
		skip();
	}
	caller = start(&rows[0].kind);
	for (size_t i = 0; i < COUNT(rows); i++) {
		pid_t child = start(&rows[i].kind);

		assert_int_equal(choose(caller, 65534, child), rows[i].result);
		end(child);
	}
	end(caller);
}

/* One that becomes another's after it was chosen. */
static void test_change(void **state)
{
	struct kind other = { .user = 65534, .group = 65534 };
	struct target target;
	pid_t caller = start(&(struct kind){ 0 });
	pid_t child;
	int go[2];
	char byte;

	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, go), 0);
	child = fork();
	if (child == 0) {
		if (read(go[1], &byte, 1) == 1)
			become(&other);
		if (write(go[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(target_choose(caller, 0, child, true, &target), 0);
	assert_int_equal(write(go[0], "", 1), 1);
	assert_int_equal(read(go[0], &byte, 1), 1);
	assert_int_equal(target_check(&target, caller, 0), -EPERM);
	target_close(&target);
	close(go[0]);
	close(go[1]);
	end(child);
	end(caller);
}

static void test_share(void **state)
{
	struct offer offer = {
		.token = 9, .fd = { -1 }, .descriptors = 1, .process = 10, .user = 1
	};

	(void)state;
	offers_close(&offers);
	offers_open(&offers, 5, NULL);
	add(1, 1, 0);
	add(2, 1, 0);
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
	assert_true(take(2, 10) >= 0);
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
	add(3, 2, 0);
	add(4, 2, 0);
	add(5, 3, 0);
	offer.user = 3;
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
}

/* A counter's events and its page are more descriptors than one. */
static void test_descriptors(void **state)
{
	struct offer offer = {
		.token = 9, .fd = { -1, -1, -1 }, .descriptors = 3, .process = 10, .user = 1
	};

	(void)state;
	offers_close(&offers);
	offers_open(&offers, 16, NULL);
	add(1, 1, 0);
	assert_int_equal(offers_add(&offers, &offer), 0);
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
	for (unsigned user = 2; user < 5; user++) {
		offer.token = user * UINT64_C(10);
		offer.user = user;
		assert_int_equal(offers_add(&offers, &offer), 0);
	}
	offer.user = 5;
	assert_int_equal(offers_add(&offers, &offer), 0);
	offer.user = 6;
	offer.descriptors = 1;
	assert_int_equal(offers_add(&offers, &offer), -EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expire, setup, teardown),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_refused_attributes),
		cmocka_unit_test_setup_teardown(test_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_traced),
		cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

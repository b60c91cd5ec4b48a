/* SPDX-License-Identifier: BSD-2-Clause */

/* What is left of workers that hang, and of those that end by themselves. */

#include "worker.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define PATIENCE_US 5000000
#define LOOK_US     10000

static volatile bool *let_go; /* shared with those that hang */

static void echo(int socket, void *argument)
{
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	int number = 0;

	(void)argument;
	while (worker_hear(socket, &number, sizeof number, fd, &descriptors))
		worker_answer(socket, &number, sizeof number, NULL, 0);
}

static void hang(int socket, void *argument)
{
	(void)socket;
	(void)argument;
	while (!*let_go)
		usleep(LOOK_US);
}

/* A zombie is one too. */
static bool has_child(void)
{
	siginfo_t ended;

	return waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void wait_for_none(void)
{
	for (int waited = 0; waited < PATIENCE_US && has_child(); waited += LOOK_US)
		usleep(LOOK_US);
	assert_false(has_child());
	assert_int_equal(workers_left(), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (!let_go)
		let_go = mmap(NULL, sizeof *let_go, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (let_go == MAP_FAILED)
		return -1;
	*let_go = false;
	return 0;
}

static void test_answers(void **state)
{
	struct worker worker;
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	int number = 7;
	int answer = 0;

	(void)state;
	assert_int_equal(worker_start(echo, NULL, &worker), 0);
	assert_int_equal(worker_send(&worker, &number, sizeof number, NULL, 0, true), 0);
	assert_int_equal(worker_receive(&worker, &answer, sizeof answer, fd, &descriptors), 0);
	assert_int_equal(answer, 7);
	assert_int_equal(descriptors, 0);
	worker_end(&worker, PATIENCE_US / 1000);
	assert_int_equal(worker.process, 0);
	assert_int_equal(workers_left(), 0);
	assert_false(has_child());
}

/* Nobody asks for it again. */
static void test_no_zombie(void **state)
{
	struct worker worker;

	(void)state;
	assert_int_equal(worker_start(hang, NULL, &worker), 0);
	worker_end(&worker, 1);
	assert_int_equal(worker.process, 0);
	assert_int_equal(workers_left(), 1);
	*let_go = true;
	wait_for_none();
}

static void test_most(void **state)
{
	struct worker worker;

	(void)state;
	for (int i = 0; i < WORKERS_LEFT; i++) {
		assert_int_equal(worker_start(hang, NULL, &worker), 0);
		worker_leave(&worker);
	}
	assert_int_equal(worker_start(hang, NULL, &worker), -EAGAIN);
	*let_go = true;
	wait_for_none();
	assert_int_equal(worker_start(hang, NULL, &worker), 0);
	worker_leave(&worker);
	wait_for_none();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answers, set_up),
		cmocka_unit_test_setup(test_no_zombie, set_up),
		cmocka_unit_test_setup(test_most, set_up),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}

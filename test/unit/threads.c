/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/threads.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "open_files.h"
#include "readdir_wrap.h"
#include "unit.h"

#define THREADS 5

static pthread_barrier_t barrier;
static pid_t ids[THREADS];

static void *tell(void *id)
{
	*(pid_t *)id = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static bool has(const struct threads *threads, pid_t id)
{
	unsigned found = 0;

	for (size_t i = 0; i < threads->count; i++)
		found += threads->thread[i] == id;
	assert_in_range(found, 0, 1);
	return found == 1;
}

static void check_list(pid_t whose, size_t count)
{
	struct threads threads;

	assert_int_equal(threads_list(whose, &threads), 0);
	assert_int_equal(threads.count, count);
	for (size_t i = 1; i < count; i++)
		assert_true(threads.thread[i - 1] < threads.thread[i]);
	assert_true(has(&threads, getpid()));
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(has(&threads, ids[i]), count > 1);
	free(threads.thread);
}

/* Whichever of its threads the process is known by. */
static void test_list(void **state)
{
	unsigned files = open_files();
	pthread_t thread[THREADS];

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, tell, &ids[i]), 0);
	pthread_barrier_wait(&barrier);
	check_list(getpid(), THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		check_list(ids[i], THREADS + 1);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	/* A thread that was joined may be seen for a moment. */
	usleep(20000);
	check_list(getpid(), 1);
	assert_int_equal(open_files(), files);
}

static void test_no_such_thread(void **state)
{
	unsigned files = open_files();
	struct threads threads = { .count = 0x5a5a };
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(threads_list(child, &threads), -ESRCH);
	assert_int_equal(threads_list(0, &threads), -ESRCH);
	assert_int_equal(threads_list(-1, &threads), -ESRCH);
	assert_int_equal(threads_list(INT_MAX, &threads), -ESRCH);
	assert_int_equal(threads.count, 0x5a5a);
	assert_int_equal(open_files(), files);
}

/* Before and behind ., .. and this thread, so that there is none or one. */
static void test_cut_short(void **state)
{
	unsigned files = open_files();

	(void)state;
	for (int entries = 0; entries < 4; entries++) {
		struct threads threads = { .count = 0x5a5a };
		int result;

		readdir_wrap_left = entries;
		result = threads_list(getpid(), &threads);
		readdir_wrap_left = -1;
		assert_int_equal(result, -EIO);
		assert_int_equal(threads.count, 0x5a5a);
	}
	assert_int_equal(open_files(), files);
}

static void test_equal(void **state)
{
	pid_t one[] = { 1, 2, 3 };
	pid_t same[] = { 1, 2, 3 };
	pid_t other[] = { 1, 2, 4 };
	const struct threads threads = { one, 3 };

	(void)state;
	assert_true(threads_equal(&threads, &(struct threads){ same, 3 }));
	assert_false(threads_equal(&threads, &(struct threads){ other, 3 }));
	assert_false(threads_equal(&threads, &(struct threads){ same, 2 }));
	assert_false(threads_equal(&(struct threads){ same, 2 }, &threads));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_no_such_thread),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

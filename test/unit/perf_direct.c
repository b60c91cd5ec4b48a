/* SPDX-License-Identifier: BSD-2-Clause */

/* Events of the perf backend that go into the client's hands. */

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/backend.h"
#include "open_files.h"
#include "perf_wrap.h"
#include "unit.h"

static struct backend *backend;
static uint64_t files;

static void open_scope(enum event_scope scope)
{
	const struct backend_options options = { .scope = scope };

	skip_without_perf();
	files = open_files();
	assert_int_equal(perf_backend.open(&options, &backend), 0);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, gettid()), 0);
	perf_unwrap(NULL);
}

static void close_all(void)
{
	perf_backend.release(backend, 0);
	perf_backend.close(backend);
	assert_int_equal(open_files(), files);
}

static uint64_t figure_of(int fd)
{
	uint64_t figures[3];

	assert_int_equal(perf_real_read(fd, figures, sizeof figures), sizeof figures);
	return figures[0];
}

/* The client's copy goes on after the backend's is closed, but counts no more. */
static void test_adopted(void **state)
{
	struct backend_direct direct;
	uint64_t count;
	uint64_t origin;
	int copy;

	(void)state;
	open_scope(SCOPE_OPENER);
	assert_int_equal(perf_backend.direct(backend, 0, gettid(), &direct), 0);
	assert_int_equal(direct.count, 1);
	assert_int_equal(direct.hz, 0);
	assert_int_equal(perf_wrap.opens, 1);
	assert_int_equal(perf_wrap.call[0].thread, gettid());
	assert_int_equal(perf_wrap.call[0].attr.pinned, 1);
	assert_int_equal(perf_wrap.call[0].attr.inherit, 0);
	copy = dup(direct.fd[0]);
	perf_backend.adopt(backend, 0, true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(perf_backend.start(backend, 0), 0);
		origin = perf_backend.origin(backend, 0);
		fault(PAGES);
		assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
		assert_in_range(count, PAGES, PAGES + PAGES / 2);
		assert_int_equal(figure_of(copy) - origin, count);
	}
	assert_int_equal(perf_backend.start(backend, 0), 0);
	assert_int_equal(perf_backend.setup(backend, 0, &page_faults, gettid()), 0);
	count = figure_of(copy);
	fault(PAGES);
	assert_int_equal(figure_of(copy), count);
	close(copy);
	close_all();
}

/* The counter counts by the events that it had. */
static void test_dropped(void **state)
{
	struct backend_direct direct;
	uint64_t count;

	(void)state;
	open_scope(SCOPE_OPENER);
	assert_int_equal(perf_backend.start(backend, 0), 0);
	assert_int_equal(perf_backend.direct(backend, 0, gettid(), &direct), 0);
	fault(PAGES);
	perf_backend.adopt(backend, 0, false);
	fault(PAGES);
	assert_int_equal(perf_backend.stop(backend, 0, &count), 0);
	assert_in_range(count, 2 * PAGES, 2 * PAGES + PAGES / 2);
	close_all();
}

static void check_refused(int client, int error)
{
	struct backend_direct direct;

	assert_int_equal(perf_backend.direct(backend, 0, client, &direct), error);
	assert_int_equal(perf_wrap.opens, 0);
}

static void test_refused(void **state)
{
	struct event neither = page_faults;
	const struct event interrupts = { .kind = EVENT_INTERRUPTS, .user = true, .kernel = true };

	(void)state;
	open_scope(SCOPE_SYSTEM);
	check_refused(gettid(), -EOPNOTSUPP);
	assert_int_equal(perf_backend.setup(backend, 0, &interrupts, gettid()), 0);
	perf_unwrap(NULL);
	check_refused(gettid(), -EOPNOTSUPP);
	close_all();
	open_scope(SCOPE_OPENER);
	check_refused(gettid() + 1, -EPERM);
	perf_wrap.threads = 2;
	check_refused(gettid(), -EOPNOTSUPP);
	neither.user = false;
	neither.kernel = false;
	perf_unwrap(NULL);
	assert_int_equal(perf_backend.setup(backend, 0, &neither, gettid()), 0);
	perf_unwrap(NULL);
	check_refused(gettid(), -EOPNOTSUPP);
	close_all();
}

#define TEST(name) cmocka_unit_test_setup(test_##name, perf_unwrap)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(adopted), TEST(dropped), TEST(refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* Who reads past perfmond, and who does not. */

#include <errno.h>
#include <fcntl.h>
#include <machine/perfmon.h>
#include <perfmon/ext.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../client/take.h"
#include "direct.h"

static bool is_direct(void)
{
	return running_way != PERFMON_BY_DEVICE;
}

/* Of another thread, which has no counter of its own: read(2) asks the one that has. */
static int elsewhere_way(void)
{
	return is_direct() ? PERFMON_BY_EVENT : PERFMON_BY_DEVICE;
}

static bool reads_elsewhere(void *reader)
{
	uint64_t first = value_of(reader);

	must(first > 0 && first != UINT64_MAX);
	must(perfmon_reader_way(reader) == elsewhere_way());
	must(value_of(reader) >= first);
	perfmon_reader_close(reader);
	return true;
}

static void *in_thread(void *reader)
{
	return reads_elsewhere(reader) ? reader : NULL;
}

static bool other_thread(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	pthread_t thread;
	void *proved = NULL;

	must(request(fd, PMIOSTART));
	work();
	must(pthread_create(&thread, NULL, in_thread, reader) == 0);
	pthread_join(thread, &proved);
	must(proved == reader);
	return true;
}

static bool forked_child(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);

	must(request(fd, PMIOSTART));
	work();
	must(child_holds(reads_elsewhere, reader));
	must(value_of(reader) > 0 && perfmon_reader_way(reader) == running_way);
	return true;
}

static bool works(void *argument)
{
	(void)argument;
	for (int i = 0; i < 20; i++)
		work();
	return true;
}

/* What the man page says of the scope: the thread alone. */
static bool counts_its_thread_alone(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	uint64_t own;
	uint64_t before;

	must(request(fd, PMIOSTART));
	for (int i = 0; i < 4; i++)
		work();
	own = value_of(reader);
	before = own;
	must(child_holds(works, NULL));
	must(is_direct() ? value_of(reader) - before < own : value_of(reader) - before > own);
	return true;
}

static bool mere_reader(void)
{
	int writer = open_counter();
	int fd = open(node, O_RDONLY | O_CLOEXEC);
	struct perfmon_reader *reader = reader_of(fd);
	struct perfmon_direct direct = { .pmd_num = 0 };

	must(request(writer, PMIOSTART));
	must(value_of(reader) != UINT64_MAX && perfmon_reader_way(reader) == PERFMON_BY_DEVICE);
	must(*perfmon_reader_why(reader));
	must(ioctl(fd, PMIODIRECT, &direct) < 0 && errno == EPERM && direct.pmd_token == 0);
	return true;
}

/* Of a descriptor that it has from its parent, whose thread is counted. */
static bool is_refused(void *fd)
{
	struct perfmon_direct direct = { .pmd_num = 0 };
	struct perfmon_reader *reader = reader_of(*(int *)fd);

	must(perfmon_reader_way(reader) == PERFMON_BY_DEVICE && *perfmon_reader_why(reader));
	must(ioctl(*(int *)fd, PMIODIRECT, &direct) < 0);
	must(errno == EPERM || (!is_direct() && errno == EOPNOTSUPP));
	return true;
}

static bool another_process(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader;

	must(request(fd, PMIOSTART));
	must(child_holds(is_refused, &fd));
	reader = reader_of(fd);
	must(value_of(reader) > 0 && perfmon_reader_way(reader) == running_way);
	return true;
}

static void *wait_for_end(void *end)
{
	char byte;

	(void)!read(*(int *)end, &byte, 1);
	return NULL;
}

static bool several_threads(void)
{
	int fd = open_counter();
	int end[2];
	struct perfmon_reader *reader;
	pthread_t thread;

	must(pipe2(end, O_CLOEXEC) == 0);
	must(pthread_create(&thread, NULL, wait_for_end, &end[0]) == 0);
	reader = reader_of(fd);
	must(request(fd, PMIOSTART));
	work();
	must(value_of(reader) > 0 && perfmon_reader_way(reader) == PERFMON_BY_DEVICE);
	must(*perfmon_reader_why(reader));
	close(end[1]);
	pthread_join(thread, NULL);
	return true;
}

struct token {
	uint64_t token;
	int error;
};

static bool answers(void *argument)
{
	const struct token *token = argument;
	struct perfmon_taken taken;
	unsigned count = 0;
	int fd[TAKE_MOST];
	int socket;

	must(take_connect(node, &socket) == 0);
	must(take(socket, token->token, &taken, fd, TAKE_MOST, &count) == token->error);
	return true;
}

static bool stolen_token(void)
{
	int fd = open_counter();
	struct perfmon_direct direct = { .pmd_num = 0 };
	struct token token = { .error = ENOENT };

	if (!is_direct())
		return true;
	must(ioctl(fd, PMIODIRECT, &direct) == 0);
	token.token = direct.pmd_token;
	must(child_holds(answers, &token));
	token.error = 0;
	must(answers(&token));
	/* Once. */
	token.error = ENOENT;
	must(answers(&token));
	return true;
}

/* What is not taken goes when the counter is offered anew. */
static bool asks_in_vain(void)
{
	int fd = open_counter();
	struct token token = { .error = ENOENT };

	if (!is_direct())
		return true;
	for (int i = 0; i < 200; i++) {
		struct perfmon_direct direct = { .pmd_num = 0 };

		must(ioctl(fd, PMIODIRECT, &direct) == 0);
		if (i == 0)
			token.token = direct.pmd_token;
	}
	must(answers(&token));
	return true;
}

/* Its own events count on; what takes perfmond says that there is none. */
static bool outlives_perfmond(void)
{
	int fd = open_counter();
	struct perfmon_reader *reader = reader_of(fd);
	uint64_t value;

	must(request(fd, PMIOSTART));
	puts("# ready");
	fflush(stdout);
	while (device_value(fd) != UINT64_MAX)
		usleep(1000);
	if (!is_direct()) {
		must(perfmon_reader_read(reader, &value) == -ENOTCONN);
		return true;
	}
	value = value_of(reader);
	work();
	must(value_of(reader) > value && value_of(reader) != UINT64_MAX);
	must(perfmon_reader_way(reader) == running_way);
	return true;
}

const struct proof owner_proofs[] = {
	{ "another thread reads", other_thread },
	{ "a forked child reads its parent's", forked_child },
	{ "the scope is as documented", counts_its_thread_alone },
	{ "who may not write reads through the device", mere_reader },
	{ "another process with the descriptor reads through the device", another_process },
	{ "a process of several threads reads through the device", several_threads },
	{ "a token is good for its process, once", stolen_token },
	{ "it may be asked 200 times, and nothing taken", asks_in_vain },
	{ NULL, NULL },
};

const struct proof death_proofs[] = {
	{ "a killed perfmond ends no reader of events", outlives_perfmond },
	{ NULL, NULL },
};

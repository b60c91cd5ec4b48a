/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend/aside.h"

#include <errno.h>
#include <machine/perfmon.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "worker.h"

_Static_assert(EVENT_TERMS <= WORKER_DESCRIPTORS, "a counter's events are one answer's");

/* How long the end of a counter's events is waited for, ms. */
#define END 2000

struct aside_counter {
	struct worker worker;
	uint64_t origin;
	/* What it gave away of itself, until adopt. */
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
};

struct aside {
	struct backend backend;
	struct backend *inner;
	struct aside_counter counter[NPMC];
	time_t hung; /* when one was left, CLOCK_MONOTONIC, s; 0: never */
};

/* What a worker is forked with. */
struct order {
	struct backend *backend;
	unsigned counter;
	const struct event *event;
	int client;
};

struct question {
	enum { START, STOP, READ, DIRECT, ADOPT, RELEASE } what;
	int argument; /* DIRECT: the client's thread; ADOPT: whether */
};

struct answer {
	int result;
	uint64_t count;
	uint64_t origin;
	uint64_t hz;
	unsigned direct; /* descriptors */
	uint64_t first;  /* of the pass, as in struct backend_pass */
	uint64_t skew;
};

static int answer_question(const struct order *order, const struct question *question,
			   struct answer *answer, struct backend_direct *direct)
{
	const struct backend_operations *operations = order->backend->operations;

	switch (question->what) {
	case START:
		return operations->start(order->backend, order->counter);
	case STOP:
		return operations->stop(order->backend, order->counter, &answer->count);
	case READ:
		return operations->read(order->backend, order->counter, &answer->count);
	case DIRECT:
		return operations->direct(order->backend, order->counter, question->argument,
					  direct);
	case ADOPT:
		operations->adopt(order->backend, order->counter, question->argument);
		break;
	case RELEASE:
		operations->release(order->backend, order->counter);
	}
	return 0;
}

/* Who reads a counter past a perfmond that was killed, without a release, goes on. */
static void serve(int socket, const struct order *order)
{
	struct backend *backend = order->backend;
	struct question question;
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;

	while (worker_hear(socket, &question, sizeof question, fd, &descriptors)) {
		struct answer answer = { 0 };
		struct backend_direct direct = { 0 };

		answer.result = answer_question(order, &question, &answer, &direct);
		if (question.what == RELEASE)
			return;
		if (backend->operations->origin)
			answer.origin = backend->operations->origin(backend, order->counter);
		answer.hz = direct.hz;
		answer.direct = direct.count;
		answer.first = backend->pass.first;
		answer.skew = backend->pass.skew;
		worker_answer(socket, &answer, sizeof answer, direct.fd, direct.count);
	}
}

static void work(int socket, void *argument)
{
	const struct order *order = argument;
	const struct backend_operations *operations = order->backend->operations;
	struct answer answer = { 0 };

	answer.result =
		operations->setup(order->backend, order->counter, order->event, order->client);
	worker_answer(socket, &answer, sizeof answer, NULL, 0);
	if (answer.result == 0)
		serve(socket, order);
}

static struct aside *aside(struct backend *backend)
{
	return (struct aside *)backend;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Logs why there is no answer. */
static int lose(struct aside *self, struct worker *worker, unsigned number, int error)
{
	if (error == -EAGAIN) {
		worker_leave(worker);
		self->hung = now();
		log_error("counter %u: the kernel does not come back from its client's events: "
			  "the count is lost; an ioctl(2) on an event of the client's thread is "
			  "held up",
			  number);
	} else {
		worker_end(worker, END);
		log_error("counter %u: the count is lost: the process that counts has ended%s%s",
			  number, error == -EIO ? "" : ": ", error == -EIO ? "" : strerror(-error));
	}
	return -EIO;
}

static int ask(struct aside *self, unsigned number, struct question question,
	       struct answer *ret_answer)
{
	struct aside_counter *counter = &self->counter[number];
	int result = -EIO;

	if (counter->worker.process > 0) {
		result = worker_send(&counter->worker, &question, sizeof question, NULL, 0);
		if (result == 0 || result == -EPIPE)
			result = worker_receive(&counter->worker, ret_answer, sizeof *ret_answer,
						counter->fd, &counter->descriptors);
	}
	if (result < 0)
		return lose(self, &counter->worker, number, result);
	counter->origin = ret_answer->origin;
	self->backend.pass.first = ret_answer->first;
	self->backend.pass.skew = ret_answer->skew;
	return ret_answer->result;
}

static void end(struct aside_counter *counter)
{
	static const struct question release = { .what = RELEASE };

	if (counter->worker.process > 0)
		worker_send(&counter->worker, &release, sizeof release, NULL, 0);
	worker_end(&counter->worker, END);
}

static int may_set_up(const struct aside *self)
{
	if (!self->hung || now() - self->hung > ASIDE_REST)
		return 0;
	log_error("PMIOSETUP: --scope opener: no counter is set up for %d s after a client had "
		  "its events held up",
		  ASIDE_REST);
	return -EAGAIN;
}

static int aside_setup(struct backend *backend, unsigned number, const struct event *event,
		       int client)
{
	struct aside *self = aside(backend);
	struct order order = { self->inner, number, event, client };
	struct aside_counter made = { 0 };
	struct answer answer;
	int result = may_set_up(self);

	if (result < 0)
		return result;
	self->inner->pass.clock = backend->pass.clock;
	result = worker_start(work, &order, &made.worker);
	if (result < 0) {
		log_error("PMIOSETUP: --scope opener: no process that counts: %s%s",
			  strerror(-result),
			  result == -EMFILE || result == -ENFILE
				  ? "; raise the limit of open files (ulimit -n, LimitNOFILE=)"
				  : "");
		return result;
	}
	result = worker_receive(&made.worker, &answer, sizeof answer, made.fd, &made.descriptors);
	if (result < 0)
		return lose(self, &made.worker, number, result);
	if (answer.result < 0) {
		worker_end(&made.worker, END);
		return answer.result;
	}
	end(&self->counter[number]);
	self->counter[number] = made;
	return 0;
}

static int aside_start(struct backend *backend, unsigned number)
{
	struct answer answer;

	return ask(aside(backend), number, (struct question){ .what = START }, &answer);
}

static int aside_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct answer answer;
	int result = ask(aside(backend), number, (struct question){ .what = STOP }, &answer);

	if (result == 0)
		*ret_count = answer.count;
	return result;
}

static int aside_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct answer answer;
	int result = ask(aside(backend), number, (struct question){ .what = READ }, &answer);

	if (result == 0)
		*ret_count = answer.count;
	return result;
}

/* The worker has the events too, so that none is closed for good here. */
static void aside_adopt(struct backend *backend, unsigned number, bool adopted)
{
	struct aside_counter *counter = &aside(backend)->counter[number];
	struct answer answer;

	for (size_t i = 0; i < counter->descriptors; i++)
		close(counter->fd[i]);
	ask(aside(backend), number, (struct question){ .what = ADOPT, .argument = adopted },
	    &answer);
}

static int aside_direct(struct backend *backend, unsigned number, int client,
			struct backend_direct *ret_direct)
{
	const struct aside_counter *counter = &aside(backend)->counter[number];
	struct question question = { .what = DIRECT, .argument = client };
	struct backend_direct direct = { 0 };
	struct answer answer;
	int result = ask(aside(backend), number, question, &answer);

	if (result == 0 && counter->descriptors < answer.direct) {
		log_error("PMIODIRECT: no descriptor is left: raise the limit of open files "
			  "(ulimit -n, LimitNOFILE=)");
		aside_adopt(backend, number, false);
		result = -EMFILE;
	}
	if (result < 0)
		return result;
	direct.hz = answer.hz;
	direct.count = (unsigned)counter->descriptors;
	memcpy(direct.fd, counter->fd, counter->descriptors * sizeof *counter->fd);
	*ret_direct = direct;
	return 0;
}

static uint64_t aside_origin(struct backend *backend, unsigned number)
{
	return aside(backend)->counter[number].origin;
}

static void aside_release(struct backend *backend, unsigned number)
{
	struct aside_counter *counter = &aside(backend)->counter[number];

	end(counter);
	*counter = (struct aside_counter){ 0 };
}

static void aside_add_rights(const struct backend *backend, struct rights *rights)
{
	const struct backend *inner = ((const struct aside *)backend)->inner;

	inner->operations->add_rights(inner, rights);
	worker_add_rights(rights);
}

static void aside_close(struct backend *backend)
{
	struct backend *inner = aside(backend)->inner;

	inner->operations->close(inner);
	free(backend);
}

static const struct backend_operations aside_operations = {
	.add_rights = aside_add_rights,
	.close = aside_close,
	.setup = aside_setup,
	.start = aside_start,
	.stop = aside_stop,
	.read = aside_read,
	.direct = aside_direct,
	.adopt = aside_adopt,
	.origin = aside_origin,
	.release = aside_release,
};

int aside_open(struct backend *inner, struct backend **ret_backend)
{
	struct aside *self = calloc(1, sizeof *self);

	if (!self)
		return -ENOMEM;
	self->backend = *inner;
	self->backend.operations = &aside_operations;
	self->inner = inner;
	*ret_backend = &self->backend;
	return 0;
}

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
	bool there; /* the worker has it set up */
	uint64_t origin;
};

struct aside {
	struct backend backend;
	struct backend *inner;
	struct worker worker; /* from the first PMIOSETUP on */
	struct aside_counter counter[NPMC];
	struct backend_direct given; /* what a counter gave away of itself, until adopt */
	time_t hung;                 /* when one was left, CLOCK_MONOTONIC, s; 0: never */
};

struct question {
	enum { SETUP, START, STOP, READ, DIRECT, ADOPT, RELEASE } what;
	unsigned counter;
	int argument;       /* SETUP, DIRECT: the client's thread; ADOPT: whether */
	struct event event; /* SETUP; what it points to is constant */
};

struct answer {
	int result;
	uint64_t count;
	uint64_t origin;
	struct backend_direct direct;
	uint64_t first; /* of the pass, as in struct backend_pass */
	uint64_t skew;
};

static int answer_question(struct backend *backend, const struct question *question,
			   struct answer *answer, struct backend_direct *direct)
{
	const struct backend_operations *operations = backend->operations;
	unsigned counter = question->counter;

	switch (question->what) {
	case SETUP:
		return operations->setup(backend, counter, &question->event, question->argument);
	case START:
		return operations->start(backend, counter);
	case STOP:
		return operations->stop(backend, counter, &answer->count);
	case READ:
		return operations->read(backend, counter, &answer->count);
	case DIRECT:
		return operations->direct(backend, counter, question->argument, direct);
	case ADOPT:
		operations->adopt(backend, counter, question->argument);
		break;
	case RELEASE:
		operations->release(backend, counter);
	}
	return 0;
}

/*
 * At the end nothing is released: who reads a counter past a perfmond that was killed goes on.
 */
static void work(int socket, void *argument)
{
	struct backend *backend = argument;
	struct question question = { 0 };
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;

	while (worker_hear(socket, &question, sizeof question, fd, &descriptors)) {
		struct answer answer = { 0 };
		struct backend_direct direct = { 0 };

		answer.result = answer_question(backend, &question, &answer, &direct);
		if (backend->operations->origin)
			answer.origin = backend->operations->origin(backend, question.counter);
		answer.direct = direct;
		answer.first = backend->pass.first;
		answer.skew = backend->pass.skew;
		worker_answer(socket, &answer, sizeof answer, direct.fd, direct.count);
	}
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

/* Logs why there is no answer: with the worker go all counters. */
static int lose(struct aside *self, int error)
{
	if (error == -EAGAIN) {
		worker_leave(&self->worker);
		self->hung = now();
		log_error("the count is lost: the kernel does not come back from the client's "
			  "events: an ioctl(2) on an event of the client's thread is held up");
	} else {
		worker_end(&self->worker, END);
		log_error("the count is lost: the process that counts has ended%s%s",
			  error == -EIO ? "" : ": ", error == -EIO ? "" : strerror(-error));
	}
	for (unsigned i = 0; i < NPMC; i++)
		self->counter[i].there = false;
	return -EIO;
}

static int ask(struct aside *self, const struct question *question, struct answer *ret_answer)
{
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors = 0;
	int result;

	*ret_answer = (struct answer){ 0 };
	result = worker_send(&self->worker, question, sizeof *question, NULL, 0, false);

	if (result == 0 || result == -EPIPE)
		result = worker_receive(&self->worker, ret_answer, sizeof *ret_answer, fd,
					&descriptors);
	if (result < 0)
		return lose(self, result);
	/* Of descriptors that find no room here, the kernel passes the first ones. */
	if (descriptors < ret_answer->direct.count) {
		while (descriptors > 0)
			close(fd[--descriptors]);
		ret_answer->direct.count = 0;
		ret_answer->result = -EMFILE;
	}
	memcpy(ret_answer->direct.fd, fd, descriptors * sizeof *fd);
	self->counter[question->counter].origin = ret_answer->origin;
	self->backend.pass.first = ret_answer->first;
	self->backend.pass.skew = ret_answer->skew;
	return ret_answer->result;
}

/* Of a counter that is set up, as far as the worker that had it is there. */
static int ask_counter(struct backend *backend, const struct question *question,
		       struct answer *ret_answer)
{
	if (aside(backend)->counter[question->counter].there)
		return ask(aside(backend), question, ret_answer);
	log_error("the count is lost: the process that had it has ended, or was left: set the "
		  "counter up anew");
	return -EIO;
}

/* Errors: -EAGAIN, others as worker_start(). */
static int find_worker(struct aside *self)
{
	int result;

	if (self->hung && now() - self->hung <= ASIDE_REST) {
		log_error("PMIOSETUP: --scope opener: no counter is set up for %d s after a client "
			  "had its events held up",
			  ASIDE_REST);
		return -EAGAIN;
	}
	if (self->worker.process > 0)
		return 0;
	self->inner->pass.clock = self->backend.pass.clock;
	result = worker_start(work, self->inner, &self->worker);
	if (result < 0)
		log_error("PMIOSETUP: --scope opener: no process that counts: %s%s",
			  strerror(-result),
			  result == -EMFILE || result == -ENFILE
				  ? "; raise the limit of open files (ulimit -n, LimitNOFILE=)"
				  : "");
	return result;
}

static int aside_setup(struct backend *backend, unsigned number, const struct event *event,
		       int client)
{
	const struct question question = { SETUP, number, client, *event };
	struct aside *self = aside(backend);
	struct answer answer;
	int result = find_worker(self);

	if (result < 0)
		return result;
	result = ask(self, &question, &answer);
	if (result == 0)
		self->counter[number].there = true;
	return result;
}

static int aside_start(struct backend *backend, unsigned number)
{
	struct answer answer;

	return ask_counter(backend, &(struct question){ START, .counter = number }, &answer);
}

static int aside_stop(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct answer answer;
	int result = ask_counter(backend, &(struct question){ STOP, .counter = number }, &answer);

	if (result == 0)
		*ret_count = answer.count;
	return result;
}

static int aside_read(struct backend *backend, unsigned number, uint64_t *ret_count)
{
	struct answer answer;
	int result = ask_counter(backend, &(struct question){ READ, .counter = number }, &answer);

	if (result == 0)
		*ret_count = answer.count;
	return result;
}

/* The worker has the events too, so that none is closed for good here. */
static void aside_adopt(struct backend *backend, unsigned number, bool adopted)
{
	const struct question question = { ADOPT, .counter = number, .argument = adopted };
	struct aside *self = aside(backend);
	struct answer answer;

	for (unsigned i = 0; i < self->given.count; i++)
		close(self->given.fd[i]);
	self->given.count = 0;
	ask_counter(backend, &question, &answer);
}

static int aside_direct(struct backend *backend, unsigned number, int client,
			struct backend_direct *ret_direct)
{
	const struct question question = { DIRECT, .counter = number, .argument = client };
	struct answer answer;
	int result = ask_counter(backend, &question, &answer);

	if (result == -EMFILE && answer.direct.count == 0) {
		log_error("PMIODIRECT: no descriptor is left: raise the limit of open files "
			  "(ulimit -n, LimitNOFILE=)");
		aside_adopt(backend, number, false);
	}
	if (result < 0)
		return result;
	aside(backend)->given = answer.direct;
	*ret_direct = answer.direct;
	return 0;
}

static uint64_t aside_origin(struct backend *backend, unsigned number)
{
	return aside(backend)->counter[number].origin;
}

static void aside_release(struct backend *backend, unsigned number)
{
	struct aside *self = aside(backend);
	struct answer answer;

	if (self->counter[number].there)
		ask(self, &(struct question){ RELEASE, .counter = number }, &answer);
	self->counter[number].there = false;
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

	worker_end(&aside(backend)->worker, END);
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

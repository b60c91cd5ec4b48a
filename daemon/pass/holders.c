/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/holders.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "log.h"
#include "thread_event.h"

/* ms, for which the end of a holder is waited for: it has nothing to do any more. */
#define END 25

struct order {
	enum { OPEN, KEEP, DROP } what;
	pid_t thread; /* OPEN */
	struct perf_event_attr attr;
	uint64_t token;
	size_t descriptors; /* beside it */
};

struct opened {
	uint64_t token;
	int error; /* an errno, or 0 */
};

/* In the worker. */
static struct kept {
	uint64_t token; /* 0: a free place */
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
} kept[HOLDERS_MAX];

static struct kept *find_kept(uint64_t token)
{
	for (size_t i = 0; i < HOLDERS_MAX; i++)
		if (kept[i].token == token)
			return &kept[i];
	return NULL;
}

static void close_all(const int *fd, size_t descriptors)
{
	for (size_t i = 0; i < descriptors; i++)
		close(fd[i]);
}

/* Perfmond has no more offers than there are places, but of those that it could not have dropped.
 */
static void keep(uint64_t token, const int *fd, size_t descriptors)
{
	struct kept *place = find_kept(0);

	if (!place) {
		close_all(fd, descriptors);
		return;
	}
	place->token = token;
	place->descriptors = descriptors;
	for (size_t i = 0; i < descriptors; i++)
		place->fd[i] = fd[i];
}

/* The worker's end would tell of those that are lost too, but close the others. */
static void keep_all(const struct order *order, const int *fd, size_t descriptors)
{
	if (descriptors < order->descriptors)
		log_warning("the process that keeps a client's events has no room for %zu of them: "
			    "closing those may hold perfmond up; raise the limit of open files "
			    "(ulimit -Hn, LimitNOFILE=)",
			    order->descriptors - descriptors);
	keep(order->token, fd, descriptors);
}

static void let_go(uint64_t token)
{
	struct kept *place = find_kept(token);

	if (!place)
		return;
	place->token = 0;
	close_all(place->fd, place->descriptors);
}

/* Without the group that it is to be of, the event would branch outside of it. */
static int open_event(struct order *order, const int *fd, size_t descriptors)
{
	if (descriptors < order->descriptors) {
		errno = EMFILE;
		return -1;
	}
	return (int)thread_event_open(&order->attr, order->thread, descriptors > 0 ? fd[0] : -1);
}

static void open_and_keep(int socket, struct order *order, const int *beside, size_t descriptors)
{
	int fd = open_event(order, beside, descriptors);
	struct opened opened = { .token = order->token, .error = fd < 0 ? errno : 0 };

	if (fd >= 0)
		keep(order->token, &fd, 1);
	worker_answer(socket, &opened, sizeof opened, &fd, fd >= 0);
}

static void hold(int socket, void *argument)
{
	struct order order = { 0 };
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;

	(void)argument;
	while (worker_hear(socket, &order, sizeof order, fd, &descriptors)) {
		switch (order.what) {
		case OPEN:
			open_and_keep(socket, &order, fd, descriptors);
			close_all(fd, descriptors);
			break;
		case KEEP:
			keep_all(&order, fd, descriptors);
			break;
		case DROP:
			let_go(order.token);
			break;
		}
	}
}

/* In perfmond, with the lock. */
static struct holder *find(struct holders *holders, pid_t process)
{
	for (int i = 0; i < holders->count; i++)
		if (holders->holder[i].process == process)
			return &holders->holder[i];
	return NULL;
}

static void end(struct holders *holders, struct holder *holder)
{
	worker_end(&holder->worker, END);
	*holder = holders->holder[--holders->count];
}

static int find_or_start(struct holders *holders, pid_t process, struct holder **ret_holder)
{
	struct holder *holder = find(holders, process);
	int result;

	if (!holder) {
		if (holders->count == HOLDERS_MAX)
			return -EMFILE;
		holder = &holders->holder[holders->count];
		*holder = (struct holder){ .process = process };
		holders->count++;
	}
	if (holder->worker.process == 0) {
		result = worker_start(hold, NULL, &holder->worker);
		if (result < 0) {
			if (holder->kept == 0)
				end(holders, holder);
			return result;
		}
		holder->opening = 0;
		holder->deaf = false;
	}
	*ret_holder = holder;
	return 0;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Gives the descriptor. */
static int hear_opened(struct holder *holder)
{
	struct opened opened;
	int fd[WORKER_DESCRIPTORS];
	size_t descriptors;
	int result = worker_receive(&holder->worker, &opened, sizeof opened, fd, &descriptors);

	if (result < 0)
		return result;
	holder->opening = 0;
	if (opened.error)
		return -opened.error;
	/* What finds no room here is left out by the kernel. */
	return descriptors > 0 ? fd[0] : -EMFILE;
}

/* One that was waited for in vain is not waited for again before it hears. */
static int order_it(struct holder *holder, const struct order *order, const int *fd,
		    size_t descriptors)
{
	int result =
		worker_send(&holder->worker, order, sizeof *order, fd, descriptors, !holder->deaf);

	holder->deaf = result == -EAGAIN;
	return result;
}

/* What one that hears nothing has too much goes when it ends. */
static void send_drop(struct holder *holder, uint64_t token)
{
	const struct order order = { .what = DROP, .token = token };

	if (holder->worker.process > 0)
		(void)order_it(holder, &order, NULL, 0);
}

/* What it hung in comes too late. Tells whether it is ready for more. */
static bool is_idle(struct holder *holder)
{
	uint64_t late = holder->opening;
	int fd;

	if (late == 0)
		return true;
	if (!worker_is_ready(&holder->worker))
		return false;
	fd = hear_opened(holder);
	if (fd >= 0)
		close(fd);
	send_drop(holder, late);
	return holder->worker.process > 0;
}

/* One that something killed, with what it kept; the next is in its place. */
static int lose(struct holder *holder)
{
	worker_end(&holder->worker, END);
	return -EAGAIN;
}

static int ask(struct holders *holders, struct holder *holder, uid_t user,
	       const struct order *order, int group)
{
	int result;

	if (!is_idle(holder))
		return -EAGAIN;
	result = order_it(holder, order, &group, group >= 0);
	if (result < 0)
		return result == -EPIPE ? lose(holder) : result;
	holder->opening = order->token;
	result = hear_opened(holder);
	if (result == -EIO && holder->worker.process == 0)
		return lose(holder);
	if (holder->opening) {
		holders->hung_user = user;
		holders->hung = now();
	} else if (result < 0) {
		send_drop(holder, order->token);
	}
	return result;
}

int holders_open_event(struct holders *holders, pid_t process, uid_t user,
		       const struct perf_event_attr *attr, pid_t thread, int group, uint64_t token)
{
	const struct order order = { OPEN, thread, *attr, token, group >= 0 };
	struct holder *holder;
	int result;

	pthread_mutex_lock(&holders->lock);
	if (holders->hung && user == holders->hung_user && now() - holders->hung <= HOLDERS_REST)
		result = -EAGAIN;
	else
		result = find_or_start(holders, process, &holder);
	if (result == 0) {
		result = ask(holders, holder, user, &order, group);
		if (result >= 0)
			holder->kept++;
		else if (holder->kept == 0)
			end(holders, holder);
	}
	pthread_mutex_unlock(&holders->lock);
	return result;
}

int holders_keep(struct holders *holders, pid_t process, uint64_t token, const int *fd,
		 unsigned descriptors)
{
	const struct order order = { .what = KEEP, .token = token, .descriptors = descriptors };
	struct holder *holder;
	int result;

	pthread_mutex_lock(&holders->lock);
	result = find_or_start(holders, process, &holder);
	if (result == 0) {
		result = order_it(holder, &order, fd, descriptors);
		if (result == -EPIPE)
			result = lose(holder);
		if (result == 0)
			holder->kept++;
		else if (holder->kept == 0)
			end(holders, holder);
	}
	pthread_mutex_unlock(&holders->lock);
	return result;
}

void holders_drop(struct holders *holders, pid_t process, uint64_t token)
{
	struct holder *holder;

	pthread_mutex_lock(&holders->lock);
	holder = find(holders, process);
	if (holder) {
		holder->kept--;
		send_drop(holder, token);
		if (holder->kept == 0)
			end(holders, holder);
	}
	pthread_mutex_unlock(&holders->lock);
}

void holders_open(struct holders *holders)
{
	*holders = (struct holders){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/offers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void offers_open(struct offers *offers, int capacity, struct holders *holders)
{
	*offers = (struct offers){ .lock = PTHREAD_MUTEX_INITIALIZER,
				   .holders = holders,
				   .capacity = capacity };
}

static void free_place(struct offers *offers, struct offer *offer)
{
	for (unsigned i = 0; i < offer->descriptors; i++)
		close(offer->fd[i]);
	if (offers->holders)
		holders_drop(offers->holders, offer->process, offer->token);
	offer->token = 0;
}

void offers_close(struct offers *offers)
{
	for (int i = 0; i < OFFERS_MAX; i++)
		if (offers->offer[i].token)
			free_place(offers, &offers->offer[i]);
}

static bool waits(const struct offer *offer)
{
	return offer->token && !offer->taken;
}

static int find_place(const struct offers *offers, const struct offer *added)
{
	unsigned capacity = (unsigned)offers->capacity;
	unsigned users = 0;
	unsigned all = 0;
	int place = -EMFILE;
	int waiting = 0;

	for (int i = offers->capacity - 1; i >= 0; i--) {
		const struct offer *offer = &offers->offer[i];

		if (!offer->token) {
			place = i;
			continue;
		}
		all += offer->descriptors;
		if (offer->user == added->user) {
			users += offer->descriptors;
			waiting += waits(offer);
		}
	}
	if (waiting >= OFFERS_WAITING_MAX || users + added->descriptors > OFFERS_SHARE(capacity) ||
	    all + added->descriptors > capacity)
		return -EMFILE;
	return place;
}

int offers_add(struct offers *offers, const struct offer *offer)
{
	int place;

	pthread_mutex_lock(&offers->lock);
	place = find_place(offers, offer);
	if (place >= 0)
		offers->offer[place] = *offer;
	pthread_mutex_unlock(&offers->lock);
	return place < 0 ? place : 0;
}

static struct offer *find(struct offers *offers, uint64_t token)
{
	for (int i = 0; i < OFFERS_MAX && token; i++)
		if (offers->offer[i].token == token)
			return &offers->offer[i];
	return NULL;
}

int offers_leader(struct offers *offers, uint64_t token, pid_t thread)
{
	struct offer *offer;
	int result = -ENOENT;

	pthread_mutex_lock(&offers->lock);
	offer = find(offers, token);
	if (offer && offer->what.pet_thread == thread && offer->what.pet_leader == 0) {
		result = fcntl(offer->fd[0], F_DUPFD_CLOEXEC, 0);
		if (result < 0)
			result = -errno;
	}
	pthread_mutex_unlock(&offers->lock);
	return result;
}

int offers_take(struct offers *offers, uint64_t token, pid_t process,
		const struct offer **ret_offer)
{
	struct offer *offer;
	int result = -ENOENT;

	pthread_mutex_lock(&offers->lock);
	offer = find(offers, token);
	if (offer && !offer->taken && offer->process == process) {
		offer->taken = true;
		*ret_offer = offer;
		result = (int)(offer - offers->offer);
	}
	pthread_mutex_unlock(&offers->lock);
	return result;
}

void offers_drop(struct offers *offers, uint64_t token)
{
	struct offer *offer;

	pthread_mutex_lock(&offers->lock);
	offer = find(offers, token);
	if (offer && waits(offer))
		free_place(offers, offer);
	pthread_mutex_unlock(&offers->lock);
}

void offers_end(struct offers *offers, int place)
{
	pthread_mutex_lock(&offers->lock);
	free_place(offers, &offers->offer[place]);
	pthread_mutex_unlock(&offers->lock);
}

bool offers_expire(struct offers *offers, time_t since)
{
	bool others = false;

	pthread_mutex_lock(&offers->lock);
	for (int i = 0; i < OFFERS_MAX; i++) {
		struct offer *offer = &offers->offer[i];

		if (waits(offer) && offer->since <= since)
			free_place(offers, offer);
		others |= waits(offer);
	}
	pthread_mutex_unlock(&offers->lock);
	return others;
}

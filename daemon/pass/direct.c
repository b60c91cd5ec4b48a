/* SPDX-License-Identifier: BSD-2-Clause */
#include "pass/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "pass/target.h"

_Static_assert(OFFER_DESCRIPTORS == EVENT_TERMS + 1, "an event for each term, and the page");

/* Its size stays, or who shrinks it would end who writes it; and who gets it may not write. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

static int map_page(int fd, struct perfmon_page **ret_page)
{
	struct perfmon_page *page;
	int result;

	if (ftruncate(fd, sizeof *page) < 0)
		return -errno;
	page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		result = -errno;
		munmap(page, sizeof *page);
		return result;
	}
	*ret_page = page;
	return 0;
}

/* Gives its descriptor. Errors: as memfd_create(2), mmap(2), fcntl(2). */
static int make_page(struct perfmon_page **ret_page)
{
	int fd = memfd_create("perfmond", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int result;

	if (fd < 0)
		return -errno;
	result = map_page(fd, ret_page);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

/* What nobody has taken is of no use any more. */
static void withdraw(struct passer *passer, struct perfmon_page *page)
{
	struct direct *direct = (struct direct *)passer;

	for (unsigned i = 0; i <= NPMC; i++)
		if (direct->offered[i].page == page) {
			offers_drop(&direct->passing->offers, direct->offered[i].token);
			direct->offered[i].page = NULL;
		}
	munmap(page, sizeof *page);
}

static void note(struct direct *direct, struct perfmon_page *page, uint64_t token)
{
	unsigned i = 0;

	while (direct->offered[i].page)
		i++;
	direct->offered[i].page = page;
	direct->offered[i].token = token;
}

static void close_copies(const struct offer *offer)
{
	for (unsigned i = 0; i < offer->descriptors; i++)
		close(offer->fd[i]);
}

/* The backend's own stay. Errors: as fcntl(2). */
static int copy_events(const struct backend_direct *events, struct offer *offer)
{
	for (unsigned i = 0; i < events->count; i++) {
		int copy = fcntl(events->fd[i], F_DUPFD_CLOEXEC, 0);

		if (copy < 0)
			return -errno;
		offer->fd[offer->descriptors++] = copy;
	}
	return 0;
}

/* A copy of the backend's is not the last one: of a failure nothing is left to the holder. */
static int hold_and_offer(struct direct *direct, const struct offer *offer)
{
	struct passing *passing = direct->passing;
	int result = holders_keep(&passing->holders, offer->process, offer->token, offer->fd,
				  offer->descriptors);

	if (result < 0)
		return result;
	result = passing_offer(passing, offer);
	if (result < 0)
		holders_drop(&passing->holders, offer->process, offer->token);
	return result;
}

static int offer_to(struct direct *direct, const struct backend_direct *events, struct offer *offer,
		    struct perfmon_page **ret_page)
{
	struct perfmon_page *page = NULL;
	int result = passing_token(TOKEN_DIRECT, &offer->token);

	if (result == 0)
		result = make_page(&page);
	if (result < 0)
		return result;
	offer->fd[offer->descriptors++] = result;
	result = copy_events(events, offer);
	if (result == 0)
		result = hold_and_offer(direct, offer);
	if (result < 0) {
		close_copies(offer);
		munmap(page, sizeof *page);
		return result;
	}
	note(direct, page, offer->token);
	*ret_page = page;
	return 0;
}

static int offer_events(struct passer *passer, const struct backend_direct *events,
			const struct caller *caller, struct perfmon_page **ret_page,
			uint64_t *ret_token)
{
	struct direct *direct = (struct direct *)passer;
	struct offer offer = { .user = caller->user };
	struct target target = { 0 };
	int result = target_choose(caller->thread, caller->user, 0, false, &target);

	if (result < 0)
		return result;
	offer.process = target.process;
	target_close(&target);
	result = offer_to(direct, events, &offer, ret_page);
	if (result < 0)
		log_error("PMIODIRECT: the counter cannot be offered to its owner: %s",
			  strerror(-result));
	else
		*ret_token = offer.token;
	return result;
}

void direct_open(struct direct *direct, struct passing *passing)
{
	*direct = (struct direct){ .passer = { .offer = offer_events, .withdraw = withdraw },
				   .passing = passing };
}

/* SPDX-License-Identifier: BSD-2-Clause */

/* The requests of <perfmon/ext.h>, whose layout is the same for a 32-bit program. */

#include "conformance.h"

static int pm_event(int fd, int number, struct perfmon_event *ret_event)
{
	memset(ret_event, 0xa5, sizeof *ret_event);
	ret_event->pme_num = number;
	return ioctl(fd, PMIOEVENT, ret_event);
}

/* For a reader too, and in the same layout for a 32-bit program. */
static void event_is_told(void)
{
	int fd = open_writer();
	int reader = open_reader();
	struct perfmon_event event;

	CHECK_ERRNO(pm_event(fd, 0, &event), EBUSY);
	CHECK_ERRNO(pm_event(fd, NPMC, &event), EINVAL);
	CHECK_ERRNO(pm_event(fd, -1, &event), EINVAL);
	must_setup(fd, 0);
	CHECK(pm_event(reader, 0, &event) == 0);
	CHECK(event.pme_num == 0 && event.pme_val == countable.pmc_val);
	CHECK(event.pme_class >= PME_EXACT && event.pme_class <= PME_NATIVE);
	CHECK(event.pme_terms <= PME_TERMS);
	CHECK(memchr(event.pme_name, 0, sizeof event.pme_name));
	CHECK(*event.pme_counted && memchr(event.pme_counted, 0, sizeof event.pme_counted));
	CHECK(memchr(event.pme_note, 0, sizeof event.pme_note));
	CHECK(source == SOURCE_SIM ? event.pme_class == PME_NATIVE : *event.pme_name);
	CHECK(source != SOURCE_INTERRUPTS || event.pme_class == PME_SOFTWARE);
	CHECK(source != SOURCE_PMU || (event.pme_class == PME_EXACT && event.pme_terms == 1));
}

static void snap(int fd, struct perfmon_snap *ret_snap)
{
	memset(ret_snap, 0xa5, sizeof *ret_snap);
	CHECK(ioctl(fd, PMIOSNAP, ret_snap) == 0);
	CHECK(ret_snap->pms_reserved == 0);
}

/* Between what is asked one by one before and after. */
static void snap_is_what_read_gives(void)
{
	int fd = open_writer();
	int reader = open_reader();
	struct perfmon_snap taken;
	quad_t stopped;
	quad_t before;

	must_setup(fd, 0);
	must_setup(fd, 1);
	must_start(fd, 0);
	must_start(fd, 1);
	read_above(fd, 0, 0);
	must_stop(fd, 0);
	stopped = must_read(fd, 0);
	before = read_above(fd, 1, 0);
	snap(reader, &taken);
	CHECK(taken.pms_counter[0].pmsc_error == 0 && taken.pms_counter[1].pmsc_error == 0);
	CHECK(taken.pms_counter[0].pmsc_value == (uint64_t)stopped);
	CHECK(taken.pms_counter[0].pmsc_val == must_get(fd, 0).pmc_val);
	CHECK(taken.pms_counter[1].pmsc_val == must_get(fd, 1).pmc_val);
	CHECK(taken.pms_counter[1].pmsc_value >= (uint64_t)before);
	CHECK(taken.pms_counter[1].pmsc_value <= (uint64_t)must_read(fd, 1));
}

static void snap_has_an_error_for_each(void)
{
	int fd = open_writer();
	struct perfmon_snap taken;

	snap(fd, &taken);
	CHECK(taken.pms_counter[0].pmsc_error == EBUSY && taken.pms_counter[0].pmsc_value == 0);
	CHECK(taken.pms_counter[1].pmsc_error == EBUSY && taken.pms_counter[1].pmsc_val == 0);
	must_setup(fd, 1);
	snap(fd, &taken);
	CHECK(taken.pms_counter[0].pmsc_error == EBUSY && taken.pms_counter[1].pmsc_error == 0);
}

static void snap_has_the_time_stamp(void)
{
	int fd = open_reader();
	struct pmc_tstamp before;
	struct pmc_tstamp after;
	struct perfmon_snap taken;

	snap(fd, &taken);
	if (pm_tstamp(fd, &before) < 0 && errno == ENOTTY) {
		CHECK(taken.pms_stamp == 0 && taken.pms_lasted == 0 && taken.pms_rate == 0);
		skip("this machine has no time stamp counter that can be used");
	}
	/* By then the rate is final. */
	usleep(450000);
	CHECK(pm_tstamp(fd, &before) == 0);
	snap(fd, &taken);
	CHECK(pm_tstamp(fd, &after) == 0);
	CHECK(taken.pms_rate == (uint32_t)after.pmct_rate);
	CHECK(taken.pms_stamp > (uint64_t)before.pmct_value);
	CHECK(taken.pms_lasted > 0);
	CHECK(taken.pms_stamp + taken.pms_lasted < (uint64_t)after.pmct_value);
}

/* As perfmond's user namespace has it, which is this one or its parent. */
static uint32_t user_of_perfmond(void)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned inside;
	unsigned outside;
	unsigned count;
	uint32_t user = (uint32_t)-1;

	CHECK(map);
	while (fscanf(map, "%u %u %u", &inside, &outside, &count) == 3)
		if (getuid() - inside < count)
			user = getuid() - inside + outside;
	fclose(map);
	return user;
}

/* Readers hold nothing, and may ask. */
static void holder_is_told(void)
{
	struct perfmon_holder holder = { -1, 1 };
	int reader = open_reader();
	int fd;

	CHECK_ERRNO(ioctl(reader, PMIOHOLDER, &holder), ESRCH);
	fd = open_writer();
	CHECK(ioctl(reader, PMIOHOLDER, &holder) == 0);
	CHECK(holder.pmh_thread == gettid() && holder.pmh_user == user_of_perfmond());
	close(fd);
	CHECK_ERRNO(ioctl(reader, PMIOHOLDER, &holder), ESRCH);
}

const struct test extension_tests[] = {
	{ "PMIOEVENT tells what is counted", event_is_told },
	{ "PMIOSNAP gives what READ and GET do", snap_is_what_read_gives },
	{ "PMIOSNAP has an error for each counter", snap_has_an_error_for_each },
	{ "PMIOSNAP has the time stamp, and how long it took", snap_has_the_time_stamp },
	{ "PMIOHOLDER tells who may write", holder_is_told },
	{ NULL, NULL },
};

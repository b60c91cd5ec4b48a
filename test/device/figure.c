/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "conformance.h"

static void need_model(const char *name)
{
	if (source != SOURCE_SIM)
		skip("figures known beforehand are the modelled CPUs'");
	if (name && strcmp(name, model.name) != 0)
		skip("that is another CPU's");
}

static struct pmc with_flags(int number, u_char flags)
{
	struct pmc pmc = countable;

	pmc.pmc_num = number;
	pmc.pmc_flags = flags;
	return pmc;
}

/* For how long a CPU runs until it has answered an access. */
#define ACCESS_CLOCKS 1000

/*
 * START enables with its last access. READ and STOP read the counter with their first one, and run
 * each CPU for read_clocks in all before the next READ, or before it is stopped.
 */
static void exact_clocks(void)
{
	int fd;
	quad_t first;
	quad_t once;
	quad_t kept;

	need_model(NULL);
	first = (quad_t)ACCESS_CLOCKS * model.cpus;
	once = model.read_clocks * model.cpus;
	kept = first + 2 * once;
	fd = open_writer();
	must_setup(fd, 0);
	must_start(fd, 0);
	CHECK(must_read(fd, 0) == first);
	CHECK(must_read(fd, 0) == first + once);
	must_stop(fd, 0);
	CHECK(must_read(fd, 0) == kept);
	must_start(fd, 0);
	CHECK(must_read(fd, 0) == kept + first);
	must_start(fd, 0);
	CHECK(must_read(fd, 0) == kept + once);
	must_reset(fd, 0);
	CHECK(must_read(fd, 0) == once);
}

static void exact_modes(void)
{
	static const struct {
		u_char flags;
		int quarters;
	} modes[] = { { 0, 0 }, { PMCF_USR, 3 }, { PMCF_OS, 1 }, { PMCF_USR | PMCF_OS, 4 } };
	int fd;

	need_model(NULL);
	fd = open_writer();
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		CHECK(pm_setup(fd, with_flags(0, modes[i].flags)) == 0);
		must_start(fd, 0);
		CHECK(must_read(fd, 0) ==
		      (quad_t)ACCESS_CLOCKS / 4 * modes[i].quarters * model.cpus);
	}
}

/* The hardware's rule, not a fault: on a P6 the enable bit of counter 0 gates both. */
static void p6_enable_rule(void)
{
	int fd;
	quad_t value;

	need_model("p6");
	fd = open_writer();
	must_setup(fd, 0);
	must_setup(fd, 1);
	must_start(fd, 1);
	must_read(fd, 1);
	CHECK(must_read(fd, 1) == 0);
	must_start(fd, 0);
	CHECK(must_read(fd, 1) > 0);
	must_stop(fd, 0);
	value = must_read(fd, 1);
	CHECK(must_read(fd, 1) == value);
}

/* Every other CPU, and perf, have no such rule. */
static void counter_1_alone(void)
{
	int fd;

	if (source == SOURCE_SIM && strcmp(model.name, "p6") == 0)
		skip("on a P6 counter 1 counts only while counter 0 is enabled");
	fd = open_writer();
	must_setup(fd, 1);
	must_start(fd, 1);
	read_above(fd, 1, 0);
}

static void native_bytes(void)
{
	int fd;

	need_model(NULL);
	fd = open_writer();
	for (unsigned value = 0; value < 256; value++)
		for (unsigned byte = 0; byte < 4; byte++) {
			struct pmc pmc = { 0 };
			unsigned wanted = (value << (8 * byte)) & ~((unsigned)PMCF_SYS_FLAGS << 16);

			pmc.pmc_val = value << (8 * byte);
			if (wanted & ~model.bits) {
				CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
				continue;
			}
			CHECK(pm_setup(fd, pmc) == 0);
			CHECK(must_get(fd, 0).pmc_val == wanted);
		}
}

/* The modelled Intel CPU says by CPUID.0AH:EBX that it lacks LLC references. */
static void absent_event(void)
{
	int fd;
	struct pmc pmc = { 0 };

	need_model("arch");
	fd = open_writer();
	pmc.pmc_event = 0x2e;
	pmc.pmc_unit = 0x4f;
	CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
	pmc.pmc_unit = 0x41;
	CHECK(pm_setup(fd, pmc) == 0);
}

/* With neither flag a counter counts nothing, and that is no error. */
static void neither_mode(void)
{
	int fd = open_writer();
	struct pmc pmc = countable;

	pmc.pmc_flags = 0;
	CHECK(pm_setup(fd, pmc) == 0);
	must_start(fd, 0);
	usleep(100000);
	CHECK(must_read(fd, 0) == 0);
	must_stop(fd, 0);
	CHECK(must_read(fd, 0) == 0);
}

static unsigned long long interrupt_total(void)
{
	char line[256];
	unsigned long long total = 0;
	FILE *file = fopen("/proc/stat", "r");

	CHECK(file);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "intr %llu", &total) == 1)
			break;
	fclose(file);
	CHECK(total > 0);
	return total;
}

/* Between two readings of the kernel's total inside, and two outside. */
static void interrupts_are_the_kernels(void)
{
	int fd;
	unsigned long long outside;
	unsigned long long inside;
	quad_t value;

	if (source == SOURCE_SIM)
		skip("a modelled CPU has no interrupts of the kernel");
	fd = open_writer();
	countable.pmc_event = PMC6_HW_INT_RX;
	must_setup(fd, 0);
	outside = interrupt_total();
	must_start(fd, 0);
	inside = interrupt_total();
	usleep(300000);
	inside = interrupt_total() - inside;
	must_stop(fd, 0);
	outside = interrupt_total() - outside;
	value = must_read(fd, 0);
	CHECK(value > 0);
	CHECK((unsigned long long)value >= inside && (unsigned long long)value <= outside);
}

/* Refused, or counted by an event of the CPU model's own, which takes a PMU. */
static void interrupts_of_a_mode(int fd, u_char flags)
{
	struct perfmon_event event = { .pme_num = 0 };
	struct pmc pmc = { 0 };

	pmc.pmc_event = PMC6_HW_INT_RX;
	pmc.pmc_flags = flags;
	if (source == SOURCE_PMU && pm_setup(fd, pmc) == 0) {
		CHECK(ioctl(fd, PMIOEVENT, &event) == 0);
		CHECK(event.pme_class == PME_MODEL);
		return;
	}
	CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
	CHECK_ERRNO(pm_start(fd, 0), EBUSY);
}

/* Software cannot tell user from kernel, and does not pretend to. */
static void interrupts_need_both_modes(void)
{
	int fd;

	if (source == SOURCE_SIM)
		skip("a modelled CPU tells user from kernel");
	fd = open_writer();
	interrupts_of_a_mode(fd, PMCF_USR);
	interrupts_of_a_mode(fd, PMCF_OS);
}

/* What this machine cannot count is refused, and what was set up before goes on. */
static void uncountable_events(void)
{
	static const u_char without_pmu[] = { PMC6_CPU_CLK_UNHALTED, PMC6_INST_RETIRED,
					      PMC6_BR_INST_RETIRED, PMC6_BR_MISS_PRED_RETIRED };
	int fd;
	struct pmc pmc = countable;

	if (source == SOURCE_SIM)
		skip("a modelled CPU counts every code");
	fd = open_writer();
	must_setup(fd, 0);
	must_start(fd, 0);
	/* No CPU of today has anything like it. */
	pmc.pmc_event = PMC6_L2_ADS;
	CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
	for (size_t i = 0; source == SOURCE_INTERRUPTS && i < sizeof without_pmu; i++) {
		pmc.pmc_event = without_pmu[i];
		CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
		pmc.pmc_flags = 0;
		CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
		pmc.pmc_flags = countable.pmc_flags;
	}
	CHECK(must_get(fd, 0).pmc_event == countable.pmc_event);
	read_above(fd, 0, 0);
}

static void masks_are_not_dropped(void)
{
	int fd;
	struct pmc pmc = countable;

	if (source == SOURCE_SIM)
		skip("a modelled CPU has counter mask and edge, or no such bits");
	fd = open_writer();
	pmc.pmc_mask = 1;
	CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
	pmc.pmc_mask = 0;
	pmc.pmc_flags |= PMCF_E;
	CHECK_ERRNO(pm_setup(fd, pmc), EOPNOTSUPP);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A stamp, and the clock before and after it: this process may have to wait for its CPU in between.
 */
struct bracket {
	double before;
	struct pmc_tstamp stamp;
	double after;
};

static struct bracket stamp_now(int fd)
{
	struct bracket bracket = { .before = seconds() };

	CHECK(pm_tstamp(fd, &bracket.stamp) == 0);
	bracket.after = seconds();
	return bracket;
}

static void time_stamp(void)
{
	int fd = open_reader();
	struct pmc_tstamp stamp = { 0 };
	struct bracket first;
	struct bracket second;
	double ticks;
	double least;
	double most;
	int rate;

	if (pm_tstamp(fd, &stamp) < 0 && errno == ENOTTY)
		skip("this machine has no time stamp counter that can be used");
	first = stamp_now(fd);
	usleep(500000);
	second = stamp_now(fd);
	CHECK(second.stamp.pmct_value > first.stamp.pmct_value);
	rate = second.stamp.pmct_rate;
	CHECK(rate > 0);
	ticks = (double)(second.stamp.pmct_value - first.stamp.pmct_value) / 1e6;
	least = ticks / (second.after - first.before);
	most = ticks / (second.before - first.after);
	if (most < rate * 0.95 - 1 || least > rate * 1.05 + 1)
		FAIL("the rate is %d MHz, and %.1f to %.1f was measured", rate, least, most);
}

const struct test figure_tests[] = {
	{ "modelled counts are what the model's rules say", exact_clocks },
	{ "modelled user and kernel clocks add up", exact_modes },
	{ "the P6's rule: counter 0's enable gates both (modelled)", p6_enable_rule },
	{ "START of counter 1 alone counts", counter_1_alone },
	{ "an architectural event that the CPU lacks is EOPNOTSUPP (modelled)", absent_event },
	{ "native codes: bits that the CPU lacks are EOPNOTSUPP, others kept (modelled)",
	  native_bytes },
	{ "neither USR nor OS counts nothing", neither_mode },
	{ "HW_INT_RX is the kernel's total of interrupts", interrupts_are_the_kernels },
	{ "HW_INT_RX with one of USR and OS is EOPNOTSUPP, or the CPU's own event",
	  interrupts_need_both_modes },
	{ "an event that cannot be counted is EOPNOTSUPP", uncountable_events },
	{ "a mask or edge that cannot be carried is EOPNOTSUPP", masks_are_not_dropped },
	{ "TSTAMP advances at its rate", time_stamp },
	{ NULL, NULL },
};

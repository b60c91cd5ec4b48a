/* SPDX-License-Identifier: BSD-2-Clause */

/* Branches by POWER8's hardware, and later processors'. The PMU is this thread's own meanwhile. */

#include <errno.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"
#include "power_registers.h"

#define PMC_SHIFT 16
#define PMC_MASK  0xf
#define PMCS      6

/*
 * The PMCs whose overflow the handler has been called for in this branch, a bit each: they read as
 * overflowed until it ends.
 */
static _Thread_local unsigned called __attribute__((tls_model("initial-exec")));

/* In power_stub.S: each saves the registers of its level, and calls ebb_power_branch(). */
void ebb_power_entry_gpr(void);
void ebb_power_entry_fpr(void);
void ebb_power_entry_vr(void);
void ebb_power_entry_vsr(void);

/* Called by the stubs with EBBRR. Returns whether branches are to be enabled again. */
int ebb_power_branch(uintptr_t address);

#define read_spr(number)                                                                    \
	__extension__({                                                                     \
		uint64_t spr_value;                                                         \
		__asm__ volatile("mfspr %0,%1" : "=r"(spr_value) : "i"(number) : "memory"); \
		spr_value;                                                                  \
	})
#define write_spr(number, value) \
	__asm__ volatile("mtspr %0,%1" : : "i"(number), "r"((uint64_t)(value)) : "memory")

/* Not by BESCRS and BESCRR: QEMU 7.2 keeps them apart from BESCR. */
static void change_bescr(uint64_t clear, uint64_t set)
{
	write_spr(SPR_BESCR, (read_spr(SPR_BESCR) & ~clear) | set);
}

static unsigned pmc_of(uint64_t config)
{
	return config >> PMC_SHIFT & PMC_MASK;
}

/* The number of a register is part of its instruction. */
#define WRITE_PMC(n)                                \
	case n:                                     \
		write_spr(SPR_PMC1 + (n)-1, value); \
		break
#define READ_PMC(n) \
	case n:     \
		return (uint32_t)read_spr(SPR_PMC1 + (n)-1)

static void write_pmc(unsigned pmc, uint32_t value)
{
	switch (pmc) {
		WRITE_PMC(1);
		WRITE_PMC(2);
		WRITE_PMC(3);
		WRITE_PMC(4);
		WRITE_PMC(5);
		WRITE_PMC(6);
	}
}

static uint32_t read_pmc(unsigned pmc)
{
	switch (pmc) {
		READ_PMC(1);
		READ_PMC(2);
		READ_PMC(3);
		READ_PMC(4);
		READ_PMC(5);
		READ_PMC(6);
	}
	return 0;
}

static unsigned bit_of(const struct ebb_event *event)
{
	return 1U << pmc_of(event->config);
}

static bool has_overflowed(const struct ebb_event *event)
{
	return read_pmc(pmc_of(event->config)) >= PMC_OVERFLOW;
}

static void load(const struct ebb_event *event)
{
	write_pmc(pmc_of(event->config), PMC_OVERFLOW - event->period);
}

/* Lets the PMU count, and its next alert branch. */
static void unfreeze(void)
{
	change_bescr(BESCR_PMEO, BESCR_PME);
	write_spr(SPR_MMCR0,
		  (read_spr(SPR_MMCR0) & ~(uint64_t)(MMCR0_PMAO | MMCR0_FC)) | MMCR0_PMAE);
}

/* Not read(3), which ends a thread that was cancelled: a branch may be anywhere. */
static bool is_on_pmu(const struct ebb_event *event)
{
	uint64_t value;

	return syscall(SYS_read, event->leader->fd, &value, sizeof value) == sizeof value;
}

/*
 * Gives one its period again, and whether it had overflowed. An overflow that the handler has not
 * been called for goes by with no branch.
 */
static bool reload_one(struct ebb_event *event)
{
	if (!has_overflowed(event))
		return false;
	if (!(called & bit_of(event)))
		atomic_fetch_add(&event->held, 1);
	load(event);
	return true;
}

/*
 * The registers are the kernel's where no event is open, or where it has put the group off the PMU,
 * even while the handler ran: to write them is SIGILL. It clears PMCs then, and so one that has
 * overflowed is proof enough that they are the group's.
 */
static void reload(void)
{
	bool ours = false;

	for (struct ebb_event *event = ebb_self.active; event; event = event->next)
		ours |= reload_one(event);
	if (ebb_self.active && (ours || is_on_pmu(ebb_self.active)))
		unfreeze();
	called = 0;
}

/* The handler may close events, and so the next one is looked for from the start. */
static struct ebb_event *next_overflowed(void)
{
	struct ebb_event *event = ebb_self.active;

	while (event && (called & bit_of(event) || !has_overflowed(event)))
		event = event->next;
	return event;
}

int ebb_power_branch(uintptr_t address)
{
	int error = errno;
	struct ebb_event *event;

	/*
	 * One between the two of ebb_machine_disable(), or after an rfebb 0, which QEMU 7.2 takes
	 * for an rfebb 1: counters stand until ebb_machine_enable().
	 */
	if (!atomic_load(&ebb_self.enabled))
		return 0;
	ebb_self.address = address;
	atomic_store(&ebb_self.busy, true);
	while ((event = next_overflowed()) != NULL) {
		called |= bit_of(event);
		atomic_fetch_add(&event->delivered, 1);
		ebb_self.handler(event, ebb_self.context);
	}
	reload();
	atomic_store(&ebb_self.busy, false);
	errno = error;
	return atomic_load(&ebb_self.enabled);
}

int ebb_machine_prepare(void)
{
	return getauxval(AT_HWCAP2) & PPC_FEATURE2_HAS_EBB ? 0 : -ENOSYS;
}

/* The raw codes that name a PMC, of POWER8 and later (Linux, arch/powerpc/perf,
 * power8-events-list.h). */
#define RAW_CYCLES       (0x1001e | EBB_CONFIG)
#define RAW_INSTRUCTIONS (0x40002 | EBB_CONFIG)

static void name_pmc(struct perf_event_attr *attr)
{
	switch (attr->config & ~EBB_CONFIG) {
	case PERF_COUNT_HW_CPU_CYCLES:
		attr->config = RAW_CYCLES;
		break;
	case PERF_COUNT_HW_INSTRUCTIONS:
		attr->config = RAW_INSTRUCTIONS;
		break;
	default:
		return;
	}
	attr->type = PERF_TYPE_RAW;
}

int ebb_machine_check(struct perf_event_attr *attr, uint64_t period)
{
	unsigned pmc;

	(void)period;
	if (attr->type == PERF_TYPE_HARDWARE)
		name_pmc(attr);
	pmc = pmc_of(attr->config);
	if (attr->type != PERF_TYPE_RAW)
		return ebb_fail(EOPNOTSUPP,
				"of this machine's events raw ones of the PMU branch, cycles "
				"and instructions");
	if (pmc < 1 || pmc > PMCS)
		return ebb_fail(EINVAL, "no PMC is named: bits 16-19 of config are 1 to 6");
	return 0;
}

void ebb_machine_complete(const struct ebb_event *event, struct perf_event_attr *attr)
{
	(void)event;
	(void)attr;
}

int ebb_machine_open_otherwise(const struct ebb_event *event, struct perf_event_attr *attr,
			       int group)
{
	(void)event;
	(void)attr;
	(void)group;
	errno = EINVAL;
	return -1;
}

void ebb_machine_start(struct ebb_event *leader)
{
	ebb_self.active = leader;
	for (struct ebb_event *event = leader; event; event = event->next)
		load(event);
	unfreeze();
}

void ebb_machine_set_handler(int save)
{
	static void (*const entries[])(void) = { ebb_power_entry_gpr, ebb_power_entry_fpr,
						 ebb_power_entry_vr, ebb_power_entry_vsr };

	write_spr(SPR_EBBHR, (uintptr_t)entries[save]);
}

void ebb_machine_enable(void)
{
	atomic_store(&ebb_self.enabled, true);
	/* In the handler rfebb does it. */
	if (atomic_load(&ebb_self.busy))
		return;
	change_bescr(0, BESCR_GE | BESCR_PME);
	/* An alert that came meanwhile has branched here; QEMU 7.2 has to be given it once more. */
	if (ebb_self.active && read_spr(SPR_MMCR0) & MMCR0_PMAO && is_on_pmu(ebb_self.active))
		unfreeze();
}

void ebb_machine_disable(void)
{
	atomic_store(&ebb_self.enabled, false);
	change_bescr(BESCR_GE, 0);
}

void ebb_machine_rearm(void)
{
	reload();
	atomic_store(&ebb_self.busy, false);
	if (atomic_load(&ebb_self.enabled))
		change_bescr(0, BESCR_GE);
}

/* A PMC that has overflowed alerts, whatever made it so. */
int ebb_machine_trigger(struct ebb_event *event)
{
	if (atomic_load(&ebb_self.busy)) {
		atomic_fetch_add(&event->held, 1);
		return 0;
	}
	if (!is_on_pmu(event))
		return ebb_fail(EBUSY, "the event is not on the PMU: a pinned event of the CPU "
				       "took its place; end that one (perf, another profiler), "
				       "close this one and open it again");
	write_pmc(pmc_of(event->config), PMC_OVERFLOW);
	return 0;
}

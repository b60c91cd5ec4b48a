/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_EBB_H
#define PERFMON_EBB_H

/*
 * Event-based branches: when an event has occurred as often as its period says, the thread that it
 * is attached to branches to its handler, and goes on afterwards where it was interrupted. On POWER
 * the hardware branches; on x86-64 and arm64 a signal of perf_event_open(2) does, under the same
 * rules. Link with -lperfmon.
 *
 * Functions that return an int give 0, or a negative errno, and then ebb_error() has the cause in
 * words. Errors of all of them: -ENOSYS this processor or kernel has neither way.
 *
 * Sources: Linux, Documentation/powerpc/pmu-ebb.rst (the rules); Power ISA 2.07, book II chapter 7
 * (BESCR, EBBHR, EBBRR) and book III-S chapter 9 (MMCR0, PMC1-6); perf_event_open(2), sigtrap.
 */

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct perf_event_attr; /* <linux/perf_event.h> */
struct ebb_event;

/* In attr.config: this event branches. */
#define EBB_CONFIG ((uint64_t)1 << 63)

/* The longest period: a PMC of POWER overflows at 0x80000000. */
#define EBB_PERIOD_MAX 0x7fffffff

/* The shortest period of a clock, in nanoseconds: below, the handler is all that runs. */
#define EBB_CLOCK_PERIOD_MIN 100000

/* The shortest period of a PMU's event, where a signal branches: the way to the handler has some
 * 200. */
#define EBB_PMU_PERIOD_MIN 1000

/*
 * Which registers POWER's branch saves for the handler; each has those before it as well. A signal
 * saves all of them, whatever is asked for.
 */
#define EBB_SAVE_GPR 0 /* for a handler compiled with -mno-altivec -mno-vsx that uses no double */
#define EBB_SAVE_FPR 1
#define EBB_SAVE_VR  2
#define EBB_SAVE_VSR 3 /* what a handler in plain C takes */

/*
 * Runs on the interrupted thread's stack with no signal blocked, and may call what the interrupted
 * code may be interrupted by. Branches are off until it returns. It may leave by longjmp(3) after
 * ebb_rearm().
 */
typedef void (*ebb_handler_t)(struct ebb_event *event, void *context);

/* How often an event overflowed: the three together. */
struct ebb_stats {
	uint64_t delivered; /* with a branch to the handler */
	uint64_t held;      /* while the handler ran, with no branch; POWER's counters stand then */
	uint64_t missed; /* while branches were disabled, with none later; 0 on POWER, as above */
};

/*
 * Opens an event, disabled.
 * attr: as perf_event_open(2) takes it, with EBB_CONFIG in config; size: sizeof *attr, or 0 for
 * that of the library's header. A leader is pinned and
 * exclusive, a member neither. inherit, freq, sample_period, sample_type and enable_on_exec are 0.
 * On POWER type is PERF_TYPE_RAW and bits 16-19 of config name the PMC, 1 to 6, or it is of
 * PERF_TYPE_HARDWARE the cycles (PMC1) or the instructions (PMC4). Elsewhere it is the hardware's
 * (any type of a PMU) with periods of EBB_PMU_PERIOD_MIN or more, PERF_TYPE_BREAKPOINT for writes
 * (x86-64), or of PERF_TYPE_SOFTWARE the page faults, and the clocks with periods of
 * EBB_CLOCK_PERIOD_MIN or more.
 * period: events from one branch to the next, 1 to EBB_PERIOD_MAX. leader: the group that it joins,
 * or NULL. The leader is on the same thread, and not enabled. thread: 0 for the caller, or a thread
 * id of this process. Errors: -EINVAL a rule above is broken; -ESRCH no such thread in this
 * process; -EOPNOTSUPP not a source of this machine; -EACCES, -EPERM forbidden; -EMFILE the 256
 * events of a process, or its descriptors, are used up; others as perf_event_open(2) has them.
 *
 * Where the kernel forbids the event, perfmond is asked for it, by /dev/perfmon or the node that
 * the environment names in PERFMON_DEVICE: it opens those of user mode (exclude_kernel) with no
 * further attributes, for whoever may open the node.
 */
int ebb_event_open(const struct perf_event_attr *attr, uint64_t period, struct ebb_event *leader,
		   pid_t thread, struct ebb_event **ret_event);

/*
 * Has perfmond open an event, disabled, on a thread of another process that this one might trace,
 * ptrace(2): of the same user and group, dumpable and with no capabilities that this one lacks. It
 * has to take part: it takes the event within a minute by ebb_event_accept(), and enables it.
 * leader: the token of a group's leader, or 0. thread: its id. *ret_token: for that process to
 * accept by. Errors: those of ebb_event_open(); -EPERM no such process; -EAGAIN it starts another
 * program or ends at the moment, or one that was named before hangs in that; -ENOENT no such
 * leader; -EMFILE 64 events of this user wait; -ENODEV, -EACCES perfmond does not run, or its node
 * may not be opened.
 */
int ebb_event_offer(const struct perf_event_attr *attr, uint64_t period, uint64_t leader,
		    pid_t thread, uint64_t *ret_token);

/*
 * Takes an event that was offered to this process. It is closed as any other. Errors: -ENOENT no
 * such event, or it is another process's, or its leader was not accepted (which ends the offer of
 * the member); -EINVAL its leader is enabled; -EMFILE; -ENODEV, -EACCES perfmond does not run, or
 * its socket may not be connected to.
 */
int ebb_event_accept(uint64_t token, struct ebb_event **ret_event);

/*
 * What stands on this machine for a legacy event, by perfmond: sets type and config of attr, with
 * EBB_CONFIG. select: pmc_val of struct pmc, <machine/perfmon.h>, with PMCF_USR in its flags.
 * Errors: -EINVAL PMCF_USR is not set; -EOPNOTSUPP nothing does, or no single event of a PMU;
 * -ENODEV, -EACCES as above.
 */
int ebb_legacy(uint32_t select, struct perf_event_attr *attr);

/*
 * Enables a leader and its group. Only the thread that it is attached to can: it has its handler
 * set. Errors: -EBUSY not scheduled, as somebody else's pinned event holds the PMU (read(2) of the
 * event gives end of file): try again later; -EINVAL a member, or enabled already; -EPERM another
 * thread's.
 */
int ebb_event_enable(struct ebb_event *event);

/*
 * Closes an event, a leader with its whole group; the handler may do it. Errors: -EPERM the event
 * of another thread that runs.
 */
int ebb_event_close(struct ebb_event *event);

void ebb_event_stats(const struct ebb_event *event, struct ebb_stats *ret_stats);

/*
 * Branches now, as an overflow of the event would: at once, or by the time that the function
 * returns. Where branches are disabled or the handler runs, that is counted as for an overflow.
 * Errors: -EINVAL not enabled, or SIGTRAP is blocked, where that branches; -EPERM another thread's
 * event; -EAGAIN no signal can be queued; -EBUSY on POWER, where no branch can be made by hand off
 * the PMU: a pinned event of the CPU took the place of this one.
 */
int ebb_trigger(struct ebb_event *event);

/*
 * The handler of the calling thread, and what it is given; NULL takes it off. Where there was one
 * before, branches are disabled.
 * It unblocks SIGTRAP where branches are signals. save: EBB_SAVE_GPR to EBB_SAVE_VSR.
 * Errors: -EINVAL save is none of these.
 */
int ebb_set_handler(ebb_handler_t handler, void *context, int save);

/*
 * Lets the calling thread branch (BESCR GE). One overflow that came while it was disabled branches
 * at once, as it does on POWER. In the handler it takes effect when that ends. Errors: -EINVAL no
 * handler.
 */
int ebb_global_enable(void);

/* No branch in the calling thread until ebb_global_enable(). */
void ebb_global_disable(void);

/*
 * Ends the handler without a return from it, for one that leaves by longjmp(3): counters that
 * overflowed have their period again, and branches are taken again.
 */
void ebb_rearm(void);

/* In a handler: the address that was interrupted, the next to run (EBBRR); else the latest one, or
 * 0. */
uintptr_t ebb_address(void);

/* Cause and fix of the calling thread's latest error here; "" before the first. Not to be freed. */
const char *ebb_error(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMON_EXT_H
#define PERFMON_EXT_H

/*
 * What /dev/perfmon answers on Linux beyond the requests of perfmon(4): a group of numbers of its
 * own, 'P', so that no request of the original changes. The layout is the same for 32-bit and
 * 64-bit programs. See perfmon(4), EXTENSIONS.
 */

#include <stdint.h>
#include <sys/ioctl.h>

/* pme_class: how what is counted relates to the event that was asked for. */
#define PME_EXACT    1 /* it is that event */
#define PME_NEAR     2 /* the kernel's generic event, or a sum of two, that differs a little */
#define PME_MODEL    3 /* events of this CPU model's own; see pme_fidelity */
#define PME_SOFTWARE 4 /* the kernel's own count, not the hardware's */
#define PME_NATIVE   5 /* the event code is the CPU's own */

/* pme_fidelity: how near the events of PME_MODEL come; 0 for the other classes. */
#define PME_LOW    1
#define PME_MEDIUM 2
#define PME_HIGH   3

#define PME_TERMS 4

/* One of the counts that are added. */
struct perfmon_event_term {
	uint32_t pmet_type;     /* perf_event_open(2)'s attr.type */
	uint32_t pmet_reserved; /* 0 */
	uint64_t pmet_config;   /* attr.config; with msr and sim, what the event select holds */
};

/* What a counter was set up to count. */
struct perfmon_event {
	int32_t pme_num;       /* in: the counter, 0 or 1 */
	uint32_t pme_val;      /* out, as all that follows: pmc_val as it was set up */
	uint32_t pme_class;    /* PME_EXACT to PME_NATIVE */
	uint32_t pme_fidelity; /* PME_LOW to PME_HIGH, or 0 */
	int32_t pme_counter;   /* the one counter that the old CPU counted it on, or -1 */
	uint32_t pme_terms;    /* how many of pme_term are used, 0 to PME_TERMS */
	struct perfmon_event_term pme_term[PME_TERMS];
	char pme_name[48];     /* the original header's name, "" where it has none */
	char pme_counted[400]; /* what counts it, by its name today */
	char pme_note[160];    /* how that differs, "" where it does not */
};

/*
 * What a counter was set up to count. Any open file may ask. Errors: EINVAL for a counter that is
 * not 0 or 1, EBUSY for one that is not set up.
 */
#define PMIOEVENT _IOWR('P', 1, struct perfmon_event)

/*
 * What a PMIOSETUP with pme_val would have counted, and sets nothing up: pme_num is not looked at.
 * Any open file may ask. Errors: EOPNOTSUPP as there.
 */
#define PMIOTRANSLATE _IOWR('P', 3, struct perfmon_event)

/* Every counter, with what PMIOREAD and PMIOGET would give. */
struct perfmon_snap {
	uint64_t pms_stamp; /* the time stamp before the first counter was read, 0: there is none */
	uint64_t pms_lasted;   /* clocks of it until the last one was read */
	uint32_t pms_rate;     /* of the time stamp, MHz, truncated */
	uint32_t pms_reserved; /* 0 */
	struct perfmon_snap_counter {
		int32_t pmsc_error;  /* 0; EBUSY not set up, EIO the count is partial */
		uint32_t pmsc_val;   /* pmc_val, with PMCF_EN while it runs */
		uint64_t pmsc_value; /* 40 bits; 0 where there is an error */
	} pms_counter[2];
};

/*
 * All counters and the time stamp, taken together in one round trip. Any open file may ask. It does
 * not fail: each counter has its own error.
 */
#define PMIOSNAP _IOR('P', 4, struct perfmon_snap)

/* Who has the device open for writing. */
struct perfmon_holder {
	int32_t pmh_thread; /* its thread that opened it, as perfmond sees its id; 0: it does not */
	uint32_t pmh_user;
};

/*
 * Who has it open for writing, and so keeps others from it. Any open file may ask. An open file can
 * outlive who opened it. Errors: ESRCH nobody has.
 */
#define PMIOHOLDER _IOR('P', 6, struct perfmon_holder)

/* A counter that its owner reads himself, see libperfmon(3). */
struct perfmon_direct {
	int32_t pmd_num;       /* in: the counter, 0 or 1 */
	uint32_t pmd_reserved; /* 0 */
	uint64_t pmd_token;    /* out: by which the caller's process takes the descriptors */
};

/*
 * Makes a counter of --scope opener count the caller's thread alone from here on, by perf events
 * that are offered to it at the socket below: its threads and children are counted no more. The
 * value goes on. The open file must be the writer's, and the caller the only thread of the process,
 * and the one that set the counter up. Errors: EINVAL, EBUSY as PMIOREAD; EPERM the open file is
 * not for writing, or another thread set the counter up; EOPNOTSUPP it cannot be read past
 * perfmond: another scope or backend than perf's opener, an event that is none of perf's or counts
 * nothing, several threads or kinds of core; others as PMIOSETUP, PMIOSTART and PMIOEBB.
 */
#define PMIODIRECT _IOWR('P', 5, struct perfmon_direct)

/* pmp_state */
#define PMP_DEVICE  0 /* ask perfmond: it was set up anew or released, or the count is lost */
#define PMP_STOPPED 1 /* the value is pmp_value */
#define PMP_RUNNING 2 /* it is pmp_value and what the events counted since they were pmp_origin */

/*
 * What the first descriptor maps, to be read only: the state of the counter. Valid where
 * pmp_sequence is even, and the same before and after. The value has 40 bits.
 */
struct perfmon_page {
	uint32_t pmp_sequence;
	uint32_t pmp_state;
	uint64_t pmp_value;
	uint64_t pmp_origin; /* the sum of the events */
	uint64_t pmp_hz;     /* 0: events; else they are ns, and the value clocks of this rate */
};

/* An event whose overflows branch, see libperfmon(3); perf_event_open(2) has the attributes. */
struct perfmon_ebb {
	int32_t peb_thread; /* in: a thread's id, or 0 for the caller */
	uint32_t peb_type; /* in: attr.type; PERF_TYPE_RAW, HARDWARE, HW_CACHE, SOFTWARE, BREAKPOINT
			    */
	uint64_t peb_config;  /* in: attr.config, with bit 63 */
	uint64_t peb_address; /* in: attr.bp_addr of a breakpoint, else 0 */
	uint32_t peb_length;  /* in: attr.bp_len of a breakpoint, for writes; else 0 */
	uint32_t peb_period;  /* in: events from one branch to the next, 1 to 0x7fffffff */
	uint64_t peb_leader;  /* in: the token of the group's leader, or 0 */
	uint64_t peb_token;   /* out: by which the thread's process takes the event */
};

/*
 * Opens an event of user mode on a thread, disabled: a leader is pinned and exclusive, a member is
 * neither. Any open file may ask, for a thread of its own process, or of one that it might trace,
 * ptrace(2). For a minute the event waits for the thread's process to take it. Errors: EINVAL,
 * EOPNOTSUPP the attributes, as libperfmon(3) has them; ESRCH no such thread, or the caller's
 * process ids are not perfmond's and it named one; EPERM another's thread; EAGAIN the thread is in
 * exec, or another call for its events hangs; ENOENT no such leader on the thread; EMFILE 64 events
 * of this user wait; others as perf_event_open(2). EOPNOTSUPP too where perfmond's backend is not
 * perf.
 */
#define PMIOEBB _IOWR('P', 2, struct perfmon_ebb)

/*
 * The socket beside the node: its path with ".socket" behind, of type SOCK_SEQPACKET, of the same
 * group and mode. Who connects sends a token, 8 bytes, and is sent this, with the event's
 * descriptor beside it (SCM_RIGHTS); for a token of PMIODIRECT, with the descriptors of a page
 * and of the events that are added, in this order, and all but pet_error 0. perfmond, too, has them
 * open as long as the connection is.
 */
struct perfmon_taken {
	int32_t pet_error;   /* 0; ENOENT no such token, or another process sends it */
	int32_t pet_thread;  /* as perfmond sees its id */
	uint64_t pet_config; /* attr.config, with bit 63 */
	uint32_t pet_type;   /* attr.type */
	uint32_t pet_period;
	uint64_t pet_leader; /* its token, or 0 */
};

#endif

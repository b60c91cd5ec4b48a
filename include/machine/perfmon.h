/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PERFMOND_MACHINE_PERFMON_H
#define PERFMOND_MACHINE_PERFMON_H

/*
 * The perfmon(4) device: two counters of the CPU's events, and its time stamp counter, by ioctl(2)
 * on /dev/perfmon. Names, layouts and behaviour are those of FreeBSD's i386 <machine/perfmon.h>;
 * the request numbers come out in Linux's encoding. Source, unless said otherwise: FreeBSD
 * perfmon(4).
 */

#include <machine/cpu.h>
#include <sys/ioccom.h>
#include <sys/types.h>

/*
 * open(2) takes O_RDWR (or O_WRONLY) for the one program that sets counters up, and O_RDONLY for
 * any number that look on: PMIOGET, PMIOREAD and PMIOTSTAMP need no more. When the writer's last
 * descriptor is closed its counters are stopped and freed.
 * Errors: ENOENT, ENODEV or ENOTCONN perfmond does not run; EBUSY there is a writer; ENXIO the
 * machine has nothing to count with; EACCES, EPERM as for any file.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is BSD's */
#define _PATH_PERFMON "/dev/perfmon"

/* Number of counters: they are 0..NPMC-1. */
#define NPMC 2

/* All counters. No request takes it: EINVAL. */
#define PMC_ALL (-1)

/*
 * A counter and its configuration. The four bytes are one unsigned int as well: on a little-endian
 * machine pmc_val is the Pentium Pro's event select register (Intel SDM volume 3, PerfEvtSel0).
 */
struct pmc {
	int pmc_num; /* 0..NPMC-1 */
	union {
		struct {
			unsigned char pmcus_event;
			unsigned char pmcus_unit;
			unsigned char pmcus_flags;
			unsigned char pmcus_mask;
		} pmcu_s;
		unsigned int pmcu_val;
	} pmc_pmcu;
};

/*
 * Members of struct pmc. Each is a byte, 0..255:
 * pmc_event: PMC6_... or PMC5_..., or the CPU's own code where perfmond runs with --events native;
 * pmc_unit: which kinds of the event, or which caches or processors; pmc_flags: PMCF_...;
 * pmc_mask: 0 counts events, N counts the clocks in which there are N or more.
 */
#define pmc_event pmc_pmcu.pmcu_s.pmcus_event
#define pmc_unit  pmc_pmcu.pmcu_s.pmcus_unit
#define pmc_flags pmc_pmcu.pmcu_s.pmcus_flags
#define pmc_mask  pmc_pmcu.pmcu_s.pmcus_mask
#define pmc_val   pmc_pmcu.pmcu_val

/* With neither PMCF_USR nor PMCF_OS a counter counts nothing, and that is no error. */
#define PMCF_USR 0x01 /* count in user mode */
#define PMCF_OS  0x02 /* count in the kernel */
#define PMCF_E   0x04 /* count how often the event begins, not how many clocks it lasts */
#define PMCF_PC  0x08 /* pin control: toggle the CPU's PM pin */
#define PMCF_INT 0x10 /* interrupt at overflow */
#define PMCF_EN  0x40 /* the counter runs: seen in what PMIOGET answers */
#define PMCF_INV 0x80 /* count clocks with fewer events than pmc_mask */

/* Flags that are the driver's: PMIOSETUP clears them without a word. */
#define PMCF_SYS_FLAGS (PMCF_INT | PMCF_EN)

/* A counter's value. The type is quad_t, by the name that strict C has as well. */
struct pmc_data {
	int pmcd_num;        /* 0..NPMC-1 */
	__quad_t pmcd_value; /* 40 bits: 0..2^40-1 */
};

/* The time stamp counter. */
struct pmc_tstamp {
	int pmct_rate; /* MHz, truncated: a hint, not a measure */
	__quad_t pmct_value;
};

/*
 * Errors of every request: EFAULT the argument is not the caller's memory; ENODEV, ECONNABORTED or
 * ENOTCONN perfmond ended while the device was open; EIO it was killed while it took the request.
 * Of every request but PMIOTSTAMP: EINVAL the counter is not in 0..NPMC-1. ENOTTY is the answer to
 * any other request.
 */

/*
 * Configures counter pmc_num, stops it and makes its value 0; it may be running. What it was set up
 * for before is replaced, but not on failure.
 * Errors: EPERM opened read-only; EOPNOTSUPP this machine cannot count the event, or not with these
 * flags: perfmond's log says why; EBUSY somebody else holds the hardware; EAGAIN a CPU goes offline
 * at this moment; EACCES the kernel forbids it to perfmond; EMFILE, ENFILE, ENOMEM.
 */
#define PMIOSETUP _IOW('5', 1, struct pmc)

/*
 * Counter *argument counts on from the value of its latest PMIOSTOP, or from 0. A counter that runs
 * goes back to that value.
 * Errors: EPERM opened read-only; EBUSY not set up, or the event cannot be on the hardware all the
 * time because somebody else holds it (perfmond's log says who may); EIO that value was lost.
 */
#define PMIOSTART _IOW('5', 2, int)

/*
 * Stops counter *argument and keeps its value.
 * Errors: EPERM opened read-only; EBUSY not set up; EIO the count may be partial: the counter is
 * stopped, its value is lost.
 */
#define PMIOSTOP _IOW('5', 3, int)

/*
 * Gives the value of counter pmcd_num in pmcd_value: the live one while it runs, else the one that
 * PMIOSTOP kept.
 * Errors: EBUSY not set up; EIO the count may be partial, or was lost.
 */
#define PMIOREAD _IOWR('5', 4, struct pmc_data)

/*
 * Makes the value of counter *argument 0. A counter that runs goes on from there.
 * Errors: EPERM opened read-only; EBUSY not set up; EIO the count may be partial.
 */
#define PMIORESET _IOW('5', 5, int)

/*
 * Gives the time stamp counter's value and rate.
 * Errors: ENOTTY the machine has no time stamp counter that can be used.
 */
#define PMIOTSTAMP _IOR('5', 6, struct pmc_tstamp)

/*
 * Gives the configuration of counter pmc_num, with PMCF_EN while it runs.
 * Errors: EBUSY not set up.
 */
#define PMIOGET _IOWR('5', 7, struct pmc)

/*
 * Events of the Pentium Pro and its kin (Intel SDM volume 3, "P6 family processors"). They count
 * occurrences, but for those marked. "unit: MESI" wants the states of the cache lines in pmc_unit:
 * M 0x08, E 0x04, S 0x02, I 0x01, and 0 counts nothing. "unit: agent" counts this processor's own
 * doing by 0x00 and everybody's by 0x20. "counter N only" names the one counter that a real Pentium
 * Pro has it on.
 */

/* Level 1 data cache */
#define PMC6_DATA_MEM_REFS        0x43
#define PMC6_DCU_LINES_IN         0x45
#define PMC6_DCU_M_LINES_IN       0x46
#define PMC6_DCU_M_LINES_OUT      0x47
#define PMC6_DCU_MISS_OUTSTANDING 0x48 /* requests outstanding, summed over clocks */

/* Instruction fetch */
#define PMC6_IFU_IFETCH      0x80
#define PMC6_IFU_IFETCH_MISS 0x81
#define PMC6_ITLB_MISS       0x85
#define PMC6_IFU_MEM_STALL   0x86 /* clocks */
#define PMC6_ILD_STALL       0x87 /* clocks */

/* Level 2 cache */
#define PMC6_L2_ADS          0x21
#define PMC6_L2_DBUS_BUSY    0x22 /* clocks */
#define PMC6_L2_DBUS_BUSY_RD 0x23 /* clocks */
#define PMC6_L2_LINES_IN     0x24
#define PMC6_L2_M_LINES_INM  0x25
#define PMC6_L2_LINES_OUT    0x26
#define PMC6_L2_M_LINES_OUTM 0x27
#define PMC6_L2_IFETCH       0x28 /* unit: MESI */
#define PMC6_L2_LD           0x29 /* unit: MESI */
#define PMC6_L2_ST           0x2a /* unit: MESI */
#define PMC6_L2_RQSTS        0x2e /* unit: MESI */

/* External bus */
#define PMC6_BUS_REQ_OUTSTANDING 0x60 /* requests outstanding, summed over clocks */
#define PMC6_BUS_BNR_DRV         0x61 /* clocks */
#define PMC6_BUS_DRDY_CLOCKS     0x62 /* clocks; unit: agent */
#define PMC6_BUS_LOCK_CLOCKS     0x63 /* clocks; unit: agent */
#define PMC6_BUS_DATA_RCV        0x64 /* clocks */
#define PMC6_BUS_TRAN_BRD        0x65 /* unit: agent */
#define PMC6_BUS_TRAN_RFO        0x66 /* unit: agent */
#define PMC6_BUS_TRAN_WB         0x67 /* unit: agent */
#define PMC6_BUS_TRAN_IFETCH     0x68 /* unit: agent */
#define PMC6_BUS_TRAN_INVAL      0x69 /* unit: agent */
#define PMC6_BUS_TRAN_PWR        0x6a /* unit: agent */
#define PMC6_BUS_TRAN_P          0x6b /* unit: agent */
#define PMC6_BUS_TRAN_IO         0x6c /* unit: agent */
#define PMC6_BUS_TRAN_DEF        0x6d /* unit: agent */
#define PMC6_BUS_TRAN_BURST      0x6e /* unit: agent */
#define PMC6_BUS_TRAN_MEM        0x6f /* unit: agent */
#define PMC6_BUS_TRAN_ANY        0x70 /* unit: agent */
#define PMC6_BUS_HIT_DRV         0x7a /* clocks */
#define PMC6_BUS_HITM_DRV        0x7b /* clocks */
#define PMC6_BUS_SNOOP_STALL     0x7e /* clocks */

/* Arithmetic */
#define PMC6_FP_COMP_OPS_EXE 0x10 /* counter 0 only */
#define PMC6_FP_ASSIST       0x11 /* counter 1 only */
#define PMC6_MUL             0x12 /* counter 1 only */
#define PMC6_DIV             0x13 /* counter 1 only */
#define PMC6_CYCLES_DIV_BUSY 0x14 /* clocks; counter 0 only */
#define PMC6_FLOPS           0xc1 /* counter 0 only */

/* Memory order */
#define PMC6_LD_BLOCKS        0x03
#define PMC6_SB_DRAINS        0x04 /* clocks */
#define PMC6_MISALIGN_MEM_REF 0x05

/* Decoding and retirement */
#define PMC6_INST_RETIRED 0xc0
#define PMC6_UOPS_RETIRED 0xc2
#define PMC6_INST_DECODER 0xd0

/* Interrupts */
#define PMC6_CYCLES_INT_MASKED             0xc6 /* clocks */
#define PMC6_CYCLES_INT_PENDING_AND_MASKED 0xc7 /* clocks */
#define PMC6_HW_INT_RX                     0xc8

/* Branches */
#define PMC6_BR_INST_RETIRED        0xc4
#define PMC6_BR_MISS_PRED_RETIRED   0xc5
#define PMC6_BR_TAKEN_RETIRED       0xc9
#define PMC6_BR_MISS_PRED_TAKEN_RET 0xca
#define PMC6_BR_INST_DECODED        0xe0
#define PMC6_BTB_MISSES             0xe2
#define PMC6_BR_BOGUS               0xe4
#define PMC6_BACLEARS               0xe6

/* Stalls */
#define PMC6_RESOURCE_STALLS    0xa2 /* clocks */
#define PMC6_PARTIAL_RAT_STALLS 0xd2 /* clocks */

/* Segment registers and clock */
#define PMC6_SEGMENT_REG_LOADS 0x06
#define PMC6_CPU_CLK_UNHALTED  0x79 /* clocks */

/*
 * Events of the Pentium (Intel SDM volume 3, "Pentium processor"). Without PMCF_E that CPU counts
 * the clocks of any event.
 */
#define PMC5_DATA_READ            0x00
#define PMC5_DATA_WRITE           0x01
#define PMC5_DATA_TLB_MISS        0x02
#define PMC5_DATA_READ_MISS       0x03
#define PMC5_DATA_WRITE_MISS      0x04
#define PMC5_WRITE_M_E            0x05
#define PMC5_DATA_LINES_WBACK     0x06
#define PMC5_DATA_CACHE_SNOOP     0x07
#define PMC5_DATA_CACHE_SNOOP_HIT 0x08
#define PMC5_MEM_ACCESS_BOTH      0x09
#define PMC5_BANK_CONFLICTS       0x0a
#define PMC5_MISALIGNED_DATA      0x0b
#define PMC5_INST_READ            0x0c
#define PMC5_INST_TLB_MISS        0x0d
#define PMC5_INST_CACHE_MISS      0x0e
#define PMC5_SEGMENT_REG_LOAD     0x0f
#define PMC5_BRANCHES             0x12
#define PMC5_BTB_HITS             0x13
#define PMC5_BRANCH_TAKEN         0x14
#define PMC5_PIPELINE_FLUSH       0x15
#define PMC5_INST_EXECUTED        0x16
#define PMC5_INST_EXECUTED_V      0x17
#define PMC5_BUS_UTILIZATION      0x18 /* clocks */
#define PMC5_WRITE_BACKUP_STALL   0x19 /* clocks */
#define PMC5_DATA_READ_STALL      0x1a /* clocks */
#define PMC5_WRITE_E_M_STALL      0x1b /* clocks */
#define PMC5_LOCKED_BUS           0x1c
#define PMC5_IO_CYCLE             0x1d
#define PMC5_NONCACHE_MEMORY      0x1e
#define PMC5_ADDR_GEN_INTERLOCK   0x1f /* clocks */
#define PMC5_FLOPS                0x22
#define PMC5_BP0_MATCH            0x23
#define PMC5_BP1_MATCH            0x24
#define PMC5_BP2_MATCH            0x25
#define PMC5_BP3_MATCH            0x26
#define PMC5_HW_INTR              0x27
#define PMC5_DATA_RW              0x28
#define PMC5_DATA_RW_MISS         0x29

#endif

/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The interface as compiled clients see it, asserted at compile time: a second opinion on
 * <machine/perfmon.h>, spelled out from FreeBSD's i386 header and Linux's request encoding. What it
 * proves, it proves for the machine that it is compiled for, so test/headers compiles it for each.
 */

#include <machine/perfmon.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define VALUE(name, value) _Static_assert((name) == (value), #name " is " #value)
#define SIZE(type, size)   _Static_assert(sizeof(type) == (size), #type " has " #size " bytes")
#define OFFSET(type, member, offset) \
	_Static_assert(offsetof(type, member) == (offset), #type " has " #member " at " #offset)
/* NOLINTBEGIN(bugprone-macro-parentheses): a type name takes no parentheses there */
#define TYPE(expression, type) \
	_Static_assert(_Generic((expression), type : 1, default : 0), #expression " is " #type)
/* NOLINTEND(bugprone-macro-parentheses) */

/* i386 aligns 64-bit integers within a struct to 4 bytes, every other machine to 8. */
#if defined __i386__
#define QUAD_OFFSET 4
#define QUAD_SIZE   12
#else
#define QUAD_OFFSET 8
#define QUAD_SIZE   16
#endif

SIZE(struct pmc, 8);
OFFSET(struct pmc, pmc_num, 0);
OFFSET(struct pmc, pmc_pmcu, 4);
OFFSET(struct pmc, pmc_event, 4);
OFFSET(struct pmc, pmc_unit, 5);
OFFSET(struct pmc, pmc_flags, 6);
OFFSET(struct pmc, pmc_mask, 7);
OFFSET(struct pmc, pmc_val, 4);
TYPE(((struct pmc *)0)->pmc_num, int);
TYPE(((struct pmc *)0)->pmc_event, u_char);
TYPE(((struct pmc *)0)->pmc_unit, u_char);
TYPE(((struct pmc *)0)->pmc_flags, u_char);
TYPE(((struct pmc *)0)->pmc_mask, u_char);
TYPE(((struct pmc *)0)->pmc_val, unsigned int);

SIZE(quad_t, 8);
SIZE(struct pmc_data, QUAD_SIZE);
OFFSET(struct pmc_data, pmcd_num, 0);
OFFSET(struct pmc_data, pmcd_value, QUAD_OFFSET);
TYPE(((struct pmc_data *)0)->pmcd_num, int);
TYPE(((struct pmc_data *)0)->pmcd_value, quad_t);

SIZE(struct pmc_tstamp, QUAD_SIZE);
OFFSET(struct pmc_tstamp, pmct_rate, 0);
OFFSET(struct pmc_tstamp, pmct_value, QUAD_OFFSET);
TYPE(((struct pmc_tstamp *)0)->pmct_rate, int);
TYPE(((struct pmc_tstamp *)0)->pmct_value, quad_t);

/* The low half is the same everywhere: group '5' and the request's number. */
#if defined __i386__
VALUE(PMIOSETUP, 0x40083501);
VALUE(PMIOSTART, 0x40043502);
VALUE(PMIOSTOP, 0x40043503);
VALUE(PMIOREAD, 0xc00c3504);
VALUE(PMIORESET, 0x40043505);
VALUE(PMIOTSTAMP, 0x800c3506);
VALUE(PMIOGET, 0xc0083507);
#elif defined __powerpc__ /* Three direction bits, BSD's: read 0x40000000, write 0x80000000. */
VALUE(PMIOSETUP, 0x80083501);
VALUE(PMIOSTART, 0x80043502);
VALUE(PMIOSTOP, 0x80043503);
VALUE(PMIOREAD, 0xc0103504);
VALUE(PMIORESET, 0x80043505);
VALUE(PMIOTSTAMP, 0x40103506);
VALUE(PMIOGET, 0xc0083507);
#else
VALUE(PMIOSETUP, 0x40083501);
VALUE(PMIOSTART, 0x40043502);
VALUE(PMIOSTOP, 0x40043503);
VALUE(PMIOREAD, 0xc0103504);
VALUE(PMIORESET, 0x40043505);
VALUE(PMIOTSTAMP, 0x80103506);
VALUE(PMIOGET, 0xc0083507);
#endif

VALUE(IOCGROUP(PMIOREAD), '5');
VALUE(IOCPARM_LEN(PMIOREAD), QUAD_SIZE);
VALUE(IOCBASECMD(PMIOREAD), 0xc0003504);
VALUE(PMIOREAD &IOC_DIRMASK, IOC_INOUT);
VALUE(PMIOSETUP &IOC_DIRMASK, IOC_IN);
VALUE(PMIOTSTAMP &IOC_DIRMASK, IOC_OUT);
VALUE(IOCPARM_LEN(_IOC(_IOC_NONE, 0, 0, IOCPARM_MAX)), IOCPARM_MAX);
VALUE((1 << IOCPARM_SHIFT) - 1, IOCPARM_MASK);
VALUE(IOCPARM_MAX, IOCPARM_MASK);

VALUE(NPMC, 2);
VALUE(PMC_ALL, -1);
VALUE(PMCF_USR, 0x01);
VALUE(PMCF_OS, 0x02);
VALUE(PMCF_E, 0x04);
VALUE(PMCF_PC, 0x08);
VALUE(PMCF_INT, 0x10);
VALUE(PMCF_EN, 0x40);
VALUE(PMCF_INV, 0x80);
VALUE(PMCF_SYS_FLAGS, 0x50);

VALUE(PMC6_LD_BLOCKS, 0x03);
VALUE(PMC6_SB_DRAINS, 0x04);
VALUE(PMC6_MISALIGN_MEM_REF, 0x05);
VALUE(PMC6_SEGMENT_REG_LOADS, 0x06);
VALUE(PMC6_FP_COMP_OPS_EXE, 0x10);
VALUE(PMC6_FP_ASSIST, 0x11);
VALUE(PMC6_MUL, 0x12);
VALUE(PMC6_DIV, 0x13);
VALUE(PMC6_CYCLES_DIV_BUSY, 0x14);
VALUE(PMC6_L2_ADS, 0x21);
VALUE(PMC6_L2_DBUS_BUSY, 0x22);
VALUE(PMC6_L2_DBUS_BUSY_RD, 0x23);
VALUE(PMC6_L2_LINES_IN, 0x24);
VALUE(PMC6_L2_M_LINES_INM, 0x25);
VALUE(PMC6_L2_LINES_OUT, 0x26);
VALUE(PMC6_L2_M_LINES_OUTM, 0x27);
VALUE(PMC6_L2_IFETCH, 0x28);
VALUE(PMC6_L2_LD, 0x29);
VALUE(PMC6_L2_ST, 0x2a);
VALUE(PMC6_L2_RQSTS, 0x2e);
VALUE(PMC6_DATA_MEM_REFS, 0x43);
VALUE(PMC6_DCU_LINES_IN, 0x45);
VALUE(PMC6_DCU_M_LINES_IN, 0x46);
VALUE(PMC6_DCU_M_LINES_OUT, 0x47);
VALUE(PMC6_DCU_MISS_OUTSTANDING, 0x48);
VALUE(PMC6_BUS_REQ_OUTSTANDING, 0x60);
VALUE(PMC6_BUS_BNR_DRV, 0x61);
VALUE(PMC6_BUS_DRDY_CLOCKS, 0x62);
VALUE(PMC6_BUS_LOCK_CLOCKS, 0x63);
VALUE(PMC6_BUS_DATA_RCV, 0x64);
VALUE(PMC6_BUS_TRAN_BRD, 0x65);
VALUE(PMC6_BUS_TRAN_RFO, 0x66);
VALUE(PMC6_BUS_TRAN_WB, 0x67);
VALUE(PMC6_BUS_TRAN_IFETCH, 0x68);
VALUE(PMC6_BUS_TRAN_INVAL, 0x69);
VALUE(PMC6_BUS_TRAN_PWR, 0x6a);
VALUE(PMC6_BUS_TRAN_P, 0x6b);
VALUE(PMC6_BUS_TRAN_IO, 0x6c);
VALUE(PMC6_BUS_TRAN_DEF, 0x6d);
VALUE(PMC6_BUS_TRAN_BURST, 0x6e);
VALUE(PMC6_BUS_TRAN_MEM, 0x6f);
VALUE(PMC6_BUS_TRAN_ANY, 0x70);
VALUE(PMC6_CPU_CLK_UNHALTED, 0x79);
VALUE(PMC6_BUS_HIT_DRV, 0x7a);
VALUE(PMC6_BUS_HITM_DRV, 0x7b);
VALUE(PMC6_BUS_SNOOP_STALL, 0x7e);
VALUE(PMC6_IFU_IFETCH, 0x80);
VALUE(PMC6_IFU_IFETCH_MISS, 0x81);
VALUE(PMC6_ITLB_MISS, 0x85);
VALUE(PMC6_IFU_MEM_STALL, 0x86);
VALUE(PMC6_ILD_STALL, 0x87);
VALUE(PMC6_RESOURCE_STALLS, 0xa2);
VALUE(PMC6_INST_RETIRED, 0xc0);
VALUE(PMC6_FLOPS, 0xc1);
VALUE(PMC6_UOPS_RETIRED, 0xc2);
VALUE(PMC6_BR_INST_RETIRED, 0xc4);
VALUE(PMC6_BR_MISS_PRED_RETIRED, 0xc5);
VALUE(PMC6_CYCLES_INT_MASKED, 0xc6);
VALUE(PMC6_CYCLES_INT_PENDING_AND_MASKED, 0xc7);
VALUE(PMC6_HW_INT_RX, 0xc8);
VALUE(PMC6_BR_TAKEN_RETIRED, 0xc9);
VALUE(PMC6_BR_MISS_PRED_TAKEN_RET, 0xca);
VALUE(PMC6_INST_DECODER, 0xd0);
VALUE(PMC6_PARTIAL_RAT_STALLS, 0xd2);
VALUE(PMC6_BR_INST_DECODED, 0xe0);
VALUE(PMC6_BTB_MISSES, 0xe2);
VALUE(PMC6_BR_BOGUS, 0xe4);
VALUE(PMC6_BACLEARS, 0xe6);

VALUE(PMC5_DATA_READ, 0x00);
VALUE(PMC5_DATA_WRITE, 0x01);
VALUE(PMC5_DATA_TLB_MISS, 0x02);
VALUE(PMC5_DATA_READ_MISS, 0x03);
VALUE(PMC5_DATA_WRITE_MISS, 0x04);
VALUE(PMC5_WRITE_M_E, 0x05);
VALUE(PMC5_DATA_LINES_WBACK, 0x06);
VALUE(PMC5_DATA_CACHE_SNOOP, 0x07);
VALUE(PMC5_DATA_CACHE_SNOOP_HIT, 0x08);
VALUE(PMC5_MEM_ACCESS_BOTH, 0x09);
VALUE(PMC5_BANK_CONFLICTS, 0x0a);
VALUE(PMC5_MISALIGNED_DATA, 0x0b);
VALUE(PMC5_INST_READ, 0x0c);
VALUE(PMC5_INST_TLB_MISS, 0x0d);
VALUE(PMC5_INST_CACHE_MISS, 0x0e);
VALUE(PMC5_SEGMENT_REG_LOAD, 0x0f);
VALUE(PMC5_BRANCHES, 0x12);
VALUE(PMC5_BTB_HITS, 0x13);
VALUE(PMC5_BRANCH_TAKEN, 0x14);
VALUE(PMC5_PIPELINE_FLUSH, 0x15);
VALUE(PMC5_INST_EXECUTED, 0x16);
VALUE(PMC5_INST_EXECUTED_V, 0x17);
VALUE(PMC5_BUS_UTILIZATION, 0x18);
VALUE(PMC5_WRITE_BACKUP_STALL, 0x19);
VALUE(PMC5_DATA_READ_STALL, 0x1a);
VALUE(PMC5_WRITE_E_M_STALL, 0x1b);
VALUE(PMC5_LOCKED_BUS, 0x1c);
VALUE(PMC5_IO_CYCLE, 0x1d);
VALUE(PMC5_NONCACHE_MEMORY, 0x1e);
VALUE(PMC5_ADDR_GEN_INTERLOCK, 0x1f);
VALUE(PMC5_FLOPS, 0x22);
VALUE(PMC5_BP0_MATCH, 0x23);
VALUE(PMC5_BP1_MATCH, 0x24);
VALUE(PMC5_BP2_MATCH, 0x25);
VALUE(PMC5_BP3_MATCH, 0x26);
VALUE(PMC5_HW_INTR, 0x27);
VALUE(PMC5_DATA_RW, 0x28);
VALUE(PMC5_DATA_RW_MISS, 0x29);

int main(void)
{
	int same = strcmp(_PATH_PERFMON, "/dev/perfmon") == 0;

	puts("ok 1 - sizes, offsets, request numbers and event codes: asserted by the compiler");
	printf("%sok 2 - _PATH_PERFMON\n1..2\n", same ? "" : "not ");
	return !same;
}

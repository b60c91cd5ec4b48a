/* SPDX-License-Identifier: BSD-2-Clause */
#include "events.h"

#include <ctype.h>
#include <machine/perfmon.h>
#include <string.h>
#include <strings.h>

/* Codes are the header's; meanings after the events' tables of Intel's SDM, volume 3. */
#define MESI 0x0f
#define P6(name, unit, clocks, meaning)                                  \
	{                                                                \
		"PMC6_" #name, PMC6_##name, unit, false, clocks, meaning \
	}
#define P5(name, clocks, meaning)                                    \
	{                                                            \
		"PMC5_" #name, PMC5_##name, 0, true, clocks, meaning \
	}

const struct event event_table[EVENTS] = {
	P6(DATA_MEM_REFS, 0, false, "loads from and stores to any memory"),
	P6(DCU_LINES_IN, 0, false, "lines brought into the L1 data cache"),
	P6(DCU_M_LINES_IN, 0, false, "lines brought into the L1 data cache to be modified"),
	P6(DCU_M_LINES_OUT, 0, false, "modified lines written back from the L1 data cache"),
	P6(DCU_MISS_OUTSTANDING, 0, false, "L1 data misses under way, summed over clocks"),
	P6(IFU_IFETCH, 0, false, "instruction fetches"),
	P6(IFU_IFETCH_MISS, 0, false, "instruction fetches that missed the L1"),
	P6(ITLB_MISS, 0, false, "misses of the instruction TLB"),
	P6(IFU_MEM_STALL, 0, true, "clocks in which instruction fetch stood"),
	P6(ILD_STALL, 0, true, "clocks in which the length decoder stood"),
	P6(L2_ADS, 0, false, "address strobes on the L2's bus"),
	P6(L2_DBUS_BUSY, 0, true, "clocks in which the L2's data bus was busy"),
	P6(L2_DBUS_BUSY_RD, 0, true, "clocks in which the L2 sent data to the CPU"),
	P6(L2_LINES_IN, 0, false, "lines brought into the L2"),
	P6(L2_M_LINES_INM, 0, false, "lines brought into the L2 to be modified"),
	P6(L2_LINES_OUT, 0, false, "lines thrown out of the L2"),
	P6(L2_M_LINES_OUTM, 0, false, "modified lines written back from the L2"),
	P6(L2_IFETCH, MESI, false, "instruction fetches that reach the L2"),
	P6(L2_LD, MESI, false, "loads that reach the L2"),
	P6(L2_ST, MESI, false, "stores that reach the L2"),
	P6(L2_RQSTS, MESI, false, "all requests that reach the L2"),
	P6(BUS_REQ_OUTSTANDING, 0, false, "bus requests under way, summed over clocks"),
	P6(BUS_BNR_DRV, 0, true, "clocks in which the CPU drove BNR#"),
	P6(BUS_DRDY_CLOCKS, 0, true, "clocks in which DRDY# was driven: data on the bus"),
	P6(BUS_LOCK_CLOCKS, 0, true, "clocks in which LOCK# was driven"),
	P6(BUS_DATA_RCV, 0, true, "clocks in which the CPU received data from the bus"),
	P6(BUS_TRAN_BRD, 0, false, "burst reads on the bus"),
	P6(BUS_TRAN_RFO, 0, false, "reads for ownership on the bus"),
	P6(BUS_TRAN_WB, 0, false, "write-backs on the bus"),
	P6(BUS_TRAN_IFETCH, 0, false, "instruction fetches on the bus"),
	P6(BUS_TRAN_INVAL, 0, false, "invalidations on the bus"),
	P6(BUS_TRAN_PWR, 0, false, "partial writes on the bus"),
	P6(BUS_TRAN_P, 0, false, "partial transactions on the bus"),
	P6(BUS_TRAN_IO, 0, false, "I/O transactions on the bus"),
	P6(BUS_TRAN_DEF, 0, false, "deferred transactions on the bus"),
	P6(BUS_TRAN_BURST, 0, false, "burst transactions on the bus"),
	P6(BUS_TRAN_MEM, 0, false, "memory transactions on the bus"),
	P6(BUS_TRAN_ANY, 0, false, "all transactions on the bus"),
	P6(BUS_HIT_DRV, 0, true, "clocks in which the CPU drove HIT#"),
	P6(BUS_HITM_DRV, 0, true, "clocks in which the CPU drove HITM#"),
	P6(BUS_SNOOP_STALL, 0, true, "clocks in which a snoop stalled the bus"),
	P6(FP_COMP_OPS_EXE, 0, false, "x87 operations executed"),
	P6(FP_ASSIST, 0, false, "x87 operations that microcode had to help"),
	P6(MUL, 0, false, "multiplications, integer and x87"),
	P6(DIV, 0, false, "divisions, integer and x87"),
	P6(CYCLES_DIV_BUSY, 0, true, "clocks in which the divider was busy"),
	P6(FLOPS, 0, false, "x87 operations retired"),
	P6(LD_BLOCKS, 0, false, "loads delayed by a store before them"),
	P6(SB_DRAINS, 0, true, "clocks in which the store buffer drained"),
	P6(MISALIGN_MEM_REF, 0, false, "misaligned accesses to memory"),
	P6(INST_RETIRED, 0, false, "instructions retired"),
	P6(UOPS_RETIRED, 0, false, "micro-operations retired"),
	P6(INST_DECODER, 0, false, "instructions decoded"),
	P6(CYCLES_INT_MASKED, 0, true, "clocks with interrupts masked"),
	P6(CYCLES_INT_PENDING_AND_MASKED, 0, true, "clocks in which a masked interrupt waited"),
	P6(HW_INT_RX, 0, false, "hardware interrupts received"),
	P6(BR_INST_RETIRED, 0, false, "branches retired"),
	P6(BR_MISS_PRED_RETIRED, 0, false, "mispredicted branches retired"),
	P6(BR_TAKEN_RETIRED, 0, false, "taken branches retired"),
	P6(BR_MISS_PRED_TAKEN_RET, 0, false, "mispredicted taken branches retired"),
	P6(BR_INST_DECODED, 0, false, "branches decoded"),
	P6(BTB_MISSES, 0, false, "branches that the branch target buffer did not have"),
	P6(BR_BOGUS, 0, false, "branches predicted where there are none"),
	P6(BACLEARS, 0, false, "redirections of fetch by the decoder"),
	P6(RESOURCE_STALLS, 0, true, "clocks stalled for a resource of the core"),
	P6(PARTIAL_RAT_STALLS, 0, true, "clocks stalled for a part of a register"),
	P6(SEGMENT_REG_LOADS, 0, false, "loads of segment registers"),
	P6(CPU_CLK_UNHALTED, 0, true, "clocks in which the CPU was not halted"),
	P5(DATA_READ, false, "loads"),
	P5(DATA_WRITE, false, "stores"),
	P5(DATA_TLB_MISS, false, "misses of the data TLB"),
	P5(DATA_READ_MISS, false, "loads that missed the data cache"),
	P5(DATA_WRITE_MISS, false, "stores that missed the data cache"),
	P5(WRITE_M_E, false, "stores that hit a modified or exclusive line"),
	P5(DATA_LINES_WBACK, false, "lines written back from the data cache"),
	P5(DATA_CACHE_SNOOP, false, "snoops of the data cache from outside"),
	P5(DATA_CACHE_SNOOP_HIT, false, "snoops that hit the data cache"),
	P5(MEM_ACCESS_BOTH, false, "clocks with memory accesses in both pipes"),
	P5(BANK_CONFLICTS, false, "conflicts of both pipes for a bank of the data cache"),
	P5(MISALIGNED_DATA, false, "misaligned accesses to memory or I/O"),
	P5(INST_READ, false, "instruction reads"),
	P5(INST_TLB_MISS, false, "misses of the instruction TLB"),
	P5(INST_CACHE_MISS, false, "instruction reads that missed the cache"),
	P5(SEGMENT_REG_LOAD, false, "loads of segment registers"),
	P5(BRANCHES, false, "branches, taken or not"),
	P5(BTB_HITS, false, "branches that the branch target buffer had"),
	P5(BRANCH_TAKEN, false, "taken branches, or hits of the branch target buffer"),
	P5(PIPELINE_FLUSH, false, "flushes of the pipeline"),
	P5(INST_EXECUTED, false, "instructions executed"),
	P5(INST_EXECUTED_V, false, "instructions executed in the V pipe"),
	P5(BUS_UTILIZATION, true, "clocks in which the bus was in use"),
	P5(WRITE_BACKUP_STALL, true, "clocks stalled by full write buffers"),
	P5(DATA_READ_STALL, true, "clocks in which the pipeline waited for a load"),
	P5(WRITE_E_M_STALL, true, "clocks stalled by a store to an exclusive or modified line"),
	P5(LOCKED_BUS, false, "locked bus cycles"),
	P5(IO_CYCLE, false, "bus cycles to I/O"),
	P5(NONCACHE_MEMORY, false, "reads of memory that is not cached"),
	P5(ADDR_GEN_INTERLOCK, true, "clocks stalled for an address"),
	P5(FLOPS, false, "x87 operations"),
	P5(BP0_MATCH, false, "matches of breakpoint 0"),
	P5(BP1_MATCH, false, "matches of breakpoint 1"),
	P5(BP2_MATCH, false, "matches of breakpoint 2"),
	P5(BP3_MATCH, false, "matches of breakpoint 3"),
	P5(HW_INTR, false, "hardware interrupts"),
	P5(DATA_RW, false, "loads and stores"),
	P5(DATA_RW_MISS, false, "loads and stores that missed the data cache"),
};

#define PREFIX       5  /* of "PMC6_" */
#define NAME_LONGEST 32 /* more than any has without its prefix */

const struct event *events_by_code(bool p5, unsigned code)
{
	for (size_t i = 0; i < EVENTS; i++)
		if (event_table[i].p5 == p5 && event_table[i].code == code)
			return &event_table[i];
	return NULL;
}

static bool has_prefix(const char *name, size_t length)
{
	return length > PREFIX &&
	       (strncasecmp(name, "PMC6_", PREFIX) == 0 || strncasecmp(name, "PMC5_", PREFIX) == 0);
}

static bool is(const struct event *event, const char *name, size_t length)
{
	const char *own = has_prefix(name, length) ? event->name : event->name + PREFIX;

	return strlen(own) == length && strncasecmp(own, name, length) == 0;
}

const struct event *events_by_name(const char *name, size_t length, bool p5)
{
	const struct event *found = NULL;

	for (size_t i = 0; i < EVENTS; i++)
		if (is(&event_table[i], name, length) && (!found || event_table[i].p5 == p5))
			found = &event_table[i];
	return found;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t less = a < b ? a : b;

	return less < c ? less : c;
}

/* Letters to add, take away or change, after Wagner and Fischer, a row at a time. */
static size_t distance(const char *own, const char *name, size_t length)
{
	size_t row[NAME_LONGEST + 1];

	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t j = 0; own[j]; j++) {
		size_t before = row[0]++;

		for (size_t i = 0; i < length; i++) {
			size_t same = before + (toupper((unsigned char)name[i]) != own[j]);

			before = row[i + 1];
			row[i + 1] = least(row[i] + 1, before + 1, same);
		}
	}
	return row[length];
}

const struct event *events_nearest(const char *name, size_t length, bool p5)
{
	const struct event *nearest = NULL;
	size_t least_distance = SIZE_MAX;

	if (has_prefix(name, length)) {
		p5 = name[PREFIX - 2] == '5';
		name += PREFIX;
		length -= PREFIX;
	}
	if (length > NAME_LONGEST)
		length = NAME_LONGEST;
	for (size_t i = 0; i < EVENTS; i++) {
		size_t changes = distance(event_table[i].name + PREFIX, name, length);

		if (changes < least_distance ||
		    (changes == least_distance && event_table[i].p5 == p5)) {
			least_distance = changes;
			nearest = &event_table[i];
		}
	}
	return least_distance * 3 <= length ? nearest : NULL;
}

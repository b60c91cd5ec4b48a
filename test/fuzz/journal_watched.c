/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/msr.h"
#include "fuzz.h"
#include "fuzz_journal.h"

/* ways: the kind of CPU, whether the second is offline, whether the third fails; and the figures.
 */
#define KIND(ways)       ((ways)&3)
#define IS_OFFLINE(ways) ((ways)&4)
#define FAILS(ways)      ((ways)&8)
#define FIGURE(ways)     ((ways) >> 4)

#define CPUS 3
static const unsigned numbers[CPUS] = { 0, 1, 5 };

/* No kind of CPU has more registers than this that perfmond looks at. */
#define REGISTERS 16

struct watched {
	struct registers registers;
	const struct pmu *pmu;
	uint8_t ways;
	const struct journal *journal;
	unsigned long writes;
	struct {
		uint32_t address;
		uint64_t first;
		uint64_t value;
	} cell[CPUS][REGISTERS];
};

/* Event selects of both counters of each kind, and 0. */
uint64_t watched_figure(unsigned which)
{
	static const uint64_t figures[] = { 0,      0x00430076, 0x00130079, 0x00530079,
					    0x00c0, 0x02c00000, 0xffff,     UINT64_MAX };

	return figures[which % COUNT(figures)];
}

static const struct pmu *pmu_of(uint8_t ways)
{
	static struct pmu pmus[2];

	pmus[0] = pmu_arch(4, 48, 0, true);
	pmus[1] = pmu_amd(AMD_PERF_V2);
	return KIND(ways) == 0 ? &pmu_p5 : KIND(ways) == 1 ? &pmu_p6 : &pmus[KIND(ways) - 2];
}

const char *watched_model(uint8_t ways)
{
	return pmu_of(ways)->name;
}

static int find(struct watched *watched, unsigned cpu, uint32_t address, uint64_t **ret_value)
{
	unsigned i = 0;

	MUST(cpu < CPUS);
	if (cpu == 1 && IS_OFFLINE(watched->ways))
		return -ENXIO;
	if (cpu == 2 && FAILS(watched->ways))
		return -EIO;
	while (i < REGISTERS && watched->cell[cpu][i].address &&
	       watched->cell[cpu][i].address != address)
		i++;
	MUST(i < REGISTERS);
	if (!watched->cell[cpu][i].address) {
		watched->cell[cpu][i].address = address;
		watched->cell[cpu][i].value = watched_figure(FIGURE(watched->ways) + i + cpu);
		watched->cell[cpu][i].first = watched->cell[cpu][i].value;
	}
	*ret_value = &watched->cell[cpu][i].value;
	return 0;
}

static int read_one(struct registers *registers, unsigned cpu, uint32_t address,
		    uint64_t *ret_value)
{
	uint64_t *at;
	int result = find((struct watched *)registers, cpu, address, &at);

	if (result == 0)
		*ret_value = *at;
	return result;
}

/* Whether an entry says that the register is to have this value. before: what it has. */
static bool is_said(const struct pmu *pmu, const struct journal_entry *entry, uint32_t address,
		    uint64_t value, uint64_t before)
{
	const struct pmu_counter *counter = &pmu->counter[entry->counter];
	uint64_t bit = UINT64_C(1) << entry->counter;

	if (address == counter->select && (value & counter->field) == entry->select_found &&
	    (value & ~counter->field) == (before & ~counter->field))
		return true;
	if (address == counter->restore && value == entry->value_found)
		return true;
	if (address == pmu->global_control && value == (before & ~bit) && !entry->global_found)
		return true;
	return address == pmu->status_reset && value == bit && !entry->status_found;
}

static int write_one(struct registers *registers, unsigned cpu, uint32_t address, uint64_t value)
{
	struct watched *watched = (struct watched *)registers;
	const struct journal *journal = watched->journal;
	uint64_t *at;
	int result = find(watched, cpu, address, &at);
	bool said = false;

	MUST(journal && strcmp(journal->model, watched->pmu->name) == 0);
	for (size_t i = 0; i < journal->count && !said && result == 0; i++)
		said = journal->entry[i].cpu == numbers[cpu] &&
		       is_said(watched->pmu, &journal->entry[i], address, value, *at);
	if (result < 0)
		return result;
	MUST(said);
	watched->writes++;
	*at = value;
	return 0;
}

static void close_none(struct registers *registers)
{
	(void)registers;
}

static const struct register_operations watched_operations = { .read = read_one,
							       .write = write_one,
							       .close = close_none };

/* What was in the select before is perfmond's by the entry, or nobody's. */
static bool is_ours(const struct journal_entry *entry, uint64_t bits)
{
	return bits == 0 || bits == entry->select_found || bits == entry->select_ours ||
	       bits == entry->select_run || bits == entry->select_ours_before ||
	       bits == entry->select_run_before;
}

/* Tells whether nothing of the entry waits. */
static bool check_entry(struct watched *watched, const struct journal_entry *entry)
{
	const struct pmu_counter *counter = &watched->pmu->counter[entry->counter];

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		if (numbers[cpu] != entry->cpu || (cpu == 1 && IS_OFFLINE(watched->ways)))
			continue;
		for (unsigned i = 0; i < REGISTERS; i++)
			if (watched->cell[cpu][i].address == counter->select) {
				uint64_t first = watched->cell[cpu][i].first & counter->field;
				uint64_t last = watched->cell[cpu][i].value & counter->field;

				MUST(last == (is_ours(entry, first) ? entry->select_found : first));
				return true;
			}
		MUST(cpu == 2 && FAILS(watched->ways));
		return false;
	}
	return false;
}

/* All is put back that can be, and the file is there as long as something waits. */
static void check_put_back(struct watched *watched, const char *path, int result)
{
	const struct journal *journal = watched->journal;
	bool all = true;
	bool failed = false;

	for (size_t i = 0; i < journal->count; i++) {
		all &= check_entry(watched, &journal->entry[i]);
		failed |= FAILS(watched->ways) && journal->entry[i].cpu == numbers[2];
	}
	MUST(result == (failed ? -EIO : 0));
	MUST((access(path, F_OK) == 0) == !all);
}

/* Whether a perfmond on this kind of CPU may have written it. */
static bool is_of(const struct journal *journal, const struct pmu *pmu)
{
	bool is = journal && strcmp(journal->model, pmu->name) == 0;

	for (size_t i = 0; is && i < journal->count; i++)
		is = !(journal->entry[i].select_found &
		       ~pmu->counter[journal->entry[i].counter].field);
	return is;
}

void watched_start(const char *path, uint8_t ways, const struct journal *journal, bool stale)
{
	static const struct backend_operations operations = { .close = msr_close };
	const struct msr_options options = { .journal = path, .description = "fuzzed" };
	struct watched watched = {
		.registers = { .operations = &watched_operations, .cpus = CPUS, .number = numbers },
		.pmu = pmu_of(ways),
		.ways = ways,
		.journal = journal
	};
	struct backend *backend = NULL;
	int result = msr_open(&watched.registers, watched.pmu, &options, &operations, &backend);

	if (is_of(journal, watched.pmu)) {
		check_put_back(&watched, path, result);
	} else {
		MUST(result == (stale ? 0 : -EBADMSG) && watched.writes == 0);
		MUST((access(path, F_OK) == 0) == !stale);
	}
	MUST((result == 0) == (backend != NULL));
	if (backend)
		msr_close(backend);
}

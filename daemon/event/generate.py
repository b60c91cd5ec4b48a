# SPDX-License-Identifier: BSD-2-Clause
"""Makes the C tables of legacy events from p5.tsv and p6.tsv: generate.py P5.TSV P6.TSV

One row is an event, or an event with one unit mask, or on the CPUs of some makers. "-" is nothing.
Columns:
  code name  of the original header
  unit       the unit mask that the row is for; "-": any, as the P6 ignored it for this event
  on         makers of CPUs that the row is for
  class      exact, near, model, software, none
  kind       what the old CPU counted: count, duration (clocks), weighted (a sum over clocks)
  counter    0 or 1 where the old CPU counted it on that one alone
  generic    perf_event_open(2) type:config, "+" adds, and after "@" the makers for which it means this
  software   INTERRUPTS or TASK_CLOCK
  fidelity   how near the model's own events come: high, medium, low
  skl ...    libpfm4's names of a CPU family's own events, with what attr.config they make, "+" adds
  note       how what counts differs from what the old CPU counted
"""
import csv
import sys

FAMILIES = ("skl", "icl", "zen2", "zen3", "zen4", "n1", "n2", "power9")
MAX_TERMS = 4  # EVENT_TERMS
MAX_NAMES = 399  # EVENT_COUNTED and its end
MAX_NOTE = 159  # pme_note of perfmon/ext.h and its end

# perf(1)'s names.
GENERIC = {
    "0:0x0": "cycles",
    "0:0x1": "instructions",
    "0:0x2": "cache-references",
    "0:0x4": "branches",
    "0:0x5": "branch-misses",
    "0:0x7": "stalled-cycles-frontend",
    "0:0x8": "stalled-cycles-backend",
    "3:0x0": "L1-dcache-loads",
    "3:0x1": "L1-icache-loads",
    "3:0x5": "branch-loads",
    "3:0x100": "L1-dcache-stores",
    "3:0x10000": "L1-dcache-load-misses",
    "3:0x10001": "L1-icache-load-misses",
    "3:0x10002": "LLC-load-misses",
    "3:0x10003": "dTLB-load-misses",
    "3:0x10004": "iTLB-load-misses",
    "3:0x10103": "dTLB-store-misses",
}


def makers(text):
    return " | ".join(f"MAKER_{maker.upper()}" for maker in text.split(","))


def terms(text):
    found = text.split("+")
    if len(found) > MAX_TERMS:
        sys.exit(f"{text}: more than {MAX_TERMS} events")
    if len(text) > MAX_NAMES:
        sys.exit(f"{text}: longer than {MAX_NAMES}")
    return found


def generic_fields(text):
    events, _, on = text.partition("@")
    pairs = ", ".join("{ %s, %s }" % tuple(term.split(":")) for term in terms(events))
    names = "+".join(GENERIC[term] for term in terms(events))
    return [
        f".generic = {{ {pairs} }}",
        f".generic_terms = {len(terms(events))}",
        f'.generic_name = "{names}"',
        f".generic_on = {makers(on or 'any')}",
    ]


def model_fields(row):
    for family in FAMILIES:
        if row[family] == "-":
            continue
        pairs = ['{ "%s", %s }' % tuple(term.rsplit("=", 1)) for term in terms(row[family])]
        yield (
            f".model[FAMILY_{family.upper()}] = (const struct legacy_model[]){{ "
            + ", ".join(pairs + ["{ NULL, 0 }"]) + " }"
        )


def initializer(row):
    fields = [
        f".code = {row['code']}",
        f'.name = "{row["name"]}"',
        f".unit = {'UNIT_ANY' if row['unit'] == '-' else row['unit']}",
        f".on = {makers(row['on'])}",
        f".class = EVENT_CLASS_{row['class'].upper()}",
        f".duration = {'false' if row['kind'] == 'count' else 'true'}",
        f".counter = {-1 if row['counter'] == '-' else row['counter']}",
    ]
    if row["generic"] != "-":
        fields += generic_fields(row["generic"])
    if row["software"] != "-":
        fields.append(f".software = EVENT_{row['software']}")
    if row["fidelity"] != "-":
        fields.append(f".fidelity = FIDELITY_{row['fidelity'].upper()}")
    fields += model_fields(row)
    if len(row["note"]) > MAX_NOTE:
        sys.exit(f"{row['note']}: longer than {MAX_NOTE}")
    if row["note"] != "-":
        fields.append(f'.note = "{row["note"]}"')
    return "\t{ " + ", ".join(fields) + " },"


print('#include "event/legacy.h"')
for table, path in zip(("p5", "p6"), sys.argv[1:], strict=True):
    with open(path, newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file, delimiter="\t", strict=True, quoting=csv.QUOTE_NONE))
    keys = [(row["code"], row["unit"], row["on"]) for row in rows]
    if len(set(keys)) != len(keys):
        sys.exit(f"{path}: two rows for the same")
    print(f"\nconst struct legacy_event legacy_{table}[] = {{")
    print("\n".join(map(initializer, rows)))
    print("\t{ .name = NULL },\n};")

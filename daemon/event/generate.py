# SPDX-License-Identifier: BSD-2-Clause
"""Makes the C table of legacy events from p5.tsv and p6.tsv: generate.py P5.TSV P6.TSV

Columns: the code of the original header, its name, the source that counts it exactly on today's
machines ("-" where there is none), and the source's configuration. A source is a perf_event_open(2)
type, or INTERRUPTS, the kernel's own total.
"""
import csv
import sys


def initializer(row):
    kind = {"-": "EVENT_NONE", "INTERRUPTS": "EVENT_INTERRUPTS"}.get(row["source"], "EVENT_PERF")
    fields = [f'.name = "{row["name"]}"', f".kind = {kind}"]
    if kind == "EVENT_PERF":
        fields += [f".perf_type = {row['source']}", f".perf_config = {row['config']}"]
    return f"\t[{row['code']}] = {{ {', '.join(fields)} }},"


print('#include <linux/perf_event.h>\n\n#include "event/legacy.h"')
for table, path in zip(("p5", "p6"), sys.argv[1:], strict=True):
    with open(path, newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file, delimiter="\t", strict=True))
    codes = [row["code"] for row in rows]
    if len(set(codes)) != len(codes):
        sys.exit(f"{path}: a code stands twice")
    print(f"\nconst struct legacy_event legacy_{table}[256] = {{")
    print("\n".join(map(initializer, rows)))
    print("};")

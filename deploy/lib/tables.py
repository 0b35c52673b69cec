#!/usr/bin/env python3
"""Reads the CSV that `cairn` writes.

usage: tables.py detached FILE             agencies that are not attached, one a line
       tables.py side-by-side A B LABEL_A LABEL_B [PLACES CODE_COLUMN NAME_COLUMN]
                                           two answers over the same dimensions
"""

import csv
import sys

RESULT_COLUMNS = {"agency", "measure", "value", "status", "low", "high"}
YES = {"yes", "true", "1", "attached"}


def read(path):
    with open(path, encoding="utf-8", newline="") as text:
        rows = csv.DictReader(text)
        return list(rows.fieldnames or []), list(rows)


def detached(path):
    for row in read(path)[1]:
        if row["attached"].strip().lower() not in YES:
            print(row["agency"])


def shown(row):
    """A cell as people see it: never a number unless one was published."""
    if row is None:
        return "-"
    status = row["status"]
    if status == "published":
        return row["value"]
    if status == "bounded":
        return f"{row['low']} to {row['high']}"
    return {"suppressed": "[c]", "unavailable": "[x]"}.get(status, "[z]")


def names_of_places(path, code_column, name_column):
    return {row[code_column]: row[name_column] for row in read(path)[1]}


def side_by_side(path_a, path_b, label_a, label_b, names):
    fields, rows_a = read(path_a)
    rows_b = read(path_b)[1]
    dimensions = [name for name in fields if name not in RESULT_COLUMNS]

    def key(row):
        return tuple(row[name] for name in dimensions)

    b_by_key = {key(row): row for row in rows_b}
    keys = [key(row) for row in rows_a]
    a_by_key = dict(zip(keys, rows_a))
    keys += [k for k in b_by_key if k not in a_by_key]
    keys.sort(key=lambda k: "Total" in k)  # stable: totals last

    table = [dimensions + [label_a, label_b]]
    for k in keys:
        codes = [f"{code} {names[code]}" if code in names else code for code in k]
        table.append(codes + [shown(a_by_key.get(k)), shown(b_by_key.get(k))])
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for number, row in enumerate(table):
        cells = [
            cell.ljust(width) if i < len(dimensions) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print("[c] hidden: a small count or one that would reveal it; [x] an agency")
    print("did not answer; - the other agency has no such row.")


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "detached":
        detached(arguments[1])
    elif len(arguments) in (5, 8) and arguments[0] == "side-by-side":
        names = names_of_places(*arguments[5:]) if len(arguments) == 8 else {}
        side_by_side(*arguments[1:5], names)
    else:
        sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()

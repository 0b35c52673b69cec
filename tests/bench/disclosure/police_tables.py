#!/usr/bin/env python3
"""Writes openly published figures as tables for the disclosure engine.

usage: police_tables.py DATA_DIR OUT_DIR

DATA_DIR holds police_street_2024/*.csv.gz (street files of data.police.uk),
uk_geography/lsoa21_lookup.csv.gz and, where present, dfe_exclusions and
nhs_ae_attendances (all Open Government Licence v3.0). Writes OUT_DIR/NAME/
table.csv and hier.csv as make_tables.py does. Per force:
  FORCE-ward-quarter    authority > ward x crime type x quarter
  FORCE-msoa-quarter    authority > MSOA x crime type x quarter
  FORCE-msoa            authority > MSOA x crime type, the four months together
and dfe-permanent, dfe-fixed (region > authority x school type x reason,
2016/17), nhs-breaches (provider x department type x month, 2018/19).

Prints how much a threshold of 7 alone leaves: of the incidents that have a
place, the share in finest cells of more than 7, over all forces' own tables.
Standard library only.
"""
import csv
import glob
import gzip
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from make_tables import (TOTAL, Dimension, flat, with_margins,  # noqa: E402
                         write)

LARGEST_HIDDEN = 7
POLICE_TABLES = (("ward-quarter", "ward", True), ("msoa-quarter", "msoa", True),
                 ("msoa", "msoa", False))


def nested(name, parents):
    """A dimension of leaves under parents: {leaf: parent}."""
    groups = {}
    for leaf in sorted(parents):
        groups.setdefault(parents[leaf], []).append(leaf)
    tree = {TOTAL: sorted(groups), **groups}
    return Dimension(name, {name: tree}, dict.fromkeys(sorted(parents), 1))


def plain(name, codes):
    codes = sorted(codes)
    return flat(name, codes, [1] * len(codes))


def clean(text):
    return text.replace(",", "").replace('"', "").strip()


def places(data):
    found = {}
    path = os.path.join(data, "uk_geography", "lsoa21_lookup.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            if row["ward25cd_best"]:
                found[row["lsoa21cd"]] = row
    return found


def incidents(path, place):
    """(ward row, quarter, crime type) of the incidents that have a place."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            where = place.get(row["LSOA code"])
            if where:
                year, month = row["Month"].split("-")
                yield (where, f"{year}-Q{(int(month) + 2) // 3}",
                       clean(row["Crime type"]))


def publish(out, name, dimensions, leaves):
    cells = with_margins(dimensions, leaves)
    write(os.path.join(out, name), dimensions, cells)
    sensitive = [n for n in cells.values() if 0 < n <= LARGEST_HIDDEN]
    print(f"| {name} | {len(cells):,} | {sum(n > 0 for n in cells.values()):,} "
          f"| {len(sensitive):,} / {sum(sensitive):,} |", flush=True)


def police(data, out, left):
    place = places(data)
    for path in sorted(glob.glob(
            os.path.join(data, "police_street_2024", "*.csv.gz"))):
        force = os.path.basename(path).split("-street")[0]
        rows = list(incidents(path, place))
        for suffix, level, quarterly in POLICE_TABLES:
            code = {"ward": "ward25cd_best", "msoa": "msoa21cd"}[level]
            # A ward that two authorities share would have two parents.
            parents, leaves = {}, Counter()
            for where, quarter, kind in rows:
                area = where[code]
                parents.setdefault(area, where["lad_cd"])
                leaves[(area, kind) + ((quarter,) if quarterly else ())] += 1
            dimensions = [nested(level, parents),
                          plain("crime_type", {key[1] for key in leaves})]
            if quarterly:
                dimensions.append(plain("quarter", {k[2] for k in leaves}))
            shown = sum(n for n in leaves.values() if n > LARGEST_HIDDEN)
            left.setdefault(suffix, []).append((shown, len(rows)))
            publish(out, f"{force}-{suffix}", dimensions, leaves)


def exclusions(data, out):
    """"x" stands for 1 or 2 there: 1 and 2 in turn here. The figures were
    rounded to 5 when they were published; margins are added up again."""
    path = os.path.join(data, "dfe_exclusions", "reasons_la_2006_2016.csv")
    with open(path, encoding="utf-8-sig", newline="") as source:
        rows = [r for r in csv.DictReader(source)
                if r["year"] == "201617" and r["level"] == "LOCAL AUTHORITY"
                and r["school_type"] != "Total"]
    for kind in ("perm", "fixed"):
        parents, leaves, marks = {}, {}, 0
        for row in rows:
            area = row["new_la_code"]
            parents[area] = row["region_code"]
            for column, text in row.items():
                if not column.startswith(kind + "_"):
                    continue
                if text == "x":
                    marks += 1
                number = 1 + marks % 2 if text == "x" else (
                    int(float(text)) if text.replace(".", "").isdigit() else 0)
                if number:
                    leaves[(area, clean(row["school_type"]),
                            column[len(kind) + 1:])] = number
        publish(out, "dfe-permanent" if kind == "perm" else "dfe-fixed",
                [nested("authority", parents),
                 plain("school_type", {k[1] for k in leaves}),
                 plain("reason", {k[2] for k in leaves})], leaves)


def breaches(data, out):
    path = os.path.join(data, "nhs_ae_attendances", "ae_attendances.csv")
    leaves = Counter()
    with open(path, encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            if "2018-04" <= row["period"][:7] <= "2019-03":
                key = (row["org_code"], row["type"], row["period"][:7])
                leaves[key] += int(float(row["breaches"]))
    codes = [plain(name, {key[d] for key in leaves})
             for d, name in enumerate(("provider", "type", "month"))]
    publish(out, "nhs-breaches", codes, +leaves)


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    data, out = sys.argv[1:]
    print("| table | cells | non-empty | 1-7: cells / total |")
    print("|---|---|---|---|")
    left = {}
    police(data, out, left)
    if os.path.isdir(os.path.join(data, "dfe_exclusions")):
        exclusions(data, out)
    if os.path.isdir(os.path.join(data, "nhs_ae_attendances")):
        breaches(data, out)
    print()
    for suffix, counts in left.items():
        shown, rows = (sum(c) for c in zip(*counts))
        print(f"{suffix}: the threshold alone leaves {shown:,} of {rows:,} "
              f"incidents with a place shown, {100 * shown / rows:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())

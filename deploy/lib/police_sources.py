#!/usr/bin/env python3
"""Reads a folder of data.police.uk street files and says what lies in it.

usage: police_sources.py FOLDER LOOKUP

One line per force, tab-separated:
  agency  name  area  spans  files
area is a police force area's code, or "-" for a force without one (British
Transport Police); spans are closed months, 2024-01:2024-03,2024-05:2024-05;
files are joined by "|". Files may be plain or .gz, in one folder or in the
monthly folders they are published in.
"""

import collections
import csv
import gzip
import os
import re
import sys

STREET_FILE = re.compile(r"^(?:\d{4}-\d{2}-)?(.+?)-street.*\.csv(\.gz)?$")
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
NO_AREA = {"british transport"}


def stop(message):
    sys.exit(f"demo.sh: {message}")


def open_text(path):
    opener = gzip.open if path.endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def street_files(folder):
    """Agency id -> its files, oldest name first."""
    found = collections.defaultdict(list)
    for here, _, names in os.walk(folder):
        for name in names:
            match = STREET_FILE.match(name)
            if match:
                found[match.group(1).lower()].append(os.path.join(here, name))
    if not found:
        stop(
            f"no street file in {folder}; download monthly street-level crime "
            "from https://data.police.uk/data/ (names end in -street.csv)"
        )
    return {agency: sorted(files) for agency, files in sorted(found.items())}


def months_and_name(path):
    months, names = set(), collections.Counter()
    with open_text(path) as text:
        rows = csv.DictReader(text)
        for column in ("Month", "Reported by", "LSOA code"):
            if column not in (rows.fieldnames or []):
                stop(f"{path} has no column '{column}': not a data.police.uk street file")
        for row in rows:
            if MONTH.match(row["Month"] or ""):
                months.add(row["Month"])
            names[row["Reported by"]] += 1
    return months, names


def next_month(month):
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def spans(months):
    """Runs of months without a gap."""
    runs = []
    for month in sorted(months):
        if runs and next_month(runs[-1][1]) == month:
            runs[-1][1] = month
        else:
            runs.append([month, month])
    return ",".join(f"{first}:{last}" for first, last in runs)


def plain(force):
    """A force's name without the words that differ between publishers."""
    words = force.lower().replace("&", " and ").replace("-", " ")
    return " ".join(
        word
        for word in words.split()
        if word not in {"police", "constabulary", "service", "the"}
    )


def force_areas(lookup):
    if not os.path.exists(lookup):
        stop(
            f"{lookup} is missing: it says in which ward, authority and force area "
            "an LSOA lies. Put the lookup lsoa21_lookup.csv.gz (LSOA 2021 to MSOA, "
            "ward, local authority and police force area, from the ONS Open "
            "Geography Portal, https://geoportal.statistics.gov.uk/) there, with "
            "columns lsoa21cd, msoa21cd, ward25cd_best, lad_cd, pfa_cd, pfa_nm"
        )
    with open_text(lookup) as text:
        rows = csv.DictReader(text)
        if not {"pfa_cd", "pfa_nm"} <= set(rows.fieldnames or []):
            stop(f"{lookup} has no columns pfa_cd and pfa_nm")
        return {plain(row["pfa_nm"]): row["pfa_cd"] for row in rows}


def main():
    if len(sys.argv) != 3:
        stop(__doc__.strip())
    folder, lookup = sys.argv[1:]
    if not os.path.isdir(folder):
        stop(f"{folder} is not a folder")
    files = street_files(folder)
    areas = force_areas(lookup)
    for agency, paths in files.items():
        months, names = set(), collections.Counter()
        for path in paths:
            some_months, some_names = months_and_name(path)
            months |= some_months
            names += some_names
        if not months:
            stop(f"{paths[0]} has no record with a month")
        name = names.most_common(1)[0][0]
        area = areas.get(plain(name), "-")
        if area == "-" and plain(name) not in NO_AREA:
            stop(f"{lookup} has no police force area for '{name}' ({paths[0]})")
        print(agency, name, area, spans(months), "|".join(paths), sep="\t")


if __name__ == "__main__":
    main()

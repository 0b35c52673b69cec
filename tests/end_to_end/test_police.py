"""Seven real police agencies: every figure is held against the raw records.

The records are the street files of data.police.uk for January to April 2024 (see
deploy/demo.sh --police-data). They are looked for in $CAIRN_SHARED_DATA, or in
the folder shared/data next to the checkout. The truth is counted here, from the
same files, with a mapping written here and nothing of Cairn's.
"""

import collections
import csv
import gzip
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import partnership
from partnership import COMPLETE, ROOT, Agency, Partnership, quoted

DATA = Path(os.environ.get("CAIRN_SHARED_DATA") or ROOT.parent / "shared/data")
STREET = DATA / "police_street_2024"
LOOKUP = DATA / "uk_geography/lsoa21_lookup.csv.gz"

CLASS_OF = {
    "Violence and sexual offences": "VIOLSEX_U", "Robbery": "ROB",
    "Possession of weapons": "WEAP", "Public order": "PUB", "Drugs": "DRUG",
    "Criminal damage and arson": "OTHER", "Burglary": "OTHER",
    "Vehicle crime": "OTHER", "Theft from the person": "OTHER",
    "Bicycle theft": "OTHER", "Shoplifting": "OTHER", "Other theft": "OTHER",
    "Other crime": "OTHER", "Anti-social behaviour": "OTHER",
}
MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
GAP = ("nottinghamshire", "2024-04")  # no file was published: not a zero
ROUNDING = 2  # to the nearest 5
HIDDEN = range(1, 8)

# The column of the lookup that each level of place is in.
PLACES = {
    "lsoa": "lsoa21cd", "msoa": "msoa21cd", "ward": "ward25cd_best",
    "lad": "lad_cd", "pfa": "pfa_cd", "imd_decile": "imd2019_decile_eng",
}


def read(path):
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as text:
        yield from csv.DictReader(text)


class Truth:
    """Counts by agency, month, class and authority, from the raw files."""

    def __init__(self):
        area = {row["lsoa21cd"]: row for row in read(LOOKUP)}
        self.counts = collections.Counter()
        for agency, path in files().items():
            for row in read(path):
                place = area.get(row["LSOA code"])
                self.counts[
                    agency, row["Month"], CLASS_OF[row["Crime type"]],
                    place["lad_cd"] if place else "",
                    place["pfa_cd"] if place else "",
                ] += 1

    def area_of(self, agency):
        """The force's own area: where most of its records are."""
        pfas = collections.Counter()
        for (who, _, _, _, pfa), count in self.counts.items():
            pfas[pfa] += count * (who == agency and pfa != "")
        return pfas.most_common(1)[0][0]

    def table(self, *fields):
        """All cells and margins over some of agency, month, class, lad, pfa."""
        at = [("agency", "month", "class", "lad", "pfa").index(f) for f in fields]
        table = collections.Counter()
        for key, count in self.counts.items():
            for total in itertools.product((False, True), repeat=len(at)):
                table[tuple("Total" if t else key[i]
                            for i, t in zip(at, total))] += count
        return table


def files():
    """Agency id -> its one street file."""
    return {
        re.match(r"(.+?)-street", path.name).group(1): path
        for path in sorted(STREET.glob("*-street-*.csv.gz"))
    }


def partnership_of(truth):
    members = {}
    for agency, path in files().items():
        places = f"places {{ file: {quoted(LOOKUP)}\n" + "".join(
            f'  column {{ name: "{column}" variable: "{variable}" }}\n'
            for variable, column in PLACES.items())
        extra = "places_overlap: true\n"
        if agency != "btp":
            area = quoted(truth.area_of(agency))
            places += f'  area {{ variable: "pfa" code: {area} }}\n'
            extra = ""
        last = "2024-03" if agency == GAP[0] else "2024-04"
        mapping = ROOT / "deploy/synthetic/mappings/police-uk.textproto"
        members[agency] = Agency(
            agency, "police", "police_incidents", places + "}\n",
            f'source {{ data_set: "police_incidents" file: {quoted(path)}\n'
            f"  mapping: {quoted(mapping)}\n"
            f'  covers {{ from: "2024-01" to: "{last}" }} }}\n', extra)
    catalogue = ROOT / "policies/catalogue-police-uk.textproto"
    return Partnership("police-uk", catalogue, members)


class PoliceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if len(files()) < 7 or not LOOKUP.exists():
            reason = f"no street files of seven forces in {DATA}"
            print(f"skipped: {reason}; set CAIRN_SHARED_DATA", file=sys.stderr)
            raise unittest.SkipTest(reason)
        cls.truth = Truth()
        cls.partners = partnership_of(cls.truth)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()

    def ask(self, *words, code=COMPLETE, **options):
        done = self.partners.query("--from", "police_incidents", *words, **options)
        self.assertEqual(done.code, code, done)
        return done

    def holds(self, row, true, slack, where):
        """One row's words against the true count."""
        low = float(row["low"]) if row["low"] else float("-inf")
        high = float(row["high"]) if row["high"] else float("inf")
        self.assertLessEqual(low, true, where)
        self.assertGreaterEqual(high, true, where)
        if row["status"] == "published":
            self.assertLessEqual(abs(int(row["value"]) - true), slack, where)
            self.assertEqual(int(row["value"]) % 5, 0, where)
        else:
            self.assertIn(row["status"], ("suppressed", "bounded", "unavailable"), where)
            self.assertEqual(row["value"], "", where)

    def cells(self, done, *keys):
        """Rows by their key; none twice."""
        rows = {}
        for row in done.rows():
            key = tuple(row[k] for k in keys)
            self.assertNotIn(key, rows)
            rows[key] = row
        return rows

    # Figures.

    def test_merged_figures_and_margins_hold_the_true_counts(self):
        done = self.ask("--by", "offence_class,month")
        rows = self.cells(done, "offence_class", "month")
        truth = self.truth.table("class", "month")
        self.assertLessEqual(truth.keys(), rows.keys())
        published = 0
        for key, row in rows.items():
            if key[1] in ("2024-04", "Total"):
                continue  # without Nottinghamshire; see below
            self.holds(row, truth[key], 7 * ROUNDING, (key, row))
            published += row["status"] == "published"
        self.assertGreaterEqual(published, 3 * 6)

    def test_each_agencys_figures_are_within_the_rounding_and_never_small(self):
        done = self.ask("--by", "offence_class,month", "--split", "agency")
        rows = self.cells(done, "agency", "offence_class", "month")
        truth = self.truth.table("agency", "class", "month")
        missing = {k for k in truth if k[0] != "Total"} - rows.keys()
        self.assertFalse(missing)
        published = 0
        for key, row in rows.items():
            if key[0] == GAP[0] and key[2] in (GAP[1], "Total"):
                self.assertEqual(row["status"], "unavailable", (key, row))
                continue
            self.holds(row, truth[key], ROUNDING, (key, row))
            if row["status"] == "published":
                self.assertNotIn(truth[key], HIDDEN, (key, row))
                published += 1
        self.assertGreater(published, 100)

    def test_the_truth_itself_agrees_with_sqlite(self):
        """The oracle's oracle: another program counts the same files."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "all.csv"
            with open(path, "w", newline="", encoding="utf-8") as out:
                writer = csv.writer(out)
                writer.writerow(("agency", "month", "type"))
                for agency, source in files().items():
                    for row in read(source):
                        writer.writerow((agency, row["Month"], row["Crime type"]))
            groups = subprocess.run(
                ["sqlite3", "-csv", ":memory:", f'.import "{path}" r',
                 "SELECT agency, month, type IN ('Robbery'), count(*) FROM r "
                 "GROUP BY 1, 2, 3"],
                check=True, stdout=subprocess.PIPE, text=True).stdout
        counted = collections.Counter()
        for agency, month, robbery, count in csv.reader(groups.splitlines()):
            counted[agency, month, robbery == "1"] += int(count)
        truth = self.truth.table("agency", "month", "class")
        for agency, month in itertools.product(files(), MONTHS):
            robberies = truth[agency, month, "ROB"]
            self.assertEqual(counted[agency, month, True], robberies)
            self.assertEqual(counted[agency, month, False],
                             truth[agency, month, "Total"] - robberies)

    # A gap is not a zero.

    def test_a_month_an_agency_does_not_cover_is_unavailable_not_zero(self):
        done = self.ask("--by", "month", "--split", "agency")
        rows = self.cells(done, "agency", "month")
        for month in (GAP[1], "Total"):
            row = rows[GAP[0], month]
            self.assertEqual((row["status"], row["value"]), ("unavailable", ""), row)
        self.assertEqual(rows[GAP[0], "2024-03"]["status"], "published")

    def test_merged_figures_that_need_the_gap_are_unavailable_and_it_is_named(self):
        result = self.ask("--by", "offence_class,month", output="json").json()
        truth = self.truth.table("class", "month")
        seen = 0
        for row in result["rows"]:
            key = row["key"]["offence_class"], row["key"]["month"]
            if key[1] not in (GAP[1], "Total"):
                continue
            seen += 1
            self.assertEqual(row["status"], "unavailable", row)
            self.assertIsNone(row["value"], row)
            self.assertIsNone(row["high"], row)
            self.assertLessEqual(row["low"], truth[key], row)
        self.assertGreaterEqual(seen, 2 * 7)
        self.assertTrue(
            [w for w in result["warnings"] if GAP[0] in w and GAP[1] in w],
            result["warnings"])

    # Places.

    def test_a_place_question_says_that_btp_works_inside_other_areas(self):
        for level in ("pfa", "lad"):
            result = self.ask("--by", level, output="json").json()
            self.assertTrue([w for w in result["warnings"] if "btp" in w], level)
        result = self.ask("--by", "offence_class", output="json").json()
        self.assertFalse([w for w in result["warnings"] if "btp" in w])

    def test_transport_police_is_added_to_the_sum_over_agencies(self):
        rows = self.cells(self.ask("--by", "month"), "month")
        others = ",".join(a for a in files() if a != "btp")
        without = self.cells(self.ask("--by", "month", "--agencies", others), "month")
        truth = self.truth.table("agency", "month")
        for month in MONTHS[:3]:
            difference = int(rows[month,]["value"]) - int(without[month,]["value"])
            self.assertLessEqual(abs(difference - truth["btp", month]), ROUNDING)

    def test_each_forces_own_areas_hold_the_truth(self):
        done = self.ask("--by", "lad", "--split", "agency")
        rows = self.cells(done, "agency", "lad")
        truth = self.truth.table("agency", "pfa", "lad")
        checked = 0
        for agency in files():
            area = None if agency == "btp" else self.truth.area_of(agency)
            for (who, pfa, lad), true in truth.items():
                if who != agency or "Total" in (pfa, lad) or not lad:
                    continue
                if area in (None, pfa):
                    row = rows[agency, lad]
                    self.holds(row, true, ROUNDING, (agency, row))
                    checked += 1
        self.assertGreater(checked, 40)

    # Forms.

    def test_json_has_the_shape_that_is_promised(self):
        result = self.ask("--by", "offence_class", output="json").json()
        for key in ("query_id", "dataset", "measures", "dimensions", "rule", "rows",
                    "agencies", "warnings"):
            self.assertIn(key, result)
        self.assertEqual(result["dataset"], "police_incidents")
        self.assertEqual(result["measures"], ["count"])
        self.assertEqual(result["dimensions"], ["offence_class"])
        self.assertEqual(result["rule"]["largest_hidden_count"], 7)
        self.assertEqual(result["rule"]["rounding_base"], 5)
        for row in result["rows"]:
            self.assertLessEqual({"key", "measure", "value", "status", "low", "high"},
                                 row.keys())
            published = row["status"] == "published"
            self.assertIs(type(row["value"]), int if published else type(None), row)
        self.assertEqual([a["agency"] for a in result["agencies"]], list(files()))
        for agency in result["agencies"]:
            self.assertEqual((agency["outcome"], agency["reason"]), ("answered", ""))
            self.assertIs(type(agency["elapsed_ms"]), int)
            self.assertIs(type(agency["receipt"]["index"]), int)
            self.assertRegex(agency["receipt"]["entry_hash"], r"^[0-9a-f]{64}$")

    def test_jsonl_has_the_rows_of_json_one_a_line(self):
        words = ("--by", "offence_class,month")
        rows = self.ask(*words, output="json").json()["rows"]
        lines = self.ask(*words, output="jsonl").out.splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)

    def test_a_workbook_holds_every_published_figure_as_a_number(self):
        words = ("--by", "offence_class,month", "--split", "agency")
        path = self.partners.folder / "answer.xlsx"
        done = self.ask(*words, "--out", str(path), output="xlsx")
        self.assertEqual(done.out, "")
        with zipfile.ZipFile(path) as book:
            self.assertIsNone(book.testzip())
            sheets = [ElementTree.fromstring(book.read(name))
                      for name in book.namelist() if "worksheets/sheet" in name]
        space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
        numbers = collections.Counter(
            cell.findtext("x:v", None, space)
            for sheet in sheets for cell in sheet.iterfind(".//x:c", space)
            if cell.get("t", "n") == "n" and cell.find("x:v", space) is not None)
        values = collections.Counter(
            row["value"] for row in self.ask(*words).rows() if row["value"])
        self.assertGreater(sum(values.values()), 100)
        self.assertFalse(values - numbers)

    # The same question, for ever.

    QUESTIONS = (
        ("--by", "offence_class,month", "--split", "agency"),
        ("--by", "lad,offence_class"),
        ("--by", "month", "--where", "offence_class IN ('ROB', 'WEAP')"),
        ("--by", "outcome_group,offence_class,quarter", "--split", "agency"),
    )

    def test_the_same_question_gets_the_same_bytes_also_after_restarts(self):
        first = [self.ask(*words).raw for words in self.QUESTIONS]
        self.assertEqual([self.ask(*words).raw for words in self.QUESTIONS], first)
        for name in (*self.partners.agencies, "coordinator"):
            self.assertEqual(self.partners.stop(name), 0, name)
        self.partners.start("coordinator", *self.partners.agencies)
        self.partners.wait_attached()
        self.assertEqual([self.ask(*words).raw for words in self.QUESTIONS], first)

    def test_another_dress_of_a_question_gets_the_same_bytes(self):
        def answer(where):
            return self.ask("--by", "month", "--where", where).raw

        first = answer("offence_class IN ('ROB', 'WEAP')")
        for where in (
            "offence_class = 'ROB' OR offence_class = 'WEAP'",
            "  offence_class   IN('WEAP','ROB')  ",
            "offence_class='WEAP' or (offence_class = 'ROB')",
            "NOT (NOT offence_class IN ('ROB','WEAP','ROB'))",
        ):
            self.assertEqual(answer(where), first, where)


if __name__ == "__main__":
    unittest.main()

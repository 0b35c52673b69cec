"""The catalogue lives: what each agency holds, how fresh and how complete.

Judges: Debian's rdflib reads the DCAT export; a reader of CSVW written from the
Recommendation reads the metadata beside a CSV file; shares are held against the
agency's own file, counted here.
"""

import csv
import io
import json
import re
import unittest
from collections import Counter

import rdflib
from partnership import (COMPLETE, PURPOSE, ROOT, USAGE, Agency, Partnership,
                         new_folder, quoted, wait_until)

DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
TERMS = rdflib.Namespace("http://purl.org/dc/terms/")
DQV = rdflib.Namespace("http://www.w3.org/ns/dqv#")
XSD = rdflib.Namespace("http://www.w3.org/2001/XMLSchema#")

MAPPING = """data_set: "police_incidents" version: 3
column { name: "day" occurred_at: true }
column { name: "weapon" variable: "weapon" identity: true unmapped: "U" }
column { name: "sex" variable: "sex" identity: true empty: "U" }
column { name: "age" variable: "age_core" identity: true }
"""
BREAK = "a new system: weapon is filled in more often"
ROWS = 1240


def records():
    """Weapon is unknown in 1 of 4, sex in 1 of 310: a hidden cell."""
    for i in range(ROWS):
        yield (f"2024-{4 + i % 3:02}-{1 + i % 28:02}",
               "sharp thing" if i % 4 == 0 else ("KNIFE", "GUN")[i % 2],
               "" if i % 310 == 7 else "MF"[i % 5 % 2],
               ("10-17", "18-24", "25-34")[i % 7 % 3])


def check_csvw(metadata, text):
    """What is wrong with a CSV file under its metadata, by "Metadata Vocabulary
    for Tabular Data" (columns, datatypes, required, primary key)."""
    wrong = []
    table = json.loads(metadata)
    if table["@context"][0] != "http://www.w3.org/ns/csvw":
        wrong.append("no CSVW")
    columns = table["tableSchema"]["columns"]
    header, *rows = csv.reader(io.StringIO(text))
    if header != [column["titles"] for column in columns]:
        wrong.append("the header is another")
    keys = Counter()
    for row in rows:
        for column, cell in zip(columns, row):
            kind = column["datatype"]
            base = kind if isinstance(kind, str) else kind["base"]
            if cell == "":  # the default of "null"
                if column.get("required"):
                    wrong.append(f"{column['name']} is empty")
            elif base == "decimal":
                if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", cell):
                    wrong.append(f"{column['name']}: {cell} is no decimal")
            elif base != "string":
                wrong.append(f"unknown datatype {base}")
            elif isinstance(kind, dict) and not re.fullmatch(kind["format"], cell):
                wrong.append(f"{column['name']}: {cell} is not allowed")
        names = [column["name"] for column in columns]
        keys[tuple(row[names.index(k)]
                   for k in table["tableSchema"]["primaryKey"])] += 1
    wrong += [f"key {key} twice" for key, times in keys.items() if times > 1]
    return wrong


class Catalogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = new_folder()
        cls.rows = list(records())
        export, mapping = folder / "export.csv", folder / "mapping.textproto"
        with open(export, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([("day", "weapon", "sex", "age"), *cls.rows])
        mapping.write_text(MAPPING)
        source = (
            'source { data_set: "police_incidents"\n'
            f"  file: {quoted(export)}\n  mapping: {quoted(mapping)}\n"
            '  covers { from: "2024-04" to: "2024-06" }\n'
            f'  series_break {{ month: "2024-05" what: "{BREAK}" }} }}\n')
        member = Agency("North Police", "police", "police_incidents", "", source)
        cls.partnership = Partnership(
            "riverside", ROOT / "policies/catalogue.textproto",
            {"north-police": member}, folder)
        cls.addClassCleanup(cls.partnership.close)
        cls.partnership.open()
        # Told with the first table: until then the proof knows of no total.
        seen = cls.partnership.seen
        assert seen()["north-police"]["rows"] == "rows not told", seen()
        asked = cls.partnership.query("--from", "police_incidents", "--by", "month")
        assert asked.code == COMPLETE, asked
        wait_until(lambda: seen()["north-police"]["rows"] != "rows not told", "rows", 30)

    def describe(self, output="json"):
        done = self.partnership.cairn("describe", "police_incidents", "-o", output)
        self.assertEqual(done.code, COMPLETE, done)
        return {row["variable"]: row for row in done.json()}

    def ask(self, *words, output="json"):
        done = self.partnership.query("--from", "police_incidents", *words,
                                      output=output)
        self.assertEqual(done.code, COMPLETE, done)
        return done

    def test_shares_follow_from_what_was_released_and_hold_the_truth(self):
        self.assertEqual(self.describe()["weapon"]["not_known"], "")
        for variable in ("weapon", "sex"):
            self.ask("--by", variable)
        wait_until(lambda: self.describe()["sex"]["not_known"], "shares", 30)
        variables = self.describe()
        low, high = map(int, re.fullmatch(
            r"north-police (\d+) to (\d+) %",
            variables["weapon"]["not_known"]).groups())
        true = 100 * sum(r[1] == "sharp thing" for r in self.rows) / ROWS
        self.assertTrue(low <= true <= high, (low, true, high))
        self.assertLessEqual(high - low, 10)
        # Four records have no sex, which is hidden: a share that is told is no
        # narrower than the hidden cell's 0 to 7.
        self.assertEqual(variables["sex"]["not_known"], "north-police 0 to 5 %")
        self.assertEqual(variables["weapon"]["mapped"],
                         f"north-police {100 - high} % or more")
        self.assertEqual(variables["sex"]["mapped"], "north-police all")
        self.assertEqual(variables["age_core"]["not_known"], "north-police none")

    def test_agencies_and_data_sets_say_how_much_how_fine_and_how_fresh(self):
        row = self.partnership.seen()["north-police"]
        self.assertEqual((row["rows"], row["times"], row["mapping"]),
                         ("about 1,200 rows", "day", "3"))
        done = self.partnership.cairn("datasets", "-o", "json")
        held = {r["data_set"]: r for r in done.json()}["police_incidents"]
        self.assertEqual((held["rows"], held["oldest_load"]), (1200, row["loaded"]))
        words = self.partnership.cairn("describe", "police_incidents", "-o", "table")
        self.assertIn(f"from 2024-05 on: {BREAK}", words.out)

    def test_an_answer_carries_coverage_freshness_and_breaks(self):
        answer = self.ask("--by", "month").json()
        agency = answer["agencies"][0]
        self.assertEqual(agency["covers"],
                         {"from": "2024-04", "to": "2024-06", "months": 3})
        self.assertEqual(agency["loaded_at"],
                         self.partnership.seen()["north-police"]["loaded"])
        self.assertTrue(agency["epoch"])
        self.assertTrue(any(BREAK in w for w in answer["warnings"]), answer)

    def test_another_reader_takes_the_dcat_export(self):
        done = self.partnership.cairn("datasets", "-o", "dcat")
        self.assertEqual(done.code, COMPLETE, done)
        graph = rdflib.Graph().parse(data=done.out, format="json-ld")
        catalog, = graph.subjects(rdflib.RDF.type, DCAT.Catalog)
        sets = set(graph.objects(catalog, DCAT.dataset))
        listed = self.partnership.cairn("datasets", "-o", "json").json()
        self.assertEqual({str(graph.value(s, TERMS.identifier)) for s in sets},
                         {row["data_set"] for row in listed})
        part, = graph.objects(None, TERMS.hasPart)
        self.assertIn(graph.value(part, TERMS.isPartOf), sets)
        period = graph.value(part, TERMS.temporal)
        self.assertEqual(graph.value(period, DCAT.startDate),
                         rdflib.Literal("2024-04", datatype=XSD.gYearMonth))
        self.assertEqual(graph.value(period, DCAT.endDate),
                         rdflib.Literal("2024-06", datatype=XSD.gYearMonth))
        self.assertEqual(
            str(graph.value(part, TERMS.modified).toPython().strftime(
                "%Y-%m-%dT%H:%M:%SZ")),
            self.partnership.seen()["north-police"]["loaded"])
        publisher = graph.value(part, TERMS.publisher)
        self.assertEqual(
            str(graph.value(publisher, rdflib.URIRef(
                "http://xmlns.com/foaf/0.1/name"))), "North Police")
        measured = {
            str(graph.value(m, DQV.isMeasurementOf)).split("/metric/")[1]:
            graph.value(m, DQV.value).toPython()
            for m in graph.objects(part, DQV.hasQualityMeasurement)}
        self.assertEqual(measured["rows"], 1200)
        self.assertEqual(measured["mapped-at-least/sex"], 100)
        # DCAT's own properties are all there are of its namespace.
        for name in {p for p in graph.predicates() if p.startswith(DCAT)}:
            self.assertIn(name[len(DCAT):], {
                "dataset", "version", "keyword", "temporalResolution",
                "startDate", "endDate"})

    def test_metadata_beside_a_csv_file_describe_it(self):
        out = self.partnership.folder / "answer.csv"
        done = self.partnership.query(
            "--from", "police_incidents", "--by", "weapon,sex", "--out", str(out),
            "--metadata")
        self.assertEqual(done.code, COMPLETE, done)
        metadata = (out.parent / "answer.csv-metadata.json").read_text()
        text = out.read_text()
        self.assertEqual(check_csvw(metadata, text), [])
        table = json.loads(metadata)
        self.assertEqual(table["url"], "answer.csv")
        self.assertIn(BREAK, table["dc:description"])
        # The reader finds fault where there is some.
        for old, new in ((",published,", ",shown,"), ("weapon,", "arm,"),
                         (",count,", ",,")):
            self.assertNotEqual(check_csvw(metadata, text.replace(old, new)), [])
        self.assertNotEqual(
            check_csvw(metadata, text + text.splitlines()[1] + "\n"), [])

    def test_metadata_without_a_csv_file_is_refused(self):
        for words in ((), ("--out", "x.json", "-o", "json"),
                      ("--out", "x.csv", "--symbols")):
            done = self.partnership.cairn(
                "query", "--from", "police_incidents", "--by", "sex", *PURPOSE,
                "--metadata", *words)
            self.assertEqual(done.code, USAGE, done)
            self.assertIn("--metadata", done.err)


if __name__ == "__main__":
    unittest.main()

"""Twin worlds: with and without one person, everything around the figures is alike.

`plain-b` holds one record more than `plain-a`, in a cell where nobody else is;
`zeros-b` one more than `zeros-a`, in a cell of three. Both twins are asked the same
questions in the same order, so that they have released the same tables.
"""

import json
import re
import unittest

import attack_world
from attack_case import AttackCase, Question, shuffled
from attack_world import TWIN, TWIN_QUESTIONS
from partnership import COMPLETE, PURPOSE, REFUSED, USAGE

Q = Question
TWINS = (("plain-a", "plain-b"), ("zeros-a", "zeros-b"))
PLAIN = TWINS[0]


def load_tests(loader, tests, pattern):
    return shuffled(tests)


def without_names(text, agency):
    """The words of an answer without who gave it, when, and its figures."""
    text = text.replace(agency, "AGENCY")
    text = re.sub(r"q-\d{8}-[0-9a-f]{10}|[0-9a-f]{64}", "ID", text)
    # A proof is of hashes; of a ledger's entry, its number and time are its own.
    text = re.sub(r'("proof":)"(?:[^"\\]|\\.)*"', r'\1"P"', text)
    text = re.sub(r'(\\?"epoch\\?":\\?")[0-9a-f]{16}', r"\1E", text)
    text = re.sub(r'("loaded_at":)"[^"]*"', r'\1"T"', text)
    return re.sub(r'(\\?"(?:index|elapsed_ms|seq|t|coordinator_index)\\?":)\d+',
                  r"\1N", text)


class TwinCase(AttackCase):
    @classmethod
    def setUpClass(cls):
        records, more = attack_world.make_records()
        cls.start({a: records + [more[a]] if a in more else records
                   for pair in TWINS for a in pair},
                  {a: "standard" if a.startswith("plain") else "hes"
                   for pair in TWINS for a in pair})

    def both(self, twins, *words, **options):
        order = list(twins)
        self.chance.shuffle(order)
        done = {agency: self.asked(agency, *words, **options) for agency in order}
        return [done[agency] for agency in twins]

    def alike(self, *words, code=COMPLETE, **options):
        """Outcome, words and groups; figures may differ. Returns the pairs."""
        pairs = []
        for twins in TWINS:
            left, right = self.both(twins, *words, **options)
            self.assertEqual(left.code, right.code, (left, right))
            self.assertIn(left.code, code if isinstance(code, tuple) else (code,), left)
            self.assertEqual(*[without_names(done.err, agency)
                               for done, agency in zip((left, right), twins)])
            if left.code != COMPLETE:
                self.assertEqual((left.out, right.out), ("", ""))
            pairs.append((left, right))
        return pairs

    def not_told_of(self, twins, variables, measure):
        """What holds of sums and persons: a figure that the twin is not in, stays.

        Where complements fall may differ there. Each world's intervals hold its truth.
        """
        by = ("--by", ",".join(variables), "--measure", measure)
        done = self.both(twins, *by)
        self.assertEqual(*[[[row[v] for v in variables] for row in each.rows()]
                           for each in done])
        true = {"count": attack_world.Truth.count, "sum:harm_cost": attack_world.Truth.harm_cost,
                "distinct_persons": attack_world.Truth.distinct_persons}[measure]
        alone = self.truths[twins[1]]
        for left, right in zip(*[each.rows() for each in done]):
            cell = self.lattice.cell(**{v: left[v] for v in variables})
            for agency, row in zip(twins, (left, right)):
                figure = true(self.truths[agency], cell)
                self.assertLessEqual(int(row["low"]), figure, row)
                self.assertGreaterEqual(int(row["high"] or 10**12), figure, row)
            if not alone.inside(cell)[-1] and left["status"] == right["status"]:
                self.assertEqual(left["value"], right["value"], (twins, left, right))

    def refused(self, *words, **options):
        """The road is closed, in the same words for both twins."""
        return self.alike(*words, code=(USAGE, REFUSED), **options)


class TwinBytes(TwinCase):
    """Asked of nothing but questions that round the twin away."""

    def test_29_what_is_rounded_alike_is_told_alike(self):
        """Where no figure of a table crosses a boundary, the bytes are the same."""
        for variables in TWIN_QUESTIONS:
            by = ("--by", ",".join(variables))
            for twins, (left, right) in zip(TWINS, self.alike(*by)):
                self.assertEqual(left.out, right.out, (variables, twins))
            for twins, (left, right) in zip(TWINS, self.alike(*by, output="json")):
                self.assertEqual(without_names(left.out, twins[0]),
                                 without_names(right.out, twins[1]))


class TwinAttacks(TwinCase):
    def test_14_an_empty_group(self):
        """Nobody, and one, cannot be told apart where zeros are hidden."""
        answers = [self.asked(agency, "--by", "ward,weapon") for agency in PLAIN]
        rows = [[row for row in done.rows() if row["weapon"] == TWIN["weapon"]]
                for done in answers]
        self.assertEqual(rows[0], rows[1])
        self.assertTrue(rows[0])
        for row in rows[0]:
            self.assertEqual(row["status"], "suppressed", row)

    def test_28_refusals(self):
        """What is refused, and in which words, does not depend on the records."""
        ward, fire = TWIN["ward"], TWIN["weapon"]
        for text in ("age < 23", "age = 17", "weapon = 'FIRES'",
                     f"ward = '{ward}' AND", "lsoa LIKE 'L0%'", "person = 'twin'",
                     "ref = 'r1'", "lsoa = 'L09' OR person = 'twin'",
                     "harm_cost > 1000", "1 = 1", "month = '2024-08-23'",
                     "when = '2024-08-23 23:00'",
                     f"ward='{ward}' AND weapon='{fire}' AND sex='M' AND domestic='1'"
                     " AND role='VICTIM'"):
            with self.subTest(text):
                self.refused("--by", "lad", "--where", text)
        for by in ("lad,sex,role,weapon,month", "person", "ref", "age", "lad,lad",
                   "weapon,weapon_kind"):
            with self.subTest(by):
                self.refused("--by", by)

    def test_28_closed_roads(self):
        """Polygons, free ranges, samples and single records cannot be asked for."""
        for words in (("--by", "geometry"), ("--where", "ST_Within(point, 'POLYGON')"),
                      ("--by", "ward", "--where", "lsoa BETWEEN 'L00' AND 'L02'"),
                      ("--by", "ward", "--limit", "1"), ("--by", "ward", "--order-by", "count"),
                      ("--by", "ward", "--having", "count = 1"),
                      ("--by", "ward", "--where", "count = 1"),
                      ("--by", "ward", "--where", "weapon = (SELECT 1)"),
                      ("--by", "ward", "--explain"), ("--by", "ward", "--where", "rowid = 1")):
            with self.subTest(words):
                self.refused(*words)

    def test_29_groups_and_sizes(self):
        """Rows, groups, receipts and warnings are those of the question alone."""
        for variables in (*TWIN_QUESTIONS, ("lsoa", "weapon"), ("ward", "age_band", "sex")):
            for output in ("csv", "json"):
                for left, right in self.alike("--by", ",".join(variables), output=output):
                    if output == "csv":
                        keys = [[[row[v] for v in variables] for row in done.rows()]
                                for done in (left, right)]
                        self.assertEqual(*keys)
                        continue
                    shape = []
                    for done in (left, right):
                        result = done.json()
                        (agency,) = result["agencies"]
                        shape.append((list(result), result["warnings"], agency["outcome"],
                                      agency["reason"], len(result["rows"]), list(agency)))
                    self.assertEqual(*shape)

    def test_29_sums_and_persons(self):
        """Only what the twin is in can change, and where complements fall."""
        for measure in ("distinct_persons", "sum:harm_cost"):
            for variables in TWIN_QUESTIONS:
                for twins in TWINS:
                    with self.subTest((measure, variables, twins)):
                        self.not_told_of(twins, variables, measure)

    def test_29_holdings(self):
        """What an agency says of itself, and its sizes, name no single record."""
        listed = {row["agency"]: row for row in json.loads(
            self.partners.cairn("agencies", "-o", "json").out)}
        for left, right in TWINS:
            a, b = (dict(listed[agency]) for agency in (left, right))
            for row in (a, b):
                for field in ("agency", "name", "loaded", "last_seen"):
                    row.pop(field)
            self.assertEqual(a, b)
        for words in (("datasets",), ("describe", attack_world.DATA_SET)):
            self.assertNotRegex(self.partners.cairn(*words).out, r"\b707\d\b")

    def test_32_rates(self):
        """No rate with a public denominator; a mean only from released figures."""
        for measure in ("rate:population", "rate", "percent", "share:sex", "count/1000"):
            self.refused("--by", "ward", "--measure", measure)
        for left, right in self.alike("--by", "ward,weapon", "--measure", "count",
                                      "--measure", "sum:harm_cost", "--measure",
                                      "mean:harm_cost"):
            for done in (left, right):
                figures = {}
                for row in done.rows():
                    figures.setdefault((row["ward"], row["weapon"]), {})[
                        row["measure"]] = row
                for of in figures.values():
                    if of["mean:harm_cost"]["value"]:
                        for measure in ("count", "sum:harm_cost"):
                            self.assertEqual(of[measure]["status"], "published", of)

    def test_33_percentages(self):
        """No percentages of a small base: only counts leave, in whole numbers."""
        for words in (("--percent",), ("--measure", "pct:sex"), ("--normalise", "row")):
            self.refused("--by", "ward", *words)
        for pair in self.alike("--by", "ward,sex"):
            for done in pair:
                for row in done.rows():
                    self.assertRegex(row["value"], r"^\d*$")

    def test_35_strange_values(self):
        """Strange numbers, letters and lists are refused in the same words."""
        for text in ("sex = NULL", "sex IN ()", "sex = ''", "sex = 'М'", "sex = 'M\u200b'",
                     "age < NaN", "age < 1e999",
                     "age < 99999999999999999999", "weapon IN ('FIRE', 'FIRES')",
                     "month = '2024-13'", "month > '9999-99'", "weapon = 0x46495245",
                     "age < 25.5", "sex = \"M\"", "hour = 24"):
            with self.subTest(text):
                self.refused("--by", "lad", "--where", text)

    def test_35_nobodys_codes(self):
        """A place that is nowhere, or an age below zero, holds nobody in both."""
        for text in ("ward = 'W9'", "ward = 'W２'", "age < -1"):
            for left, right in self.alike("--by", "lad", "--where", text):
                self.assertEqual(left.out, right.out)
                for row in left.rows():
                    self.assertEqual((row["value"], row["high"]), ("0", "0"), left)

    def test_36_a_weaker_policy(self):
        """Nobody can ask for another threshold, another policy or a preview."""
        for words in (("--threshold", "1"), ("--policy", "exact"), ("--profile", "exact"),
                      ("--preview",), ("--raw",), ("--rounding-base", "1"),
                      ("--zeros", "shown"), ("--epoch", "0"), ("--as", "steward")):
            with self.subTest(words):
                self.refused("--by", "ward", *words)
        for purpose in ("preview", "audit", "", "NEEDS_ASSESSMENT"):
            self.refused("--by", "ward", purpose=("--purpose", purpose))
        for alias in ("police", "Police recorded crime", "POLICE_INCIDENTS", "record"):
            done = self.partners.cairn("query", "--from", alias, "--by", "ward", *PURPOSE)
            self.assertEqual((done.code, done.out), (USAGE, ""), done)


class TwinLoads(TwinCase):
    def load_all(self, worlds):
        for agency, records in worlds.items():
            attack_world.write_records(
                self.partners.folder / f"data/{agency}.csv", records)
            self.partners.load(agency)
            self.truths[agency] = attack_world.Truth(self.lattice, records)

    def test_20_twins_over_two_loads(self):
        """The second load brings two hundred records, and to one twin one more."""
        first, more = attack_world.make_records()
        came = first + [{**record, "person": f"new{n}"}
                        for n, record in enumerate(first[:200])]
        second = {a: came + [more[a]] if a in more else came
                  for pair in TWINS for a in pair}
        self.load_all(dict.fromkeys(second, first))
        for variables in TWIN_QUESTIONS[:3]:
            for left, right in self.alike("--by", ",".join(variables)):
                self.assertEqual(left.out, right.out)  # the same records
        self.load_all(second)
        for variables in TWIN_QUESTIONS[:3]:
            for twins in TWINS:
                with self.subTest((variables, twins)):
                    self.not_told_of(twins, variables, "count")


if __name__ == "__main__":
    unittest.main()
